package client

import (
	"fmt"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"
)

// openChannel opens one of the three channels on the publisher connection.
func (c *Client) openChannel(label string) error {
	init := &webrtc.DataChannelInit{}
	if label != "_reliable" {
		ordered, retransmits := false, uint16(0)
		init.Ordered, init.MaxRetransmits = &ordered, &retransmits
	}
	channel, err := c.publisher.CreateDataChannel(label, init)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.channels[label] = channel
	c.mu.Unlock()
	c.readChannel(channel)
	return nil
}

func (c *Client) readChannel(channel *webrtc.DataChannel) {
	channel.OnMessage(func(m webrtc.DataChannelMessage) {
		packet := &livekit.DataPacket{}
		if channel.Label() == "_data_track" || proto.Unmarshal(m.Data, packet) != nil {
			return
		}
		if c.opts.OnData != nil {
			c.opts.OnData(packet)
		}
	})
}

// SendData sends a packet over the reliable or the lossy channel; the channel
// must be open (see DataReady).
func (c *Client) SendData(packet *livekit.DataPacket, reliable bool) error {
	label := "_lossy"
	if reliable {
		label = "_reliable"
	}
	payload, err := proto.Marshal(packet)
	if err != nil {
		return err
	}
	c.mu.Lock()
	channel := c.channels[label]
	c.mu.Unlock()
	if channel.ReadyState() != webrtc.DataChannelStateOpen {
		return fmt.Errorf("data channel %s is %s", label, channel.ReadyState())
	}
	return channel.Send(payload)
}

// DataReady reports whether both channels are open.
func (c *Client) DataReady() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.channels["_reliable"].ReadyState() == webrtc.DataChannelStateOpen && c.channels["_lossy"].ReadyState() == webrtc.DataChannelStateOpen
}

// EnsurePublisher makes the offer that opens the publisher connection, which is
// lazy with two of them.
func (c *Client) EnsurePublisher() { c.wantOffer() }
