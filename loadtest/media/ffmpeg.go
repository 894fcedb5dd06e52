package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// cacheVersion is raised when the arguments below change what they make.
const cacheVersion = 1

// speech is a voice's stand-in: a second of a gliding tone, a second of silence.
const speech = "aevalsrc=exprs='if(lt(mod(t,2),1),0.4*sin(2*PI*(220+40*sin(6*t))*t),0)':s=48000:d=4"

// encoders are ffmpeg's arguments for each codec: real time settings, no frames
// that refer to later ones, and a keyframe at the beginning alone.
func encoders() map[Codec][]string {
	gop := strconv.Itoa(10 * Frames)
	x264 := func(profile, slices string) []string {
		return []string{
			"-profile:v", profile, "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency",
			"-x264-params", "aud=1:scenecut=0:" + slices + ":keyint=" + gop, "-f", "h264",
		}
	}
	return map[Codec][]string{
		Opus:         {"-c:a", "libopus", "-application", "voip", "-frame_duration", "20", "-page_duration", "20000", "-f", "ogg"},
		VP8:          {"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-auto-alt-ref", "0", "-error-resilient", "1", "-g", gop, "-f", "ivf"},
		VP9:          {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-auto-alt-ref", "0", "-error-resilient", "1", "-g", gop, "-f", "ivf"},
		AV1:          {"-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-g", gop, "-f", "ivf"},
		H264Baseline: x264("baseline", "slices=1"),
		H264High:     x264("high", "slices=1"),
		H264Slices:   x264("baseline", "slice-max-size=1000"),
		H265: {
			"-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency",
			"-x265-params", "aud=1:scenecut=0:info=0:log-level=error:keyint=" + gop, "-f", "hevc",
		},
	}
}

func (s Spec) fileName() string {
	return fmt.Sprintf("%d-%s-%dx%d-%dk-%d", cacheVersion, s.Codec, s.Width, s.Height, s.Kilobits, s.Channels)
}

func (s Spec) arguments() ([]string, error) {
	encoder, ok := encoders()[s.Codec]
	if !ok {
		return nil, errors.New("no such encoder")
	}
	if s.Codec == Opus {
		in := []string{"-f", "lavfi", "-i", speech, "-ac", strconv.Itoa(max(1, s.Channels)), "-b:a", strconv.Itoa(max(16, s.Kilobits)) + "k"}
		return append(in, encoder...), nil
	}
	source := fmt.Sprintf("testsrc2=size=%dx%d:rate=%d", s.Width, s.Height, FrameRate)
	in := []string{"-f", "lavfi", "-i", source, "-frames:v", strconv.Itoa(Frames), "-pix_fmt", "yuv420p", "-b:v", strconv.Itoa(s.Kilobits) + "k"}
	return append(in, encoder...), nil
}

// run encodes into a file of another name first: two programs may want the same
// clip at once, and what has the right name must be whole.
func (s Spec) run(ctx context.Context, path string) error {
	arguments, err := s.arguments()
	if err != nil {
		return err
	}
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
	}
	unfinished, err := os.CreateTemp(filepath.Dir(path), "unfinished-*")
	if err != nil {
		return err
	}
	defer os.Remove(unfinished.Name()) // gone already where all went well
	if err := unfinished.Close(); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, append(append([]string{"-hide_banner", "-loglevel", "error", "-nostdin", "-y"}, arguments...), unfinished.Name())...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return os.Rename(unfinished.Name(), path)
}
