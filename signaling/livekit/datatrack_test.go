package livekit

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/datatrack"
	lk "github.com/livekit/protocol/livekit"
)

// dataFrame is a packet of a data track: header, an extension if asked for, "payload".
func dataFrame(t testing.TB, h datatrack.Header, extension bool) []byte {
	t.Helper()
	if extension {
		e, err := datatrack.NewExtensionUserTimestamp(7).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		h.HasExtensions, h.Extensions = true, []datatrack.Extension{e}
	}
	b := make([]byte, h.MarshalSize())
	if _, err := h.MarshalTo(b); err != nil {
		t.Fatal(err)
	}
	return append(b, "payload"...)
}

// The handle is rewritten in a copy; all else, extensions too, is as it was.
func TestDataTrackPacketIsRewritten(t *testing.T) {
	for _, extension := range []bool{false, true} {
		b := dataFrame(t, datatrack.Header{Handle: 0x1234, SequenceNumber: 0xffff, FrameNumber: 9, Timestamp: 1 << 31, IsStartOfFrame: true}, extension)
		was := bytes.Clone(b)
		p, err := ReadDataTrackPacket(b)
		if err != nil || p.Handle != 0x1234 || !p.Start || p.Frame != 9 {
			t.Fatalf("got %+v, %v", p, err)
		}
		out := p.To(0xabcd)
		want := slices.Concat(was[:2], []byte{0xab, 0xcd}, was[4:])
		if !bytes.Equal(out, want) || !bytes.Equal(b, was) {
			t.Errorf("got  %x\nwant %x", out, want)
		}
	}
}

func TestDataTrackPacketRefuses(t *testing.T) {
	good := dataFrame(t, datatrack.Header{Handle: 1}, true)
	newer := bytes.Clone(good)
	newer[0] |= 1 << 5
	for name, b := range map[string][]byte{
		"nothing":                    nil,
		"half a header":              good[:11],
		"an extension cut short":     good[:15],
		"no handle":                  dataFrame(t, datatrack.Header{}, false),
		"a version to come":          newer,
		"more than a message may be": append(bytes.Clone(good), make([]byte, MaxPacket)...),
	} {
		if _, err := ReadDataTrackPacket(b); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzDataTrackPacket(f *testing.F) {
	for _, extension := range []bool{false, true} {
		f.Add(dataFrame(f, datatrack.Header{Handle: 1, IsFinalOfFrame: true}, extension))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ReadDataTrackPacket(b)
		if err != nil {
			return
		}
		out := p.To(77)
		again, err := ReadDataTrackPacket(out)
		if err != nil || again.Handle != 77 || len(out) != len(b) || !bytes.Equal(out[4:], b[4:]) {
			t.Errorf("its own output is not read again: %+v, %v", again, err)
		}
	})
}

// Frames are left out whole, and no right to a burst is saved up.
func TestFramePace(t *testing.T) {
	at := time.Unix(1000, 0)
	pace := FramePace{FPS: 10}
	var sent []uint16
	step := func(frame uint16, after time.Duration) {
		at = at.Add(after)
		for part := range 3 { // packets of one frame
			if pace.Take(DataTrackPacket{Frame: frame, Start: part == 0}, at) {
				sent = append(sent, frame)
			}
		}
	}
	for n := range uint16(10) { // 50 a second
		step(n, 20*time.Millisecond)
	}
	if want := []uint16{0, 0, 0, 5, 5, 5}; !slices.Equal(sent, want) {
		t.Errorf("sent %v, want %v", sent, want)
	}
	sent = nil
	step(10, time.Hour)
	step(11, time.Millisecond)
	if want := []uint16{10, 10, 10}; !slices.Equal(sent, want) {
		t.Errorf("after a pause: %v", sent)
	}
	if pace.Take(DataTrackPacket{Frame: 12}, at.Add(time.Hour)) {
		t.Error("the rest of a frame whose start was lost")
	}
	all := FramePace{}
	if !all.Take(DataTrackPacket{Frame: 1}, at) {
		t.Error("without a rate, something is left out")
	}
}

func TestDataTrackInfoIsBounded(t *testing.T) {
	r := &lk.PublishDataTrackRequest{PubHandle: 1, Name: "x", Schema: &lk.DataTrackSchemaId{Name: "s"}}
	if info, reason := NewDataTrackInfo("DTR_1", r); info.GetSchema().GetName() != "s" || reason != lk.RequestResponse_OK {
		t.Errorf("got %v, %v", info, reason)
	}
	r.ProtoReflect().SetUnknown(append([]byte{0xfa, 0x3e, 0x80, 0x40}, make([]byte, 8192)...))
	if info, reason := NewDataTrackInfo("DTR_1", r); info != nil || reason != lk.RequestResponse_INVALID_REQUEST {
		t.Errorf("8 kB of a field to come: %v", reason)
	}
}

func TestBlobKey(t *testing.T) {
	generic := func(s string) *lk.DataBlobKey { return &lk.DataBlobKey{Key: &lk.DataBlobKey_Generic{Generic: s}} }
	schema := &lk.DataBlobKey{Key: &lk.DataBlobKey_SchemaId{SchemaId: &lk.DataTrackSchemaId{Name: "a"}}}
	a, ok := BlobKey(generic("a"))
	b, also := BlobKey(schema)
	if !ok || !also || a == b {
		t.Errorf("%q and %q", a, b)
	}
	for _, k := range []*lk.DataBlobKey{nil, {}, generic(""), generic(string(make([]byte, 300)))} {
		if _, ok := BlobKey(k); ok {
			t.Errorf("%v is a key", k)
		}
	}
}
