package sfu

type Router struct{}

func (r *Router) Join(o PeerOptions, ev Events) (*Peer, error) { return nil, ErrClosed }
func (r *Router) SetPrivileged(participantSIDs []string)       {}
