package media

import (
	"errors"
	"io"

	"github.com/pion/webrtc/v4/pkg/media/h264reader"
	"github.com/pion/webrtc/v4/pkg/media/h265reader"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

var errEmpty = errors.New("holds no frames")

func (s Spec) read(r io.Reader) ([]Frame, error) {
	read := readIVF
	switch s.Codec {
	case Opus:
		read = readOgg
	case H264Baseline, H264High, H264Slices:
		read = readH264
	case H265:
		read = readH265
	}
	frames, err := read(r)
	if err == nil && len(frames) == 0 {
		err = errEmpty
	}
	if err == nil && s.Codec != Opus {
		frames[0].Keyframe = true // the encoders were told to make one, and no other
	}
	return frames, err
}

func readIVF(r io.Reader) ([]Frame, error) {
	ivf, _, err := ivfreader.NewWith(r)
	if err != nil {
		return nil, err
	}
	var out []Frame
	for {
		data, _, err := ivf.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Frame{Data: data})
	}
}

// silentOpus is the length in bytes up to which a packet is taken to be silence:
// encoded with a variable rate, digital silence takes less.
const silentOpus = 12

func readOgg(r io.Reader) ([]Frame, error) {
	ogg, _, err := oggreader.NewWith(r)
	if err != nil {
		return nil, err
	}
	var out []Frame
	for first := true; ; first = false {
		data, _, err := ogg.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if !first && len(data) > 0 { // the first page after the head holds the tags
			out = append(out, Frame{Data: data, Silent: len(data) <= silentOpus})
		}
	}
}

// nextNAL returns a NAL unit's bytes and whether it is an access unit delimiter.
type nextNAL func() (data []byte, delimiter bool, err error)

func readH264(r io.Reader) ([]Frame, error) {
	reader, err := h264reader.NewReader(r)
	if err != nil {
		return nil, err
	}
	return accessUnits(func() ([]byte, bool, error) {
		nal, err := reader.NextNAL()
		if err != nil {
			return nil, false, err
		}
		return nal.Data, nal.UnitType == h264reader.NalUnitTypeAUD, nil
	})
}

func readH265(r io.Reader) ([]Frame, error) {
	reader, err := h265reader.NewReader(r)
	if err != nil {
		return nil, err
	}
	return accessUnits(func() ([]byte, bool, error) {
		nal, err := reader.NextNAL()
		if err != nil {
			return nil, false, err
		}
		return nal.Data, nal.NalUnitType == h265reader.NalUnitTypeAud, nil
	})
}

// accessUnits gathers what stands between two delimiters, which are left out.
func accessUnits(next nextNAL) ([]Frame, error) {
	var out []Frame
	for {
		data, delimiter, err := next()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case delimiter:
			out = append(out, Frame{})
		case len(out) == 0:
			return nil, errors.New("does not begin with an access unit delimiter")
		default:
			unit := &out[len(out)-1]
			unit.Data = append(append(unit.Data, 0, 0, 0, 1), data...)
		}
	}
}
