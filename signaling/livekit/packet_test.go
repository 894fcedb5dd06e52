//lint:file-ignore SA1019 older clients read and write the deprecated fields

package livekit

import (
	"bytes"
	"compress/flate"
	"errors"
	"slices"
	"strings"
	"testing"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

func marshal(t testing.TB, p *lk.DataPacket) []byte {
	t.Helper()
	b, err := proto.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecodePacketRefusesWhatOnlyServersSend(t *testing.T) {
	for name, p := range map[string]*lk.DataPacket{
		"speakers": {Value: &lk.DataPacket_Speaker{Speaker: &lk.ActiveSpeakerUpdate{}}},
		"metrics":  {Value: &lk.DataPacket_Metrics{Metrics: &lk.MetricsBatch{}}},
		"nothing":  {},
	} {
		if _, err := DecodePacket(marshal(t, p)); !errors.Is(err, ErrPacket) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := DecodePacket(make([]byte, MaxPacket+1)); !errors.Is(err, ErrPacket) {
		t.Errorf("too large: %v", err)
	}
}

func TestFromOverwritesTheSenderAndKeepsTheSequence(t *testing.T) {
	p := &lk.DataPacket{
		ParticipantSid: "PA_other", ParticipantIdentity: "teacher", Sequence: 7,
		Value: &lk.DataPacket_User{User: &lk.UserPacket{ParticipantIdentity: "teacher", ParticipantSid: "PA_other"}},
	}
	From(p, "PA_me", "me")
	if p.GetParticipantSid() != "PA_me" || p.GetParticipantIdentity() != "me" || p.GetSequence() != 7 ||
		p.GetUser().GetParticipantSid() != "PA_me" || p.GetUser().GetParticipantIdentity() != "me" {
		t.Errorf("got %v", p)
	}
}

func header(topic string) *lk.DataStream_Header {
	return &lk.DataStream_Header{
		StreamId: "s1", Topic: topic,
		ContentHeader: &lk.DataStream_Header_TextHeader{TextHeader: &lk.DataStream_TextHeader{}},
	}
}

func chunk(text string) *lk.DataPacket {
	return &lk.DataPacket{Value: &lk.DataPacket_StreamChunk{StreamChunk: &lk.DataStream_Chunk{StreamId: "s1", Content: []byte(text)}}}
}

func trailer() *lk.DataPacket {
	return &lk.DataPacket{Value: &lk.DataPacket_StreamTrailer{StreamTrailer: &lk.DataStream_Trailer{StreamId: "s1"}}}
}

func TestChatReader(t *testing.T) {
	start := func(h *lk.DataStream_Header, to ...string) *lk.DataPacket {
		return &lk.DataPacket{DestinationIdentities: to, Value: &lk.DataPacket_StreamHeader{StreamHeader: h}}
	}
	user := func(topic, payload string) *lk.DataPacket {
		return &lk.DataPacket{Value: &lk.DataPacket_User{User: &lk.UserPacket{Topic: &topic, Payload: []byte(payload)}}}
	}
	inline := header("lk.chat")
	inline.InlineContent = []byte("short")
	deflated := header("lk.chat")
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestSpeed)
	_, _ = w.Write([]byte("small"))
	_ = w.Close()
	deflated.InlineContent, deflated.Compression = b.Bytes(), lk.DataStream_DEFLATE_RAW

	for name, c := range map[string]struct {
		packets []*lk.DataPacket
		want    *Chat
		mine    bool
	}{
		"a stream":            {[]*lk.DataPacket{start(header("lk.chat")), chunk("hel"), chunk("lo"), trailer()}, &Chat{Text: "hello"}, true},
		"to one":              {[]*lk.DataPacket{start(header("lk.chat"), "ada"), chunk("psst"), trailer()}, &Chat{Text: "psst", To: []string{"ada"}}, true},
		"inline":              {[]*lk.DataPacket{start(inline)}, &Chat{Text: "short"}, true},
		"inline, deflated":    {[]*lk.DataPacket{start(deflated)}, &Chat{Text: "small"}, true},
		"another topic":       {[]*lk.DataPacket{start(header("files")), chunk("x"), trailer()}, nil, false},
		"too long":            {[]*lk.DataPacket{start(header("lk.chat")), chunk(strings.Repeat("a", maxChatBytes+1)), trailer()}, nil, true},
		"a chat message":      {[]*lk.DataPacket{{Value: &lk.DataPacket_ChatMessage{ChatMessage: &lk.ChatMessage{Message: "hi"}}}}, &Chat{Text: "hi"}, true},
		"legacy":              {[]*lk.DataPacket{user("lk-chat-topic", `{"message":"old"}`)}, &Chat{Text: "old"}, true},
		"legacy, sent twice":  {[]*lk.DataPacket{user("lk-chat-topic", `{"message":"old","ignoreLegacy":true}`)}, nil, true},
		"somebody's own data": {[]*lk.DataPacket{user("board", `{}`)}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var r ChatReader
			var got *Chat
			var mine bool
			for _, p := range c.packets {
				got, mine = r.Take(p)
				if mine != c.mine {
					t.Errorf("%v: mine %v", p, mine)
				}
			}
			if (got == nil) != (c.want == nil) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			if got != nil && (got.Text != c.want.Text || !slices.Equal(got.To, c.want.To)) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if len(r.streams) != 0 {
				t.Errorf("%d streams are left", len(r.streams))
			}
		})
	}
}

func TestChatReaderForgetsTheOldest(t *testing.T) {
	var r ChatReader
	for i := range 3 * maxChatStreams {
		h := header("lk.chat")
		h.StreamId = strings.Repeat("x", i+1)
		r.Take(&lk.DataPacket{Value: &lk.DataPacket_StreamHeader{StreamHeader: h}})
	}
	if len(r.streams) != maxChatStreams {
		t.Errorf("%d streams are held", len(r.streams))
	}
}

func TestChatPacketsAreReadAsChat(t *testing.T) {
	m := &classpb.ChatMessage{Id: "CM_1", Text: "bonjour", TimeMs: 5}
	var r ChatReader
	var got *Chat
	for _, p := range ChatPackets(m, "PA_1", "ada", nil) {
		if p.GetParticipantSid() != "PA_1" || p.GetSequence() != 0 {
			t.Errorf("packet %v", p)
		}
		got, _ = r.Take(p)
	}
	if got == nil || got.Text != "bonjour" {
		t.Errorf("got %v", got)
	}
}

func TestChatCommand(t *testing.T) {
	ids := func(identity string) string { return "P_" + identity }
	if c := (Chat{Text: "a"}).Command(ids).GetSendChat(); !c.GetTo().GetEveryone() || c.GetText() != "a" {
		t.Errorf("to everyone: %v", c)
	}
	if c := (Chat{Text: "a", To: []string{"x"}}).Command(ids).GetSendChat(); c.GetTo().GetParticipant() != "P_x" {
		t.Errorf("to one: %v", c)
	}
	if c := (Chat{Text: "a", To: []string{"x", "y"}}).Command(ids); c != nil {
		t.Errorf("to some: %v", c)
	}
}

func FuzzDataPacket(f *testing.F) {
	f.Add(marshal(f, &lk.DataPacket{Value: &lk.DataPacket_StreamHeader{StreamHeader: header("lk.chat")}}))
	f.Add(marshal(f, chunk("x")))
	f.Add(marshal(f, trailer()))
	f.Add(marshal(f, &lk.DataPacket{Value: &lk.DataPacket_User{User: &lk.UserPacket{Payload: []byte("{}")}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodePacket(b)
		if err != nil {
			return
		}
		From(p, "PA_1", "me")
		var r ChatReader
		for range 3 {
			if c, mine := r.Take(p); c != nil && (!mine || len(c.Text) > MaxPacket) {
				t.Errorf("chat %v mine %v", c, mine)
			}
		}
		if p.GetParticipantIdentity() != "me" {
			t.Error("the sender is not who sent it")
		}
	})
}
