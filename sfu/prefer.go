package sfu

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// prefer puts the codecs that a publisher announced first in the sections of our answer that
// receive them: a browser sends with the first codec of the answer that it can (JSEP, RFC 9429,
// section 5.10). wanted are MIME types by mid, most wanted first.
//
// In the sections named in long, voices are asked for in frames of 60 ms: the headers of three
// packets less cost a thin link more than the sound does.
func prefer(answer string, wanted map[string][]string, long map[string]bool) (string, error) {
	if len(wanted) == 0 {
		return answer, nil
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		return "", fmt.Errorf("reading our answer: %w", err)
	}
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		if mimes := wanted[mid]; len(mimes) > 0 {
			m.MediaName.Formats = preferred(m, mimes)
		}
		if long[mid] {
			m.WithValueAttribute("ptime", "60")
		}
	}
	raw, err := d.Marshal()
	if err != nil {
		return "", fmt.Errorf("writing our answer: %w", err)
	}
	return string(raw), nil
}

// preferred are the section's payload types, those of the wanted codecs first, otherwise as they
// stood.
func preferred(m *sdp.MediaDescription, mimes []string) []string {
	rank := map[string]int{}
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		format, encoding, _ := strings.Cut(a.Value, " ")
		name, _, _ := strings.Cut(encoding, "/")
		rank[format] = slices.IndexFunc(mimes, func(mime string) bool {
			return strings.EqualFold(mime, m.MediaName.Media+"/"+name)
		})
		if rank[format] < 0 {
			rank[format] = len(mimes)
		}
	}
	formats := slices.Clone(m.MediaName.Formats)
	slices.SortStableFunc(formats, func(a, b string) int { return rank[a] - rank[b] })
	return formats
}

// announced are the codecs of the peer's own publications by the section they come on.
func (p *Peer) announced() map[string][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	wanted := map[string][]string{}
	for mid, pub := range p.byMid {
		switch {
		case pub.spec.Kind == KindAudio:
			wanted[mid] = soundsWanted(pub.spec)
		case len(pub.spec.MIMEs) > 0:
			wanted[mid] = pub.spec.MIMEs
		}
	}
	return wanted
}

// low are the sections on which the peer's microphone comes in its second rendition.
func (p *Peer) low() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	mids := map[string]bool{}
	for mid, pub := range p.byMid {
		if pub.spec.Low {
			mids[mid] = true
		}
	}
	return mids
}

// soundsWanted puts RED first where it helps. What is sealed end to end would be sealed with its
// redundancy, and nobody could take it off for a receiver without.
func soundsWanted(t TrackSpec) []string {
	if t.Sealed || t.NoRED {
		return []string{webrtc.MimeTypeOpus}
	}
	return []string{mimeRED, webrtc.MimeTypeOpus}
}
