// Package sfu forwards media between the participants of a class.
//
// It owns the media ports (one UDP port for all, ICE over TCP, an embedded TURN over UDP, TCP and
// whatever carries TLS), the peer connections, the publications with their layers, and the
// subscriptions made from them. It must not know what a class is, who may do what, or how
// signalling travels: it is told by plain calls on a Peer and tells by Events.
//
// Its goroutines: a few egress writers per Node, each owning whole peers with all their
// subscriptions; one reader a publication layer; one for the events and one for the negotiations
// of each peer; one slow clock a Router (speakers, microphones' sections, allocation); one that
// accepts TURN over TCP; and those of pion/webrtc and pion/turn. Node.Run waits for all that this
// package starts.
package sfu
