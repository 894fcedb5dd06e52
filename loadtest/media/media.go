// Package media makes the encoded sound and pictures that synthetic participants
// send.
//
// It runs ffmpeg on its own test sources once for each kind of stream and keeps
// the files in a directory of the user's under the system's temporary one, so
// that nothing encoded has to lie in the repository. It knows nothing of RTP and
// runs no goroutine beside the program it waits for.
package media

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Codec names how a clip is encoded.
type Codec string

// What Encode can make.
const (
	Opus         Codec = "opus"
	VP8          Codec = "vp8"
	VP9          Codec = "vp9"
	AV1          Codec = "av1"
	H264Baseline Codec = "h264-baseline"
	H264High     Codec = "h264-high"
	H264Slices   Codec = "h264-slices" // baseline, each NAL unit small enough for a packet of its own
	H265         Codec = "h265"
)

// FrameRate is that of every video clip.
const FrameRate = 15

// Frames is how many frames a video clip has; its only keyframe is the first, so
// that a source which has to send a keyframe begins the clip again.
const Frames = 2 * FrameRate

// Frame is one encoded picture, or one Opus packet of 20 ms.
type Frame struct {
	Data     []byte // an access unit in Annex B for H.264 and H.265
	Keyframe bool
	Silent   bool // sound of which an encoder with DTX would not send all
}

// Clip is one encoded stream that can be sent round and round.
type Clip struct {
	Codec         Codec
	Width, Height int // 0 for sound
	Kilobits      int // a second, as asked of the encoder
	Frames        []Frame
}

// Spec says what to encode; for Opus the size is left out.
type Spec struct {
	Codec         Codec
	Width, Height int
	Kilobits      int // a second
	Channels      int // of sound; 0: one
}

// ErrNoFFmpeg is returned where there is no ffmpeg to encode with.
var ErrNoFFmpeg = errors.New("ffmpeg is needed to encode test media")

// Encode returns a clip, from the cache if it was ever made on this machine.
func Encode(ctx context.Context, s Spec) (*Clip, error) {
	dir := filepath.Join(os.TempDir(), "preau-media-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("a place for test media: %w", err)
	}
	return encode(ctx, dir, s)
}

func encode(ctx context.Context, dir string, s Spec) (*Clip, error) {
	path := filepath.Join(dir, s.fileName())
	if _, err := os.Stat(path); err != nil {
		if err := s.run(ctx, path); err != nil {
			return nil, fmt.Errorf("encode %s: %w", s.Codec, err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	frames, err := s.read(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return &Clip{Codec: s.Codec, Width: s.Width, Height: s.Height, Kilobits: s.Kilobits, Frames: frames}, nil
}

// Simulcast encodes one clip for each of the usual three sizes, smallest first.
func Simulcast(ctx context.Context, c Codec) ([]*Clip, error) {
	var out []*Clip
	for _, s := range []Spec{
		{Codec: c, Width: 320, Height: 180, Kilobits: 120},
		{Codec: c, Width: 640, Height: 360, Kilobits: 300},
		{Codec: c, Width: 1280, Height: 720, Kilobits: 700},
	} {
		clip, err := Encode(ctx, s)
		if err != nil {
			return nil, err
		}
		out = append(out, clip)
	}
	return out, nil
}
