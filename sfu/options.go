package sfu

import (
	"log/slog"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"
)

// Options of a Node. The zero value binds every interface on ports of the kernel's choice.
type Options struct {
	Bind       string   // address to bind; empty: all
	UDPPort    int      // the one media port; 0: chosen by the kernel, see Node.Addrs
	TCPPort    int      // ICE over TCP (RFC 6544, passive); 0: kernel's choice, negative: off
	NodeIPs    []string // addresses announced as candidates; empty: those of the interfaces
	Loopback   bool     // announce loopback addresses too
	STUNServer string   // "host:port" asked at start for the address the world sees us at, which is announced

	TURN        bool   // run the embedded TURN server
	TURNPort    int    // its port over UDP; 0: kernel's choice
	TURNTCPPort int    // its port over TCP; 0: kernel's choice, negative: off
	TURNTLS     string // "host:port" where clients find it over TLS, which comes in by ServeTURN; empty: nowhere
	TURNSecret  []byte // makes the TURN credentials; empty: random, so good on this node only

	NoSegmentation bool // what goes to one destination is not left to the kernel to cut up (UDP GSO)
	NoSeal         bool // RTP is encrypted by pion, and all feedback comes by pion

	Writers     int // egress goroutines; 0: one a core, at most 8
	Microphones int // microphones carried as media sections per subscriber at once; 0: 12

	Registry prometheus.Registerer // nil: metrics are kept but not registered
	Log      *slog.Logger          // nil: discarded
}

// Addrs are the ports a Node really listens on.
type Addrs struct {
	UDP       netip.AddrPort // the first, when there are several
	TCP       netip.AddrPort // invalid when ICE over TCP is off
	TURN      netip.AddrPort // the first; invalid when TURN is off
	TURNTCP   netip.AddrPort // invalid when TURN over TCP is off
	Announced []netip.Addr   // what clients are told, the most public first
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
	AutoSubscribe bool   // informational: the SFU never subscribes by itself
	NoPause       bool   // short of bandwidth, video goes down to its lowest layer and is never paused
	TCPOnly       bool   // announce ICE-TCP candidates alone, where ICE over TCP is on
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

// Source says what a track shows, which decides its place under congestion.
type Source int

// Sources, as LiveKit's TrackSource.
const (
	SourceUnknown Source = iota
	SourceCamera
	SourceMicrophone
	SourceScreen
	SourceScreenAudio
)

// TrackSpec announces a publication whose media is still to come.
type TrackSpec struct {
	CID    string // the client's MediaStreamTrack id, found in the msid of its offer
	SID    string // "TR_…"
	Kind   Kind
	Source Source
	MIMEs  []string // codecs the client named, most wanted first; empty: as offered
	Backup string   // the codec it publishes beside the first for those who cannot decode that; empty: none
	Muted  bool
	Layers []LayerSpec // simulcast or SVC layers, lowest first; empty: one
	Sealed bool        // encrypted end to end: nothing behind the codec's own headers is looked at
	NoRED  bool        // the publisher wants no redundant audio (RFC 2198)
	Low    bool        // the second rendition of its microphone: nobody's but part of that one
}

// CodecSpec announces the media of a publication's backup codec.
type CodecSpec struct {
	CID    string // the client's MediaStreamTrack id for it
	Layers []LayerSpec
}

// LayerSpec is one simulcast layer as its publisher announced it.
type LayerSpec struct {
	Quality Quality
	Width   uint32
	Height  uint32
	Bitrate uint32 // bits per second at most; 0: unknown
	RID     string // empty: q, h, f by quality
}

// Quality is a simulcast layer by rank.
type Quality uint32

// Qualities, as LiveKit's VideoQuality.
const (
	QualityLow Quality = iota
	QualityMedium
	QualityHigh
	QualityOff
)

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

// PeerStats is what a peer's connections have carried so far.
type PeerStats struct {
	PacketsIn, BytesIn   uint64
	PacketsOut, BytesOut uint64
	Dropped              uint64
	EstimateBPS          uint64 // send-side bandwidth estimate; 0: none yet
	Publications         int
	Subscriptions        int
}
