package sfu

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/packet"
)

func clientInterceptors(m *webrtc.MediaEngine, wire interceptor.Factory) (*interceptor.Registry, error) {
	reg := &interceptor.Registry{}
	if wire != nil {
		reg.Add(wire) // first added, last asked
	}
	if err := webrtc.RegisterDefaultInterceptors(m, reg); err != nil {
		return nil, err
	}
	reg.Add(&early{}) // last added, asked first
	return reg, nil
}

// source is a track of a test client: it writes whole RTP packets.
type source struct {
	id, rid string
	codec   webrtc.RTPCodecCapability

	mu   sync.Mutex
	w    webrtc.TrackLocalWriter
	ssrc uint32
	pt   uint8
	ext  map[string]uint8

	seq, pic uint16
	ts       uint32
	tl0      uint8
	frames   int
	wantKey  bool
	asked    int // keyframe requests that came
}

func (s *source) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	codec, _, ok := matchCodec(s.codec, c.CodecParameters())
	if !ok {
		return codec, webrtc.ErrUnsupportedCodec
	}
	s.w, s.ssrc, s.pt, s.ext = c.WriteStream(), uint32(c.SSRC()), uint8(codec.PayloadType), map[string]uint8{}
	for _, e := range c.HeaderExtensions() {
		s.ext[e.URI] = uint8(e.ID)
	}
	s.seq, s.ts, s.pic = uint16(rand.Uint32()), rand.Uint32(), uint16(rand.Uint32())&0x7fff
	return codec, nil
}

func (s *source) Unbind(webrtc.TrackLocalContext) error { return nil }
func (s *source) ID() string                            { return s.id }
func (s *source) RID() string                           { return s.rid }
func (s *source) StreamID() string                      { return "stream" }
func (s *source) Kind() webrtc.RTPCodecType {
	if s.codec.ClockRate == opusClock {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}

func (s *source) send(mid string, marker bool, payload []byte, level int) {
	s.sendDescribed(mid, marker, payload, level, nil)
}

func (s *source) sendDescribed(mid string, marker bool, payload []byte, level int, depends []byte) {
	h := &rtp.Header{Version: 2, PayloadType: s.pt, SSRC: s.ssrc, SequenceNumber: s.seq, Timestamp: s.ts, Marker: marker}
	if id := s.ext[extMid]; id != 0 && mid != "" {
		_ = h.SetExtension(id, []byte(mid))
	}
	if id := s.ext[extRID]; id != 0 && s.rid != "" {
		_ = h.SetExtension(id, []byte(s.rid))
	}
	if id := s.ext[extAudioLevel]; id != 0 && level >= 0 {
		_ = h.SetExtension(id, []byte{byte(level) | 0x80})
	}
	if id := s.ext[extDependency]; id != 0 && len(depends) > 0 {
		if len(depends) > 16 {
			h.Extension, h.ExtensionProfile = true, rtp.ExtensionProfileTwoByte
		}
		_ = h.SetExtension(id, depends)
	}
	_, _ = s.w.WriteRTP(h, payload)
	s.seq++
}

// voice sends 20 ms of Opus at a level.
func (s *source) voice(level int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return
	}
	payload := make([]byte, 80)
	payload[0] = 0x78 // CELT, 20 ms, mono, one frame
	s.send("", false, payload, level)
	s.ts += 960
}

// picture sends a VP8 frame of some packets; a keyframe when asked for, and first.
func (s *source) picture(mid string, packets, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return
	}
	key := s.frames == 0 || s.wantKey
	s.frames++
	s.wantKey = false
	s.tl0++
	for i := range packets {
		payload := make([]byte, size)
		payload[0], payload[1] = 0x80, 0xe0 // extended: picture id, TL0PICIDX, TID
		if i == 0 {
			payload[0] |= 0x10
		}
		binary.BigEndian.PutUint16(payload[2:], 0x8000|s.pic)
		payload[4], payload[5] = s.tl0, 0
		payload[6] = 0x01
		if key && i == 0 {
			payload[6] = 0x10
			copy(payload[9:], []byte{0x9d, 0x01, 0x2a})
		}
		s.send(mid, i == packets-1, payload, -1)
	}
	s.pic = (s.pic + 1) & 0x7fff
	s.ts += 3000
}

// publication of a test client.
type sending struct {
	sid     string
	sources []*source
	sender  *webrtc.RTPSender
	mid     func() string
}

func (c *client) publish(spec TrackSpec, codec webrtc.RTPCodecCapability, rids ...string) *sending {
	c.t.Helper()
	if err := c.peer.AddTrack(spec); err != nil {
		c.t.Fatal(err)
	}
	return c.transmit(spec.SID, spec.CID, codec, rids...)
}

// transmit negotiates the media of what was announced.
func (c *client) transmit(sid, cid string, codec webrtc.RTPCodecCapability, rids ...string) *sending {
	c.t.Helper()
	if len(rids) == 0 {
		rids = []string{""}
	}
	p := &sending{sid: sid}
	c.neg.Lock()
	for _, rid := range rids {
		p.sources = append(p.sources, &source{id: cid, rid: rid, codec: codec})
	}
	tr, err := c.pub.AddTransceiverFromTrack(p.sources[0], webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, s := range p.sources[1:] {
		if err := tr.Sender().AddEncoding(s); err != nil {
			c.t.Fatal(err)
		}
	}
	p.sender, p.mid = tr.Sender(), tr.Mid
	c.neg.Unlock()
	c.negotiate()
	for _, s := range p.sources {
		go func() { // keyframe requests come as RTCP of each source
			for {
				var packets []rtcp.Packet
				var err error
				if s.rid == "" {
					packets, _, err = p.sender.ReadRTCP()
				} else {
					packets, _, err = p.sender.ReadSimulcastRTCP(s.rid)
				}
				if err != nil {
					return
				}
				s.mu.Lock()
				for _, p := range packets {
					if _, ok := p.(*rtcp.PictureLossIndication); ok {
						s.asked++
					}
				}
				s.wantKey = true
				s.mu.Unlock()
			}
		}()
	}
	return p
}

var (
	opus = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: opusClock, Channels: 2}
	vp8  = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: videoClock}
)

func micSpec(sid string) TrackSpec {
	return TrackSpec{CID: "cid-" + sid, SID: sid, Kind: KindAudio, Source: SourceMicrophone}
}

func cameraSpec(sid string) TrackSpec {
	return TrackSpec{CID: "cid-" + sid, SID: sid, Kind: KindVideo, Source: SourceCamera, Layers: []LayerSpec{
		{Quality: QualityLow, Width: 320, Height: 180, RID: "q"},
		{Quality: QualityMedium, Width: 640, Height: 360, RID: "h"},
		{Quality: QualityHigh, Width: 1280, Height: 720, RID: "f"},
	}}
}

// every runs f at an interval until the test ends or stop is called.
func every(t testing.TB, interval time.Duration, f func()) (stop func()) {
	done := make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				f()
			}
		}
	})
	stop = func() { once.Do(func() { close(done) }); wg.Wait() }
	t.Cleanup(stop)
	return stop
}

// received is one track as a client received it.
type received struct {
	mime    string
	packets []rtp.Header
	pics    []uint16
	tl0s    []uint8
	sizes   []int
	again   []bool        // came over RTX
	whole   []*rtp.Packet // but VP8 without a dependency descriptor
	bodies  []uint32      // sums of the payloads (see bodyOf)
	depends uint8         // id of the dependency descriptor
	ended   bool
}

func (c *client) onTrack(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	sid := track.ID()
	c.change(func() {
		if c.tracks[sid] == nil {
			c.tracks[sid] = &received{}
		}
		c.tracks[sid].mime, c.tracks[sid].ended = track.Codec().MimeType, false
		for _, e := range receiver.GetParameters().HeaderExtensions {
			if e.URI == extDependency {
				c.tracks[sid].depends = uint8(e.ID)
			}
		}
	})
	go func() {
		for {
			p, a, err := track.ReadRTP()
			if err != nil {
				c.change(func() { c.tracks[sid].ended = true })
				return
			}
			again := a.Get(webrtc.AttributeRtxSequenceNumber) != nil
			c.change(func() { c.tracks[sid].note(p, again, track.Kind() == webrtc.RTPCodecTypeVideo) })
		}
	}()
}

func (r *received) note(p *rtp.Packet, again, video bool) {
	r.packets, r.again = append(r.packets, p.Header), append(r.again, again)
	r.sizes, r.bodies = append(r.sizes, len(p.Payload)), append(r.bodies, bodyOf(r.mime, p.Payload))
	if packet.CodecOf(r.mime) != packet.VP8 || r.depends != 0 && p.GetExtension(r.depends) != nil {
		r.whole = append(r.whole, p)
	}
	if video && packet.CodecOf(r.mime) == packet.VP8 && len(p.Payload) > 6 {
		r.pics = append(r.pics, binary.BigEndian.Uint16(p.Payload[2:])&0x7fff)
		r.tl0s = append(r.tl0s, p.Payload[4])
	}
}

// bodyOf is a sum of all of a payload that a server has no business to change: not the picture id
// and TL0PICIDX of VP8 and VP9, which go on through switches.
func bodyOf(mime string, payload []byte) uint32 {
	b := bytes.Clone(payload)
	switch packet.CodecOf(mime) {
	case packet.VP8:
		if d, ok := packet.ParseVP8(b); ok {
			d.Rewrite(b, 0, 0)
		}
	case packet.VP9:
		if d, ok := packet.ParseVP9(b); ok {
			d.Rewrite(b, 0, 0)
		}
	}
	return crc32.ChecksumIEEE(b)
}

func (c *client) count(sid string) int {
	if r := c.tracks[sid]; r != nil {
		return len(r.packets)
	}
	return 0
}

// inOrder sorts what was received by sequence number: what was lost on the way here and asked for
// again comes late.
func (r *received) inOrder() {
	index := make([]int, len(r.packets))
	for i := range index {
		index[i] = i
	}
	first := r.packets[0].SequenceNumber
	slices.SortStableFunc(index, func(a, b int) int {
		return cmp.Compare(int16(r.packets[a].SequenceNumber-first), int16(r.packets[b].SequenceNumber-first))
	})
	sorted := received{mime: r.mime, ended: r.ended}
	for _, i := range index {
		if n := len(sorted.packets); n > 0 && sorted.packets[n-1].SequenceNumber == r.packets[i].SequenceNumber &&
			(r.again[i] || sorted.again[n-1]) && r.sameAs(i, &sorted, n-1) {
			continue // asked for twice, or late and asked for: both copies came
		}
		sorted.packets, sorted.sizes = append(sorted.packets, r.packets[i]), append(sorted.sizes, r.sizes[i])
		sorted.again = append(sorted.again, r.again[i])
		if len(r.pics) == len(r.packets) {
			sorted.pics, sorted.tl0s = append(sorted.pics, r.pics[i]), append(sorted.tl0s, r.tl0s[i])
		}
	}
	*r = sorted
}

// sameAs says whether two packets of one number are copies as far as they were noted.
func (r *received) sameAs(i int, o *received, j int) bool {
	if r.packets[i].Timestamp != o.packets[j].Timestamp || r.packets[i].Marker != o.packets[j].Marker || r.sizes[i] != o.sizes[j] {
		return false
	}
	return len(r.pics) != len(r.packets) || r.pics[i] == o.pics[j] && r.tl0s[i] == o.tl0s[j]
}
