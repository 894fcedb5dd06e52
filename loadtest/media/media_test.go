package media

import (
	"bytes"
	"errors"
	"testing"
)

// Every codec can be encoded, and a clip has the frames that its users count on.
func TestClipsAreWhole(t *testing.T) {
	dir := t.TempDir()
	for _, codec := range []Codec{VP8, VP9, AV1, H264Baseline, H264High, H264Slices, H265} {
		clip := encoded(t, dir, Spec{Codec: codec, Width: 160, Height: 90, Kilobits: 60})
		if len(clip.Frames) != Frames {
			t.Errorf("%s: %d frames", codec, len(clip.Frames))
		}
		for i, f := range clip.Frames {
			if len(f.Data) == 0 || f.Keyframe != (i == 0) || f.Keyframe != keyframe(codec, f.Data) {
				t.Errorf("%s: frame %d: %d bytes, said to be a keyframe: %v", codec, i, len(f.Data), f.Keyframe)
			}
		}
	}
}

// keyframe reads the bytes for itself.
func keyframe(c Codec, b []byte) bool {
	switch c {
	case VP8: // RFC 6386, 9.1
		return b[0]&1 == 0
	case VP9: // profile 0: frame marker, profile, show_existing_frame, frame_type
		return b[0]&0x04 == 0
	case AV1: // a sequence header after the temporal delimiter
		return len(b) > 2 && b[2]>>3&0x0f == 1
	case H265: // IDR_W_RADL and IDR_N_LP
		return hasNAL(b, func(first byte) bool { return first>>1&0x3f == 19 || first>>1&0x3f == 20 })
	}
	return hasNAL(b, func(first byte) bool { return first&0x1f == 5 })
}

func hasNAL(b []byte, is func(first byte) bool) bool {
	for _, nal := range bytes.Split(b, []byte{0, 0, 0, 1}) {
		if len(nal) > 0 && is(nal[0]) {
			return true
		}
	}
	return false
}

func TestSpeechHasWordsAndSilence(t *testing.T) {
	clip := encoded(t, t.TempDir(), Spec{Codec: Opus, Kilobits: 32})
	silent := 0
	for _, f := range clip.Frames {
		if f.Silent {
			silent++
		}
	}
	if n := len(clip.Frames); n < 195 || n > 205 || silent < 60 || silent > 110 {
		t.Errorf("%d packets of four seconds, %d of them silent", n, silent)
	}
}

func TestClipIsEncodedOnce(t *testing.T) {
	dir, spec := t.TempDir(), Spec{Codec: VP8, Width: 160, Height: 90, Kilobits: 60}
	first := encoded(t, dir, spec)
	t.Setenv("PATH", "") // no ffmpeg to be found any more
	again := encoded(t, dir, spec)
	if !bytes.Equal(first.Frames[3].Data, again.Frames[3].Data) {
		t.Error("another clip came from the cache")
	}
	if _, err := encode(t.Context(), t.TempDir(), spec); !errors.Is(err, ErrNoFFmpeg) {
		t.Errorf("without ffmpeg: %v", err)
	}
}

func encoded(t *testing.T, dir string, s Spec) *Clip {
	t.Helper()
	clip, err := encode(t.Context(), dir, s)
	if err != nil {
		t.Fatal(err)
	}
	return clip
}
