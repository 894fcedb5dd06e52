package sfu

import (
	"net"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

func join(t testing.TB, r *Router, sid string, one bool) *client {
	t.Helper()
	return joinWith(t, r, sid, one, means{})
}

// joinBy joins over a socket of the caller's.
func joinBy(t testing.TB, r *Router, sid string, one bool, socket net.PacketConn) *client {
	t.Helper()
	return joinOver(t, r, sid, one, network{settings: func(s *webrtc.SettingEngine) {
		s.SetICEUDPMux(webrtc.NewICEUDPMux(nil, socket))
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	}})
}

// joinAble joins with a client that knows other codecs than pion's default ones.
func joinAble(t testing.TB, r *Router, sid string, one bool, codecs func(*webrtc.MediaEngine) error) *client {
	t.Helper()
	return joinWith(t, r, sid, one, means{codecs: codecs})
}

// joinOver joins over a network of the caller's.
func joinOver(t testing.TB, r *Router, sid string, one bool, over network) *client {
	t.Helper()
	return joinWith(t, r, sid, one, means{network: over})
}

// means are what a client has beside pion's defaults.
type means struct {
	network
	codecs func(*webrtc.MediaEngine) error // nil: pion's default ones
	spell  func(offer string) string       // nil: as pion writes it
	hear   func(answer string) string      // nil: as the node writes it
	wire   interceptor.Factory             // nil: none; stands between the others and the connection
	hears  func(Event)                     // nil: nobody; hears its peer's events before the client does
}

// network is what stands between a client and the node.
type network struct {
	settings func(*webrtc.SettingEngine)
	conf     webrtc.Configuration
	full     bool // the client asks for a full ICE agent
}
