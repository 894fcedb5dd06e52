package client

import (
	"fmt"
	"sync"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"
)

// Bounds of the reliable packets that are kept for a resume, oldest dropped first.
const (
	maxKept      = 256
	maxKeptBytes = 1 << 20
)

// outgoing are this client's reliable packets, numbered from 1.
type outgoing struct {
	mu       sync.Mutex // held while sending, so that packets leave in the order of their numbers
	sequence uint32
	kept     []keptPacket
	bytes    int
}

type keptPacket struct {
	sequence uint32
	payload  []byte
}

func (o *outgoing) keepLocked(payload []byte) {
	o.kept = append(o.kept, keptPacket{o.sequence, payload})
	o.bytes += len(payload)
	for len(o.kept) > maxKept || o.bytes > maxKeptBytes {
		o.bytes -= len(o.kept[0].payload)
		o.kept = o.kept[1:]
	}
}

// openChannel opens one of the three channels on the publisher connection.
func (s *session) openChannel(label string) error {
	init := &webrtc.DataChannelInit{}
	if label != "_reliable" {
		ordered, retransmits := false, uint16(0)
		init.Ordered, init.MaxRetransmits = &ordered, &retransmits
	}
	channel, err := s.publisher.CreateDataChannel(label, init)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.channels[label] = channel
	s.mu.Unlock()
	s.readChannel(channel)
	return nil
}

func (s *session) readChannel(channel *webrtc.DataChannel) {
	c := s.client
	channel.OnOpen(c.noteChange)
	channel.OnMessage(func(m webrtc.DataChannelMessage) {
		packet := &livekit.DataPacket{}
		if channel.Label() == "_data_track" || proto.Unmarshal(m.Data, packet) != nil {
			return
		}
		if channel.Label() == "_reliable" && !c.isNew(packet) {
			return
		}
		if c.opts.OnData != nil {
			c.opts.OnData(packet)
		}
	})
}

// isNew drops what a sender has sent before: after a resume, some comes again.
func (c *Client) isNew(p *livekit.DataPacket) bool {
	if p.GetSequence() == 0 || p.GetParticipantSid() == "" {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.GetSequence() <= c.heard[p.GetParticipantSid()] {
		return false
	}
	c.heard[p.GetParticipantSid()] = p.GetSequence()
	return true
}

func (s *session) channel(label string) *webrtc.DataChannel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.channels[label]
}

func (s *session) channelInfos() []*livekit.DataChannelInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*livekit.DataChannelInfo
	for label, channel := range s.channels {
		if id := channel.ID(); id != nil {
			out = append(out, &livekit.DataChannelInfo{Label: label, Id: uint32(*id), Target: livekit.SignalTarget_PUBLISHER})
		}
	}
	return out
}

// SendData sends a packet over the reliable or the lossy channel, which must be
// open (see DataReady). A reliable one gets this client's next sequence number
// and is sent again after a resume if the server has not had it.
func (c *Client) SendData(packet *livekit.DataPacket, reliable bool) error {
	s := c.current()
	if s == nil {
		return errNoSocket
	}
	label := "_lossy"
	if reliable {
		c.data.mu.Lock()
		defer c.data.mu.Unlock()
		label = "_reliable"
		packet = proto.CloneOf(packet)
		packet.Sequence = c.data.sequence + 1
	}
	payload, err := proto.Marshal(packet)
	if err != nil {
		return err
	}
	channel := s.channel(label)
	if channel.ReadyState() != webrtc.DataChannelStateOpen {
		return fmt.Errorf("data channel %s is %s", label, channel.ReadyState())
	}
	if reliable {
		c.data.sequence++
		c.data.keepLocked(payload)
	}
	return channel.Send(payload)
}

// replay sends again what the server has not had when the session was resumed.
func (c *Client) replay(s *session, last uint32) {
	c.data.mu.Lock()
	defer c.data.mu.Unlock()
	channel := s.channel("_reliable")
	for _, p := range c.data.kept {
		if p.sequence > last && channel.ReadyState() == webrtc.DataChannelStateOpen {
			_ = channel.Send(p.payload) // lost again, it comes again with the next resume
		}
	}
}

// DataReady reports whether both channels are open.
func (c *Client) DataReady() bool {
	s := c.current()
	return s != nil && s.channel("_reliable").ReadyState() == webrtc.DataChannelStateOpen && s.channel("_lossy").ReadyState() == webrtc.DataChannelStateOpen
}

// EnsurePublisher makes the offer that opens the publisher connection, which is
// lazy with two of them.
func (c *Client) EnsurePublisher() {
	if s := c.current(); s != nil {
		s.wantOffer()
	}
}
