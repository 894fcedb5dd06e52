package sfu

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// Bounds on a client's description. A class of 12 voices and a page of pictures needs some 60
// sections of 2 to 4 kB.
const (
	maxSDP      = 512 << 10
	maxSections = 192
)

// remoteSection is what we must know of one media section of a client's offer.
type remoteSection struct {
	mid   string
	kind  string // "audio", "video", "application"
	takes bool   // the client is ready to receive on it
	gives bool   // the client sends on it
	track string // the track id of its msid
}

// readOffer checks a client's description before pion sees it, and takes out what we will not
// follow: its candidates. We learn where a client is from its own connectivity checks, so that
// nobody can make this server send to a third party.
func readOffer(text string) (clean string, sections []remoteSection, err error) {
	if len(text) > maxSDP {
		return "", nil, fmt.Errorf("%w: %w", ErrDescription, ErrTooLarge)
	}
	if strayControls(text) {
		return "", nil, fmt.Errorf("%w: a carriage return or NUL inside a line", ErrDescription)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrDescription, err)
	}
	if len(d.MediaDescriptions) == 0 || len(d.MediaDescriptions) > maxSections {
		return "", nil, fmt.Errorf("%w: %d media sections", ErrDescription, len(d.MediaDescriptions))
	}
	seen := map[string]bool{}
	d.Attributes = withoutCandidates(d.Attributes)
	for _, m := range d.MediaDescriptions {
		m.Attributes = withoutCandidates(m.Attributes)
		spellH264(m)
		s := readSection(m)
		if s.mid == "" || len(s.mid) > 32 || seen[s.mid] {
			return "", nil, fmt.Errorf("%w: missing, long or repeated mid", ErrDescription)
		}
		seen[s.mid] = true
		sections = append(sections, s)
	}
	raw, err := d.Marshal()
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrDescription, err)
	}
	return string(raw), sections, nil
}

// strayControls tells of what no line may hold (byte-string in RFC 8866, 9). Readers differ about
// where such a line ends, and so would about what we took out of it.
func strayControls(text string) bool {
	return strings.Contains(text, "\x00") || strings.Count(text, "\r") != strings.Count(text, "\r\n")
}

func withoutCandidates(in []sdp.Attribute) []sdp.Attribute {
	out := in[:0]
	for _, a := range in {
		switch a.Key {
		case "candidate", "remote-candidates", "end-of-candidates":
		default:
			out = append(out, a)
		}
	}
	return out
}

func readSection(m *sdp.MediaDescription) remoteSection {
	s := remoteSection{kind: m.MediaName.Media, takes: true, gives: true}
	for _, a := range m.Attributes {
		switch a.Key {
		case "mid":
			s.mid = a.Value
		case "sendonly":
			s.takes = false
		case "recvonly":
			s.gives = false
		case "inactive":
			s.takes, s.gives = false, false
		case "msid":
			if _, track, ok := strings.Cut(a.Value, " "); ok && s.track == "" {
				s.track = strings.TrimSpace(track)
			}
		}
	}
	if m.MediaName.Port.Value == 0 && !hasAttribute(m, "bundle-only") {
		s.takes, s.gives = false, false
	}
	return s
}

// spellH264 writes out the packetization mode where an H.264 format leaves it at its default, 0
// (RFC 6184, 8.1), as Firefox does: pion would take no format without one.
func spellH264(m *sdp.MediaDescription) {
	h264 := map[string]bool{}
	for _, a := range m.Attributes {
		if format, encoding, _ := strings.Cut(a.Value, " "); a.Key == "rtpmap" {
			h264[format] = strings.HasPrefix(strings.ToLower(encoding), "h264/")
		}
	}
	for i := range m.Attributes {
		a := &m.Attributes[i]
		format, line, _ := strings.Cut(a.Value, " ")
		if a.Key == "fmtp" && h264[format] && !strings.Contains(line, "packetization-mode") {
			a.Value += ";packetization-mode=0"
		}
	}
}

func hasAttribute(m *sdp.MediaDescription, key string) bool {
	_, ok := m.Attribute(key)
	return ok
}

// finish makes pion's description what the client is to see: sections on which we send nothing are
// inactive (pion says sendonly, from which a browser would make a track that never changes its
// name), sections agree about Opus, and ICE-TCP candidates carry the announced addresses. tcpOnly
// leaves no others.
func (n *Node) finish(text string, tcpOnly bool) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return "", fmt.Errorf("reading our own description: %w", err)
	}
	agreeOnOpus(d.MediaDescriptions)
	for _, m := range d.MediaDescriptions {
		_, sends := m.Attribute("msid")
		for i := range m.Attributes {
			a := &m.Attributes[i]
			switch {
			case a.Key == "sendonly" && !sends:
				a.Key = "inactive"
			case a.Key == "sendrecv" && !sends:
				a.Key = "recvonly"
			}
		}
		m.Attributes = n.rewriteTCP(m.Attributes)
		if tcpOnly && n.tcp != nil {
			m.Attributes = slices.DeleteFunc(m.Attributes, overUDP)
		}
	}
	raw, err := d.Marshal()
	return string(raw), err
}

// agreeOnOpus gives Opus the same format parameters in all sections of one payload type: Chromium
// refuses a bundle in which they differ (RFC 8843, 9.1), and clients ask for stereo and DTX in the
// section of one microphone only. What any section has they all get, the first one's value.
func agreeOnOpus(sections []*sdp.MediaDescription) {
	lines := map[string]string{}
	eachOpus(sections, func(format string, line *string) {
		have := fmtp(lines[format])
		for _, p := range strings.Split(*line, ";") {
			key, _, _ := strings.Cut(strings.TrimSpace(p), "=")
			if _, ok := have[strings.ToLower(key)]; ok || key == "" {
				continue
			}
			lines[format] = strings.TrimPrefix(lines[format]+";"+strings.TrimSpace(p), ";")
		}
	})
	eachOpus(sections, func(format string, line *string) { *line = lines[format] })
}

// eachOpus visits the format parameters of Opus, by payload type, and writes back what f makes of them.
func eachOpus(sections []*sdp.MediaDescription, f func(format string, line *string)) {
	for _, m := range sections {
		opus := map[string]bool{}
		for _, a := range m.Attributes {
			if format, encoding, _ := strings.Cut(a.Value, " "); a.Key == "rtpmap" {
				opus[format] = strings.HasPrefix(strings.ToLower(encoding), "opus/")
			}
		}
		for i := range m.Attributes {
			a := &m.Attributes[i]
			if format, line, _ := strings.Cut(a.Value, " "); a.Key == "fmtp" && opus[format] {
				f(format, &line)
				a.Value = format + " " + line
			}
		}
	}
}

// keepSilent makes recvonly of the inactive sections of our offer that the client has answered
// inactive before. For a client that only receives on them it comes to the same, and its answer is
// inactive. But pion's clients stop a section's receiver at each inactive offer, and replace it
// only if it had a track: after the second one, the section would be deaf for ever.
func keepSilent(offer string, silent map[string]bool) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(offer); err != nil {
		return "", fmt.Errorf("reading our own offer: %w", err)
	}
	for _, m := range d.MediaDescriptions {
		if mid, _ := m.Attribute(sdp.AttrKeyMID); !silent[mid] {
			continue
		}
		for i := range m.Attributes {
			if m.Attributes[i].Key == sdp.AttrKeyInactive {
				m.Attributes[i].Key = sdp.AttrKeyRecvOnly
			}
		}
	}
	raw, err := d.Marshal()
	return string(raw), err
}

// overUDP says whether an attribute is a candidate that is not reached over TCP (RFC 8839, 5.1).
func overUDP(a sdp.Attribute) bool {
	f := strings.Fields(a.Value)
	return a.Key == "candidate" && (len(f) < 3 || !strings.EqualFold(f[2], "tcp"))
}

// rewriteTCP replaces pion's ICE-TCP candidates, which name the interfaces, by one for each
// announced address.
func (n *Node) rewriteTCP(in []sdp.Attribute) []sdp.Attribute {
	out := in[:0:0]
	done := map[netip.Addr]bool{}
	for _, a := range in {
		f := strings.Fields(a.Value)
		if a.Key != "candidate" || len(f) < 8 || !strings.EqualFold(f[2], "tcp") {
			out = append(out, a)
			continue
		}
		own, err := netip.ParseAddr(f[4])
		if err != nil {
			continue
		}
		for _, announced := range n.addrs.Announced {
			if announced.Is4() != own.Is4() || done[announced] {
				continue
			}
			done[announced] = true
			f[4] = announced.String()
			out = append(out, sdp.Attribute{Key: a.Key, Value: strings.Join(f, " ")})
		}
	}
	return out
}
