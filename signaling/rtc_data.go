package signaling

import (
	"context"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// packet is a data packet of the client: checked, given its true sender, and passed on. Chat is a
// thing of the class and becomes a command instead.
func (s *rtcSession) packet(e DataEvent) {
	if s.view == nil {
		s.count("data_forbidden")
		return
	}
	if e.Kind == DataTrack {
		s.dataFrame(e.Payload)
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
	if !class.MaySendPackets(s.view, s.participant) {
		s.count("data_forbidden")
		return
	}
	if class.Hidden(s.view.GetParticipants()[s.participant]) {
		livekit.FromNobody(p)
	} else {
		livekit.From(p, s.sid, s.identity)
	}
	if s.handler.calls.answered(s.done, p) { // asked by the server API
		return
	}
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

// maxQueuedData bounds the data that waits in a session's media line, in bytes.
const maxQueuedData = 4 << 20

// sendData queues a packet for the client; beyond the bound the newest is dropped. Any goroutine
// may call it, and it never waits.
func (s *rtcSession) sendData(kind DataKind, payload []byte) {
	size := int64(len(payload))
	if s.queued.Add(size) > maxQueuedData {
		s.queued.Add(-size)
		s.count("data_queue_full")
		return
	}
	ok := s.media.offer(func(context.Context) {
		s.queued.Add(-size)
		if kind == DataReliable {
			s.sendReliable(payload)
		} else if err := s.peer.Do(Send{Kind: kind, Payload: payload}); err != nil {
			s.count("data_send")
		}
	})
	if !ok {
		s.queued.Add(-size)
		s.count("data_queue_full")
	}
}
