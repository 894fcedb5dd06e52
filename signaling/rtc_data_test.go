package signaling

import (
	"slices"
	"testing"

	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

func packet(t *testing.T, p *lk.DataPacket) []byte {
	t.Helper()
	b, err := proto.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func user(t *testing.T, payload string) []byte {
	t.Helper()
	return packet(t, &lk.DataPacket{
		ParticipantIdentity: "somebody else", Sequence: 3,
		Value: &lk.DataPacket_User{User: &lk.UserPacket{Payload: []byte(payload)}},
	})
}

// got waits for a data packet at a peer.
func (p *fakePeer) got(t *testing.T, what string, want func(DataKind, *lk.DataPacket) bool) {
	t.Helper()
	p.did(t, what, func(c PeerCommand) bool {
		send, ok := c.(Send)
		if !ok {
			return false
		}
		d := &lk.DataPacket{}
		return proto.Unmarshal(send.Payload, d) == nil && want(send.Kind, d)
	})
}

// says sends a packet over the reliable channel.
func (c *rtcClient) says(p *lk.DataPacket) {
	c.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(c.t, p)})
}

func (p *fakePeer) sent() []*lk.DataPacket {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*lk.DataPacket
	for _, c := range p.commands {
		if send, ok := c.(Send); ok {
			d := &lk.DataPacket{}
			if proto.Unmarshal(send.Payload, d) == nil {
				out = append(out, d)
			}
		}
	}
	return out
}

func TestRTCDataGoesToTheOthersUnderItsTrueSender(t *testing.T) {
	s := newRTCSchool(t)
	a, b, c := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil)), s.enter(s.foreign("cid", nil))
	eventually(t, "all are there", func() bool { return len(s.state().GetParticipants()) == 3 })
	a.peer.listener.PeerEvent(DataEvent{Kind: DataLossy, Payload: user(t, "to all")})
	for _, x := range []*rtcClient{b, c} {
		x.peer.got(t, "the packet", func(k DataKind, p *lk.DataPacket) bool {
			return k == DataLossy && string(p.GetUser().GetPayload()) == "to all" &&
				p.GetParticipantIdentity() == "ada" && p.GetParticipantSid() == a.sid && p.GetSequence() == 3
		})
	}
	a.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(t, &lk.DataPacket{
		DestinationIdentities: []string{"cid"},
		Value:                 &lk.DataPacket_RpcRequest{RpcRequest: &lk.RpcRequest{Method: "ask"}},
	})})
	c.peer.got(t, "the call", func(_ DataKind, p *lk.DataPacket) bool { return p.GetRpcRequest().GetMethod() == "ask" })
	for _, p := range append(b.peer.sent(), a.peer.sent()...) {
		if p.GetRpcRequest() != nil {
			t.Error("a call came to whom it was not for")
		}
	}
	mute := s.enter(s.foreign("dan", func(g *auth.VideoGrant) { g.SetCanPublishData(false) }))
	mute.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: user(t, "forbidden")})
	a.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: []byte{0xff}})
	b.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: user(t, "last")})
	c.peer.got(t, "the last", func(_ DataKind, p *lk.DataPacket) bool { return string(p.GetUser().GetPayload()) == "last" })
	if slices.ContainsFunc(c.peer.sent(), func(p *lk.DataPacket) bool { return string(p.GetUser().GetPayload()) == "forbidden" }) {
		t.Error("data was sent without permission")
	}
}

func TestRTCChatIsAThingOfTheClass(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	page := s.enter(s.token("page", teacher))
	say := func(c *rtcClient, text string) {
		c.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(t, &lk.DataPacket{
			Value: &lk.DataPacket_StreamHeader{StreamHeader: &lk.DataStream_Header{
				StreamId: "s1", Topic: "lk.chat",
				ContentHeader: &lk.DataStream_Header_TextHeader{TextHeader: &lk.DataStream_TextHeader{}},
			}},
		})})
		c.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(t, &lk.DataPacket{
			Value: &lk.DataPacket_StreamChunk{StreamChunk: &lk.DataStream_Chunk{StreamId: "s1", Content: []byte(text)}},
		})})
		c.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(t, &lk.DataPacket{
			Value: &lk.DataPacket_StreamTrailer{StreamTrailer: &lk.DataStream_Trailer{StreamId: "s1"}},
		})})
	}
	say(a, "hello")
	eventually(t, "the class has the message", func() bool {
		c := s.state().GetChat()
		return len(c) == 1 && c[0].GetText() == "hello" && c[0].GetFrom() == s.id("ada")
	})
	b.peer.got(t, "the text", func(_ DataKind, p *lk.DataPacket) bool {
		return string(p.GetStreamChunk().GetContent()) == "hello" && p.GetParticipantIdentity() == "ada" && p.GetParticipantSid() == a.sid
	})
	b.peer.got(t, "its end", func(_ DataKind, p *lk.DataPacket) bool { return p.GetStreamTrailer() != nil })
	if len(b.peer.sent()) != 3 || len(a.peer.sent()) != 0 || len(page.peer.sent()) != 0 {
		t.Errorf("bob got %d packets, the sender %d, the page %d", len(b.peer.sent()), len(a.peer.sent()), len(page.peer.sent()))
	}

	s.do("page", locks(func(l *classpb.SetLocks) { lock(&l.Chat, true) }))
	say(a, "locked out")
	s.do("page", &classpb.Command{Body: &classpb.Command_SendChat{SendChat: &classpb.SendChat{
		To: &classpb.ChatTarget{To: &classpb.ChatTarget_Everyone{Everyone: true}}, Text: "from the page",
	}}})
	b.peer.got(t, "the page's words", func(_ DataKind, p *lk.DataPacket) bool {
		return string(p.GetStreamChunk().GetContent()) == "from the page"
	})
	if slices.ContainsFunc(b.peer.sent(), func(p *lk.DataPacket) bool { return string(p.GetStreamChunk().GetContent()) == "locked out" }) {
		t.Error("chat went around the lock")
	}
}

func TestRTCReliableDataWaitsForTheChannel(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	b.peer.shut.Store(true)
	for i := range 3 {
		a.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(t, &lk.DataPacket{
			Sequence: uint32(i + 1),
			Value:    &lk.DataPacket_User{User: &lk.UserPacket{Payload: []byte{byte(i)}}},
		})})
	}
	eventually(t, "bob's channel was tried", func() bool { return b.peer.tried.Load() > 1 })
	b.peer.shut.Store(false)
	b.peer.got(t, "the last", func(_ DataKind, p *lk.DataPacket) bool { return p.GetSequence() == 3 })
	for i, p := range b.peer.sent() {
		if p.GetSequence() != uint32(i+1) {
			t.Errorf("packet %d has sequence %d", i, p.GetSequence())
		}
	}
}
