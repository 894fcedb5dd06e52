package signaling

import (
	"errors"
	"time"
)

// Media is the media plane as signalling sees it: plain strings, no WebRTC type. The program
// joins it to the SFU. Field names are the SFU's, so that the join is conversions alone.
type Media interface {
	// Join makes the media connection of one participant in a class ("tenant/name"). The listener
	// is called from the peer's own goroutine, in order.
	Join(class string, o PeerOptions, l PeerListener) (Peer, error)
	// ICEServers are those a client may use, with credentials bound to the participant that make
	// connections for a while: as long as given, or a little longer.
	ICEServers(participant string, life time.Duration) []ICEServer
	// SetPrivileged says whose microphones are always carried ("PA_…").
	SetPrivileged(class string, sids []string)
}

// Peer is one participant's media connection. Its methods may block for the time of a negotiation
// and are called by one goroutine at a time, with two exceptions. Close may come at any time. And
// Do with SetMuted, SetBlocked, RemoveTrack, OpenForwarded or Unforward comes beside whatever else is
// under way, and must not wait for it: what a teacher takes away is gone now.
type Peer interface {
	// Describe takes an offer and returns the answer with the same ID, or takes an answer and
	// returns a zero Description.
	Describe(d Description) (Description, error)
	// Candidate takes a remote candidate: a JSON RTCIceCandidateInit.
	Candidate(target Target, init string) error
	Do(c PeerCommand) error
	Close()
}

// ErrSlow is how a Peer refuses to Send over a channel whose client does not take what is in it.
var ErrSlow = errors.New("the client takes no more data")

// PeerListener hears what happens to a Peer. PeerEvent must not block.
type PeerListener interface {
	PeerEvent(e PeerEvent)
}

// ICEServer is one entry of a client's RTCConfiguration.iceServers.
type ICEServer struct {
	URLs       []string
	Username   string
	Credential string
}

// PeerOptions say how a participant's media connection is to be made.
type PeerOptions struct {
	Participant   string // "PA_…"; the stream id of what others receive is "PA_…|TR_…"
	SinglePC      bool   // one connection, the client offers; else publisher and subscriber apart
	FullICE       bool   // a full ICE agent instead of ICE-lite (Firefox, disable_ice_lite)
	AutoSubscribe bool
	NoPause       bool // short of bandwidth, video goes down to its lowest layer and is never paused
	TCPOnly       bool // announce ICE-TCP candidates alone, where ICE over TCP is on
}

// Description is one session description of a negotiation.
type Description struct {
	Type string            // "offer" or "answer"
	SDP  string            // RFC 8866
	ID   uint32            // an answer carries the id of its offer
	Mids map[string]string // media section → track sid, of what the server sends
}

// Target says which connection of a peer is meant.
type Target int

// The publisher connection is also the single one of SinglePC.
const (
	TargetPublisher Target = iota
	TargetSubscriber
)

// Kind is the kind of a media track.
type Kind int

// Kinds of media.
const (
	KindAudio Kind = iota
	KindVideo
)

// Source says what a track shows.
type Source int

// Sources, as LiveKit's TrackSource.
const (
	SourceUnknown Source = iota
	SourceCamera
	SourceMicrophone
	SourceScreen
	SourceScreenAudio
)

// Quality is a simulcast layer by rank.
type Quality uint32

// Qualities, as LiveKit's VideoQuality.
const (
	QualityLow Quality = iota
	QualityMedium
	QualityHigh
	QualityOff
)

// TrackSpec announces a publication whose media is still to come.
type TrackSpec struct {
	CID    string // the client's MediaStreamTrack id, found in the msid of its offer
	SID    string // "TR_…"
	Kind   Kind
	Source Source
	MIMEs  []string // codecs the client named, most wanted first; empty: as offered
	Backup string   // the codec it publishes for those who cannot decode the first; empty: none
	Muted  bool
	Layers []LayerSpec // simulcast layers, lowest first; empty: one
	Sealed bool        // encrypted end to end
	NoRED  bool        // the publisher wants no redundant audio
	Low    bool        // the second rendition of its microphone
}

// LayerSpec is one simulcast layer as its publisher announced it.
type LayerSpec struct {
	Quality Quality
	Width   uint32
	Height  uint32
	Bitrate uint32 // bits per second at most; 0: unknown
	RID     string // empty: q, h, f by quality
}

// TrackSetting is what a subscriber wants of a track.
type TrackSetting struct {
	Disabled bool // nothing is to be sent
	Width    uint32
	Height   uint32
	FPS      uint32
	Quality  Quality // counts when Width is 0
	Priority uint32
}

// DataKind is a data channel.
type DataKind int

// Data channels by their label: "_reliable", "_lossy", "_data_track".
const (
	DataReliable DataKind = iota
	DataLossy
	DataTrack
)

// PeerCommand is one of the structs below, the methods of the SFU's peer.
type PeerCommand interface{ peerCommand() }

// AddTrack announces a publication.
type AddTrack struct{ Track TrackSpec }

// AddCodec announces a publication's backup codec, which was asked for.
type AddCodec struct {
	SID    string
	CID    string
	Layers []LayerSpec
}

// RemoveTrack ends a publication.
type RemoveTrack struct{ SID string }

// SetMuted: nothing of a muted publication is forwarded.
type SetMuted struct {
	SID   string
	Muted bool
}

// SetBlocked: permission was withdrawn; nothing is forwarded, muted or not.
type SetBlocked struct {
	SID     string
	Blocked bool
}

// Subscribe to a publication of the same class, or end the subscription.
type Subscribe struct {
	SID string
	On  bool
}

// Configure a subscription.
type Configure struct {
	SID     string
	Setting TrackSetting
}

// Send a message over a data channel. The payload is read-only from here on.
type Send struct {
	Kind    DataKind
	Payload []byte
}

// StartSubscriber asks for the first offer of the subscriber connection (two connections).
type StartSubscriber struct{}

// LimitBandwidth of what is sent to this peer, in bits per second; 0: no longer.
type LimitBandwidth struct{ BPS uint64 }

// RestartICE of the subscriber connection, after a resume.
type RestartICE struct{}

// Move takes the peer, with its connections and publications, to another class, where it is
// Participant ("PA_…"). Its subscriptions end.
type Move struct{ Class, Participant string }

// Forward carries what the peer publishes, now and later, to another class too, as Participant's
// ("PA_…"). Nothing flows there before OpenForwarded. Move ends it as well.
type Forward struct{ Class, Participant string }

// OpenForwarded lets a publication through to a class that the peer is forwarded to, or stops it
// there. What is muted or blocked stays so.
type OpenForwarded struct {
	Class, SID string
	Open       bool
}

// Unforward ends Forward.
type Unforward struct{ Class string }

func (AddTrack) peerCommand()        {}
func (AddCodec) peerCommand()        {}
func (RemoveTrack) peerCommand()     {}
func (SetMuted) peerCommand()        {}
func (SetBlocked) peerCommand()      {}
func (Subscribe) peerCommand()       {}
func (Configure) peerCommand()       {}
func (Send) peerCommand()            {}
func (StartSubscriber) peerCommand() {}
func (RestartICE) peerCommand()      {}
func (LimitBandwidth) peerCommand()  {}
func (Move) peerCommand()            {}
func (Forward) peerCommand()         {}
func (OpenForwarded) peerCommand()   {}
func (Unforward) peerCommand()       {}
