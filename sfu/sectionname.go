package sfu

import "github.com/pion/rtp"

// sectionName names the media section in a stream's first packets (RFC 8843, 9.2), until the receiver
// has reported on the stream. In an answer a stream is announced while it already flows; a receiver
// that hears it before the answer must not take it for that of another section. Firefox does, and
// leaves the right section without its stream.
type sectionName struct {
	mid   []byte // empty: the stream was announced before
	id    uint8  // of the header extension; 0: not negotiated
	known bool   // owned by the writer
	named rtp.Header
}

// name is h with the section's name, as long as that is needed. It is good until the next call.
func (s *sectionName) name(h *rtp.Header) *rtp.Header {
	if s.known || len(s.mid) == 0 || s.id == 0 {
		return h
	}
	extensions := append(s.named.Extensions[:0], h.Extensions...)
	s.named = *h
	s.named.Extensions = extensions
	if s.named.SetExtension(s.id, s.mid) != nil {
		return h
	}
	return &s.named
}
