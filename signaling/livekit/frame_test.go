package livekit

import (
	"errors"
	"testing"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

func TestDecodeRequestInBothForms(t *testing.T) {
	binary, err := proto.Marshal(&lk.SignalRequest{Message: &lk.SignalRequest_Mute{Mute: &lk.MuteTrackRequest{Sid: "TR_1", Muted: true}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		frame []byte
		text  bool
	}{
		"protobuf": {binary, false},
		"JSON":     {[]byte(`{"mute":{"sid":"TR_1","muted":true,"whatIsNew":1}}`), true},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := DecodeRequest(c.frame, c.text)
			if err != nil || m.GetMute().GetSid() != "TR_1" || !m.GetMute().GetMuted() {
				t.Errorf("got %v, %v", m, err)
			}
		})
	}
	if _, err := DecodeRequest(nil, false); !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty frame: %v", err)
	}
	if _, err := DecodeRequest([]byte{0xff}, false); err == nil || errors.Is(err, ErrEmpty) {
		t.Errorf("garbage: %v", err)
	}
}

func FuzzSignalFrame(f *testing.F) {
	for _, r := range []*lk.SignalRequest{
		{Message: &lk.SignalRequest_PingReq{PingReq: &lk.Ping{Timestamp: 1}}},
		{Message: &lk.SignalRequest_AddTrack{AddTrack: &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, SimulcastCodecs: []*lk.SimulcastCodec{{Codec: "vp8"}}}}},
		{Message: &lk.SignalRequest_Trickle{Trickle: &lk.TrickleRequest{CandidateInit: "{}"}}},
	} {
		b, err := proto.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, false)
	}
	f.Add([]byte(`{"addTrack":{"cid":"x","type":"VIDEO"}}`), true)
	f.Fuzz(func(t *testing.T, frame []byte, text bool) {
		m, err := DecodeRequest(frame, text)
		if err != nil {
			return
		}
		if a := m.GetAddTrack(); a != nil {
			if info := NewTrackInfo("TR_1", a); info != nil {
				if len(info.GetCodecs()) == 0 {
					t.Error("clients read codecs[0]")
				}
				Arrived(info, "video/VP8", "1")
				if c, err := ClassTrack("P_1", info); err == nil {
					TrackInfo(c)
				}
			}
		}
	})
}
