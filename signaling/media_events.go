package signaling

// PeerEvent is one of the structs below.
type PeerEvent interface{ peerEvent() }

// OfferEvent: the subscriber connection wants to negotiate.
type OfferEvent struct{ Description Description }

// CandidateEvent carries a local ICE candidate.
type CandidateEvent struct {
	Target Target
	Init   string // JSON RTCIceCandidateInit
}

// SectionsEvent (single connection): the client must offer this many more receiving sections;
// with both zero it need only offer again.
type SectionsEvent struct{ Audios, Videos uint32 }

// TrackEvent: media of a pending publication arrived, it can be announced and subscribed to.
type TrackEvent struct {
	CID  string
	SID  string
	Kind Kind
	MIME string // "video/VP8"
	Mid  string // media section of the publisher's description
	RIDs []string
}

// TrackGoneEvent: the publisher's media section has closed without RemoveTrack.
type TrackGoneEvent struct{ SID string }

// ConnState is the state of a connection.
type ConnState int

// States of a connection.
const (
	StateConnected ConnState = iota
	StateDisconnected
	StateFailed
	StateClosed
)

// StateEvent: a connection's state has changed.
type StateEvent struct {
	Target Target
	State  ConnState
}

// DataEvent is a message from the client. Payload belongs to the receiver.
type DataEvent struct {
	Kind    DataKind
	Payload []byte
}

// Speaker is who is heard, and how loud: Level from 0 to 1.
type Speaker struct {
	Participant string // "PA_…"
	Level       float32
	Active      bool
}

// SpeakersEvent lists the speakers whose state has changed.
type SpeakersEvent struct{ Speakers []Speaker }

// StreamState says whether the server, short of bandwidth, has paused a track it sends.
type StreamState struct {
	Participant string // "PA_…"
	SID         string
	Paused      bool
}

// StreamStateEvent lists the streams whose state has changed.
type StreamStateEvent struct{ Streams []StreamState }

// Connection is how well a peer's connection does.
type Connection int

// Connection qualities, as LiveKit's ConnectionQuality.
const (
	ConnectionPoor Connection = iota
	ConnectionGood
	ConnectionExcellent
	ConnectionLost
)

// QualityEvent: the connection of this peer got better or worse. Score goes from 0 to 5.
type QualityEvent struct {
	Quality Connection
	Score   float32
}

// QualityEnabled says whether anybody wants a simulcast layer.
type QualityEnabled struct {
	Quality Quality
	Enabled bool
}

// CodecQualities are the layers wanted of one codec of a publication.
type CodecQualities struct {
	Codec     string // "vp8"
	Qualities []QualityEnabled
}

// SubscribedQualityEvent tells a publisher which layers of its track are wanted (dynacast).
type SubscribedQualityEvent struct {
	SID    string
	Codecs []CodecQualities
}

// SubscribedEvent tells a publisher that somebody now receives its track.
type SubscribedEvent struct{ SID string }

// SpareEvent tells what is left of a subscriber's link beside the voices, in bits per second; 0: it
// is not known.
type SpareEvent struct{ BPS uint64 }

func (OfferEvent) peerEvent()             {}
func (CandidateEvent) peerEvent()         {}
func (SectionsEvent) peerEvent()          {}
func (TrackEvent) peerEvent()             {}
func (TrackGoneEvent) peerEvent()         {}
func (StateEvent) peerEvent()             {}
func (DataEvent) peerEvent()              {}
func (SpeakersEvent) peerEvent()          {}
func (StreamStateEvent) peerEvent()       {}
func (QualityEvent) peerEvent()           {}
func (SubscribedQualityEvent) peerEvent() {}
func (SubscribedEvent) peerEvent()        {}
func (SpareEvent) peerEvent()             {}
