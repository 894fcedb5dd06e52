package client

import (
	"github.com/livekit/protocol/livekit"
)

// handle takes one message of the server, on the socket's goroutine.
func (c *Client) handle(k *socket, m *livekit.SignalResponse) {
	s := c.current()
	switch m := m.GetMessage().(type) {
	case *livekit.SignalResponse_Answer:
		s.answered(m.Answer)
	case *livekit.SignalResponse_Offer:
		if err := s.answerOffer(k, m.Offer); err != nil {
			c.log.Error("answer the server's offer", "participant", c.Identity(), "err", err)
		}
	case *livekit.SignalResponse_Trickle:
		s.addCandidate(m.Trickle)
	case *livekit.SignalResponse_MediaSectionsRequirement:
		s.mu.Lock()
		s.sections = m.MediaSectionsRequirement
		s.mu.Unlock()
		s.wantOffer()
	case *livekit.SignalResponse_Update:
		c.update(m.Update.GetParticipants())
	case *livekit.SignalResponse_TrackPublished:
		c.answerPublish(m.TrackPublished.GetCid(), publishAnswer{info: m.TrackPublished.GetTrack()})
	case *livekit.SignalResponse_RequestResponse:
		c.refused(m.RequestResponse)
	case *livekit.SignalResponse_TrackUnpublished:
		c.unpublished(m.TrackUnpublished.GetTrackSid())
	case *livekit.SignalResponse_Mute:
		c.mutedByServer(m.Mute)
	case *livekit.SignalResponse_SubscribedQualityUpdate:
		c.wanted(m.SubscribedQualityUpdate)
	case *livekit.SignalResponse_RoomUpdate:
		c.setRoom(m.RoomUpdate.GetRoom())
	case *livekit.SignalResponse_RoomMoved:
		c.moved(m.RoomMoved)
	case *livekit.SignalResponse_RefreshToken:
		c.mu.Lock()
		c.token = m.RefreshToken
		c.noteChangeLocked()
		c.mu.Unlock()
	}
}

func (c *Client) setRoom(r *livekit.Room) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room = r
	c.noteChangeLocked()
}

// moved follows into another room: the connections stay, who is there changes.
func (c *Client) moved(m *livekit.RoomMovedResponse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.GetToken() != "" {
		c.token = m.GetToken()
	}
	if m.GetRoom() != nil {
		c.room = m.GetRoom()
	}
	clear(c.participants)
	if p := m.GetParticipant(); p != nil {
		c.self = p
	}
	c.participants[c.self.GetSid()] = c.self
	for _, p := range m.GetOtherParticipants() {
		c.participants[p.GetSid()] = p
	}
	c.noteChangeLocked()
}

func (c *Client) update(participants []*livekit.ParticipantInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range participants {
		old := c.participants[p.GetSid()]
		switch {
		case p.GetState() == livekit.ParticipantInfo_DISCONNECTED:
			delete(c.participants, p.GetSid())
			delete(c.heard, p.GetSid())
		case old == nil || p.GetVersion() >= old.GetVersion():
			c.participants[p.GetSid()] = p
			if p.GetSid() == c.self.GetSid() {
				c.self = p
			}
		}
	}
	c.noteChangeLocked()
}

// Participant is what the server last told of someone, nil if nobody such is here.
func (c *Client) Participant(identity string) *livekit.ParticipantInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.participants {
		if p.GetIdentity() == identity {
			return p
		}
	}
	return nil
}

// Others is how many other participants are known.
func (c *Client) Others() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for sid := range c.participants {
		if sid != c.self.GetSid() {
			n++
		}
	}
	return n
}
