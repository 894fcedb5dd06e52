package signaling

import (
	"context"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// packet is a data packet of the client: checked, given its true sender, and passed on. Chat is a
// thing of the class and becomes a command instead.
func (s *rtcSession) packet(e DataEvent) {
	if e.Kind == DataTrack { // nobody can publish one, so nobody has a handle
		s.count("data_track")
		return
	}
	if s.view == nil || !s.data.Allow() || !s.bytes.AllowN(time.Now(), len(e.Payload)) {
		s.count("data_rate")
		return
	}
	p, err := livekit.DecodePacket(e.Payload)
	if err != nil {
		s.count("bad_packet")
		return
	}
	if seq := p.GetSequence(); e.Kind == DataReliable && seq > 0 {
		if seq <= s.lastSeq { // replayed after a resume
			s.count("data_replayed")
			return
		}
		s.lastSeq = seq
	}
	if !class.MaySendData(s.view, s.participant) {
		s.count("data_forbidden")
		return
	}
	livekit.From(p, s.sid, s.identity)
	chat, mine := s.chat.Take(p)
	if chat != nil {
		s.say(*chat)
	}
	if !mine {
		s.hub.deliver(s, e.Kind, p)
	}
}

// say makes a command of a chat message. Refused, it is simply not heard: LiveKit has no answer.
func (s *rtcSession) say(c livekit.Chat) {
	cmd := c.Command(s.participantOf)
	if cmd == nil || !s.acts.Allow() {
		s.count("chat_refused")
		return
	}
	s.command(s.self(), cmd, nil)
}

func (s *rtcSession) participantOf(identity string) string {
	for id, p := range s.view.GetParticipants() {
		if p.GetProfile().GetIdentity() == identity {
			return id
		}
	}
	return ""
}

// chatSent re-emits a message of the class to a client that knows no other way to hear it. Its
// sender has it on the screen already.
func (s *rtcSession) chatSent(m *classpb.ChatMessage) {
	me := s.view.GetParticipants()[s.participant]
	from := s.view.GetParticipants()[m.GetFrom()]
	if !me.GetForeign() || m.GetFrom() == s.participant || from == nil {
		return
	}
	for _, p := range livekit.ChatPackets(m, from.GetSid(), from.GetProfile().GetIdentity(), s.chatTo(m)) {
		payload, err := proto.Marshal(p)
		if err != nil {
			return
		}
		s.sendData(DataReliable, payload)
	}
}

// chatTo names the receiver where the message is not for everyone.
func (s *rtcSession) chatTo(m *classpb.ChatMessage) []string {
	if m.GetTo().GetEveryone() {
		return nil
	}
	return []string{s.identity}
}

// sendData queues a packet for the client. Any goroutine may call it.
func (s *rtcSession) sendData(kind DataKind, payload []byte) {
	ok := s.media.offer(func(context.Context) {
		if kind == DataReliable {
			s.sendReliable(payload)
		} else if err := s.peer.Do(Send{Kind: kind, Payload: payload}); err != nil {
			s.count("data_send")
		}
	})
	if !ok {
		s.count("data_queue_full")
	}
}

// publishDataTrack: there are no data tracks here yet, and clients are told at once.
func (s *rtcSession) publishDataTrack(r *lk.PublishDataTrackRequest) {
	s.respond(&lk.RequestResponse{
		Reason: lk.RequestResponse_UNSUPPORTED_TYPE, Message: "data tracks are not served",
		Request: &lk.RequestResponse_PublishDataTrack{PublishDataTrack: r},
	})
}
