package signaling

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Ten thousand data packets, of 16 kB each, on each channel at once: what is beyond the rates is
// counted and gone, the session goes on, and no more is kept than its bounds say.
func TestRTCTenThousandDataPackets(t *testing.T) {
	const packets, size = 10_000, 16 << 10
	for name, kind := range map[string]DataKind{"reliable": DataReliable, "lossy": DataLossy, "data track": DataTrack} {
		t.Run(name, func(t *testing.T) {
			s := newRTCSchool(t)
			a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
			b.peer.deaf.Store(true) // takes all, and keeps nothing for the test
			info := a.publishData(t, 1, "place")
			b.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return len(p.GetDataTracks()) == 1 })
			b.subscribeData(info.GetSid(), true, 0)
			b.handleOf(info.GetSid())
			payload := packet(t, &lk.DataPacket{Value: &lk.DataPacket_User{User: &lk.UserPacket{Payload: make([]byte, size)}}})
			if kind == DataTrack {
				payload = frame(t, 1, 1, string(make([]byte, size)))
			}
			before := heap()
			for range packets {
				a.peer.listener.PeerEvent(DataEvent{Kind: kind, Payload: bytes.Clone(payload)})
			}
			if grown := heap() - before; grown > 24<<20 {
				t.Errorf("%d MB were sent, and %d are kept", packets*size>>20, grown>>20)
			}
			a.settled()
			b.settled()
			if n := s.drops("data_rate") + s.drops("data_inbox_full"); n < packets/2 {
				t.Errorf("only %v were dropped", n)
			}
			eventually(t, "what was let through has been passed on", func() bool { return b.peer.taken.Load() > 100 })
		})
	}
}

// A subscriber whose data channel takes nothing costs no more than its bounds, and does not hold up
// the others.
func TestRTCSubscriberThatTakesNoData(t *testing.T) {
	s := newRTCSchool(t)
	b, c := s.enter(s.foreign("bob", nil)), s.enter(s.foreign("cid", nil))
	b.peer.shut.Store(true)
	c.peer.deaf.Store(true)
	before := heap()
	for range 20 { // each with a rate of its own
		a := s.enter(s.foreign("ada", nil))
		for seq := range uint32(100) {
			a.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(t, &lk.DataPacket{
				Sequence: seq + 1, Value: &lk.DataPacket_User{User: &lk.UserPacket{Payload: make([]byte, 32<<10)}},
			})})
		}
		a.settled()
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("64 MB were sent, and %d are kept", grown>>20)
	}
	eventually(t, "the other has it all", func() bool { return c.peer.taken.Load() > 1500 })
	if s.drops("data_backlog_full") == 0 {
		t.Error("nothing was counted")
	}
	b.settled()
}

// A client whose open channel takes nothing more is let go, when more waits than is kept: nothing is
// missing from the middle of what it hears. Nobody else is.
func TestRTCChannelThatIsNeverRead(t *testing.T) {
	s := newRTCSchool(t)
	a, b, c := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil)), s.enter(s.foreign("cid", nil))
	b.peer.full.Store(true)
	c.peer.deaf.Store(true)
	for seq := range uint32(rtcBacklogPackets + 1) {
		a.says(&lk.DataPacket{Sequence: seq + 1, Value: &lk.DataPacket_User{User: &lk.UserPacket{Payload: []byte("on and on")}}})
	}
	b.expectLeave(lk.DisconnectReason_MEDIA_FAILURE, lk.LeaveRequest_RECONNECT)
	eventually(t, "the other has it all", func() bool { return c.peer.taken.Load() > rtcBacklogPackets })
	a.settled()
	c.settled()
}

// A client that reads nothing of its socket is let go, and can resume; until then it costs no more
// than its queue.
func TestRTCReaderThatReadsNothing(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	d := websocket.Dialer{NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		}
		return conn, err
	}}
	q := url.Values{"access_token": {s.token("bob", pupil)}}
	conn, _, err := d.Dial("ws"+strings.TrimPrefix(s.http.URL, "http")+"/rtc?"+q.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b := (&rtcClient{t: t, conn: conn}).joined(s)
	session := s.server.rtc.session("/maths", s.id("bob"))
	before := heap()
	lost := make(chan bool)
	sent := 0
	for gone := false; !gone; sent++ {
		if sent > 4000 {
			t.Fatal("the reader is kept for ever")
		}
		session.post(func() {
			session.send(&lk.SignalResponse{Message: &lk.SignalResponse_RoomUpdate{
				RoomUpdate: &lk.RoomUpdate{Room: &lk.Room{Metadata: string(noise(16 << 10))}},
			}})
		})
		session.post(func() { lost <- session.socket == nil || isClosed(session.socket.closed) })
		gone = <-lost
	}
	if grown := heap() - before; grown > 24<<20 {
		t.Errorf("after %d frames %d MB are kept", sent, grown>>20)
	}
	if s.drops("rtc_slow_reader") == 0 {
		t.Error("nothing was counted")
	}
	again := s.dial("/rtc", s.token("bob", pupil), resumeQuery(b.sid))
	if again.read().GetReconnect() == nil {
		t.Error("it cannot resume")
	}
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetTitle{SetTitle: &classpb.SetTitle{Title: "on we go"}}})
	a.settled()
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A client that never answers, that answers what was not asked, and twice, with one connection or
// with two, keeps its session, and nothing piles up.
func TestRTCAnswersOutOfTurn(t *testing.T) {
	s := newRTCSchool(t)
	answer := func(c *rtcClient, sdp string, id uint32) {
		c.send(&lk.SignalRequest{Message: &lk.SignalRequest_Answer{Answer: &lk.SessionDescription{Type: "answer", Sdp: sdp, Id: id}}})
	}
	one := s.dial("/rtc/v1", s.token("one", teacher), wrapped(t, &lk.JoinRequest{})).joined(s)
	two := s.enter(s.token("two", teacher))
	answer(one, "v=0", 1)     // nobody offered
	answer(two, "garbage", 1) // of another connection, says the media plane
	answer(two, "garbage", 1)
	one.settled()
	two.settled()
	eventually(t, "they are counted", func() bool { return s.drops("bad_description") == 3 })
	offers := 0
	for range 50 { // and never an answer
		two.peer.listener.PeerEvent(OfferEvent{Description{Type: "offer", SDP: "v=0", ID: 7}})
	}
	two.expect("the offers", func(m *lk.SignalResponse) bool {
		if m.GetOffer() != nil {
			offers++
		}
		return offers == 50
	})
	two.settled()
}

// What a client sends without end and without right leaves nothing behind it: messages of no version
// known, answers to no offer, tracks it may not publish.
func TestRTCFrivolousFramesAreNotKept(t *testing.T) {
	const frames, size = 1_500, 8 << 10
	stuff := strings.Repeat("x", size)
	of := func(m *lk.SignalRequest) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, request := range map[string][]byte{
		"of a version to come": protowire.AppendString(protowire.AppendTag(nil, 999, protowire.BytesType), stuff),
		"answers to no offer": of(&lk.SignalRequest{Message: &lk.SignalRequest_Answer{Answer: &lk.SessionDescription{
			Type: "answer", Sdp: "garbage" + stuff, Id: 1,
		}}}),
		"tracks without permission": of(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: &lk.AddTrackRequest{
			Cid: "c", Name: stuff, Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA,
		}}}),
	} {
		t.Run(name, func(t *testing.T) {
			s := newRTCSchool(t)
			s.enter(s.token("ada", teacher))
			s.do("ada", locks(func(l *classpb.SetLocks) { lock(&l.Camera, true) }))
			b := s.enter(s.token("bob", pupil))
			before := heap()
			sent := make(chan error, 1)
			go func() { // while their refusals are read
				for range frames {
					if err := b.conn.WriteMessage(websocket.BinaryMessage, request); err != nil {
						sent <- err
						return
					}
				}
				ping := of(&lk.SignalRequest{Message: &lk.SignalRequest_PingReq{PingReq: &lk.Ping{Timestamp: 1}}})
				sent <- b.conn.WriteMessage(websocket.BinaryMessage, ping)
			}()
			b.expect("pong: the session goes on", func(m *lk.SignalResponse) bool { return m.GetPongResp() != nil })
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			if grown := heap() - before; grown > 4<<20 {
				t.Errorf("%d MB were sent, and %d are kept", frames*size>>20, grown>>20)
			}
			if len(s.state().GetTracks()) != 0 {
				t.Error("a track was published")
			}
		})
	}
}

// Requests without end, while the media plane is at its first, fill a line that ends; its session
// begins anew, and nobody else notices.
func TestRTCFloodOfCandidatesAndOffers(t *testing.T) {
	s := newRTCSchool(t)
	other := s.enter(s.token("bob", teacher))
	c := s.enter(s.token("ada", teacher))
	c.offer("slow", 1)
	<-c.peer.begun // and the line stands still
	defer close(c.peer.answer)
	candidate, err := proto.Marshal(&lk.SignalRequest{Message: &lk.SignalRequest_Trickle{Trickle: &lk.TrickleRequest{CandidateInit: strings.Repeat("x", 4<<10)}}})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	for id := range uint32(100) {
		c.offer(strings.Repeat("y", 1<<10), id)
	}
	for range 10_000 {
		if c.conn.WriteMessage(websocket.BinaryMessage, candidate) != nil {
			break // the server has had enough
		}
	}
	// What is read while the collector works is not garbage yet.
	eventually(t, "that no more is kept than 24 MB", func() bool { return heap()-before <= 24<<20 })
	c.expectLeave(lk.DisconnectReason_MEDIA_FAILURE, lk.LeaveRequest_RECONNECT)
	if s.drops("rtc_media_full") == 0 || s.drops("rtc_rate") == 0 {
		t.Error("nothing was counted")
	}
	other.settled()
}
