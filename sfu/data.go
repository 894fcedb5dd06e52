package sfu

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/pion/webrtc/v4"
	tokens "golang.org/x/time/rate"
)

const (
	// maxData is LiveKit's largest DataPacket.
	maxData = 64 << 10
	// smallMessage is what a channel's reader keeps room for.
	smallMessage = 1200
	// receiveWindow is SCTP's: no message can be larger.
	receiveWindow = 1 << 20
	// reliableBuffer and lossyBuffer are how much may wait in a channel for a slow client.
	reliableBuffer = 4 << 20
	lossyBuffer    = 256 << 10
)

// What one client's reliable channel is read at. Beyond it the client waits, by its SCTP window:
// nothing reliable is dropped for being fast.
const (
	reliableMessages = 200 // a second
	reliableBurst    = 500
	reliableBytes    = 512 << 10 // a second
	reliableAhead    = 2 << 20   // bytes at once
)

// pace makes the reader of a reliable channel wait.
type pace struct{ messages, bytes *tokens.Limiter }

func newPace() pace {
	return pace{tokens.NewLimiter(reliableMessages, reliableBurst), tokens.NewLimiter(reliableBytes, reliableAhead)}
}

// delay is how long a message of that size must wait; it counts as taken.
func (p pace) delay(size int, now time.Time) time.Duration {
	return max(p.messages.ReserveN(now, 1).DelayFrom(now), p.bytes.ReserveN(now, size).DelayFrom(now))
}

var channelLabels = map[DataKind]string{DataReliable: "_reliable", DataLossy: "_lossy", DataTrack: "_data_track"}

// openChannels makes the subscriber connection's three channels (two connections).
func (p *Peer) openChannels() error {
	for kind, label := range channelLabels {
		ordered := kind == DataReliable
		init := &webrtc.DataChannelInit{Ordered: &ordered}
		if kind != DataReliable {
			none := uint16(0)
			init.MaxRetransmits = &none
		}
		d, err := p.out.transport.pc.CreateDataChannel(label, init)
		if err != nil {
			return err
		}
		p.keepChannel(kind, d)
		d.OnOpen(func() { p.readChannel(d, func([]byte) {}) }) // clients send on their own
	}
	return nil
}

// channelOpened is pion's OnDataChannel: the client opened one.
func (p *Peer) channelOpened(t *transport, d *webrtc.DataChannel) {
	for kind, label := range channelLabels {
		if d.Label() != label {
			continue
		}
		if t == p.out.transport {
			p.keepChannel(kind, d)
		}
		d.OnOpen(func() { p.readChannel(d, func(b []byte) { p.dataArrived(kind, b) }) })
		return
	}
	_ = d.Close() // a label nobody knows
}

func (p *Peer) keepChannel(kind DataKind, d *webrtc.DataChannel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.channels[kind] = d
}

// readChannel reads messages until the channel ends, in pion's goroutine for its opening. pion's own
// reader keeps room for the largest message, for every channel; few are larger than a packet.
func (p *Peer) readChannel(d *webrtc.DataChannel, take func([]byte)) {
	defer p.node.guard(p, "data")
	if !p.beginReading() {
		return
	}
	defer p.reading.Done()
	channel, err := d.Detach()
	if err != nil {
		return // it has ended already
	}
	small := make([]byte, smallMessage)
	for buf := small; ; {
		n, _, err := channel.ReadDataChannel(buf)
		switch {
		case err == nil && n > maxData:
			p.node.m.drop(dropData)
			buf = small
		case err == nil:
			take(bytes.Clone(buf[:n]))
			buf = small
		case errors.Is(err, io.ErrShortBuffer) && len(buf) < receiveWindow: // it is still there
			buf = make([]byte, min(4*len(buf), receiveWindow))
		default:
			_ = d.Close()
			return
		}
	}
}

// beginReading counts a reader, unless the peer has closed: then nobody waits for it any more.
func (p *Peer) beginReading() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.reading.Add(1)
	return true
}

func (p *Peer) dataArrived(kind DataKind, payload []byte) {
	e := DataEvent{Kind: kind, Payload: payload}
	if kind == DataReliable {
		if p.waits(p.pace.delay(len(payload), time.Now())) {
			p.emitReliable(e)
		}
		return
	}
	p.emit(e)
}

// waits in the channel's own goroutine. false: the peer has closed.
func (p *Peer) waits(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.done:
		return false
	}
}

// Send puts a message on a data channel. ErrSlow: the client does not keep up; a reliable message
// is then lost, so the caller must let the client go.
func (p *Peer) Send(kind DataKind, payload []byte) error {
	if len(payload) > maxData {
		return ErrTooLarge
	}
	p.mu.Lock()
	d, closed := p.channels[kind], p.closed
	p.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case d == nil || d.ReadyState() != webrtc.DataChannelStateOpen:
		return ErrNoChannel
	}
	limit := uint64(lossyBuffer)
	if kind == DataReliable {
		limit = reliableBuffer
	}
	if d.BufferedAmount()+uint64(len(payload)) > limit {
		p.node.m.drop(dropData)
		return ErrSlow
	}
	return d.Send(payload)
}
