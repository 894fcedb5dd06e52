package sfu

type Peer struct{}

func (p *Peer) Offer(d Description) (Description, error) { return Description{}, ErrClosed }
func (p *Peer) Answer(d Description) error               { return ErrClosed }
func (p *Peer) AddCandidate(t Target, init string) error { return ErrClosed }
func (p *Peer) StartSubscriber()                         {}
func (p *Peer) AddTrack(t TrackSpec) error               { return ErrClosed }
func (p *Peer) RemoveTrack(sid string)                   {}
func (p *Peer) SetMuted(sid string, muted bool)          {}
func (p *Peer) SetBlocked(sid string, blocked bool)      {}
func (p *Peer) Subscribe(sid string, on bool) error      { return ErrClosed }
func (p *Peer) Configure(sid string, s TrackSetting)     {}
func (p *Peer) Send(kind DataKind, payload []byte) error { return ErrClosed }
func (p *Peer) RestartICE()                              {}
func (p *Peer) Stats() PeerStats                         { return PeerStats{} }
func (p *Peer) Close()                                   {}
