package livekit

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"io"
	"slices"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/classpb"
)

// Topics under which LiveKit's components chat.
const (
	chatTopic       = "lk.chat"
	legacyChatTopic = "lk-chat-topic"
	legacyEditTopic = "lk-chat-update-topic"
)

// Bounds of chat streams being received from one participant.
const (
	maxChatBytes   = 16 << 10
	maxChatStreams = 8
)

// Chat is what a participant says by LiveKit's means.
type Chat struct {
	Text string
	To   []string // identities; empty: everyone
}

// Command is the class command that says it. ids turns identities into participants; what is for
// several people is not a thing of the class: nil.
func (c Chat) Command(ids func(identity string) string) *classpb.Command {
	to := &classpb.ChatTarget{To: &classpb.ChatTarget_Everyone{Everyone: true}}
	switch len(c.To) {
	case 0:
	case 1:
		to.To = &classpb.ChatTarget_Participant{Participant: ids(c.To[0])}
	default:
		return nil
	}
	return &classpb.Command{Body: &classpb.Command_SendChat{SendChat: &classpb.SendChat{To: to, Text: c.Text}}}
}

// ChatReader gathers the chat messages out of one participant's data packets. The zero value is
// ready; it holds at most eight unfinished messages and forgets the oldest.
type ChatReader struct {
	streams []chatStream
}

type chatStream struct {
	id   string
	to   []string
	text []byte
	lost bool // too long: swallowed to its end
}

// Take looks at a packet. chat: a message is complete. mine: the packet was chat and is not to be
// passed on.
func (r *ChatReader) Take(p *lk.DataPacket) (chat *Chat, mine bool) {
	switch v := p.GetValue().(type) {
	case *lk.DataPacket_ChatMessage:
		if m := v.ChatMessage; !m.GetDeleted() && m.EditTimestamp == nil {
			return &Chat{Text: m.GetMessage(), To: Destinations(p)}, true
		}
		return nil, true
	case *lk.DataPacket_User:
		return legacyChat(p, v.User)
	case *lk.DataPacket_StreamHeader:
		return r.header(p, v.StreamHeader)
	case *lk.DataPacket_StreamChunk:
		return nil, r.chunk(v.StreamChunk)
	case *lk.DataPacket_StreamTrailer:
		return r.trailer(v.StreamTrailer)
	}
	return nil, false
}

// legacyChat: components send every message twice, and mark the old form when the server knows
// the new one.
func legacyChat(p *lk.DataPacket, u *lk.UserPacket) (*Chat, bool) {
	switch u.GetTopic() {
	case legacyEditTopic:
		return nil, true
	case legacyChatTopic:
	default:
		return nil, false
	}
	var m struct {
		Message      string `json:"message"`
		IgnoreLegacy bool   `json:"ignoreLegacy"`
	}
	if err := json.Unmarshal(u.GetPayload(), &m); err != nil || m.IgnoreLegacy {
		return nil, true
	}
	return &Chat{Text: m.Message, To: Destinations(p)}, true
}

func (r *ChatReader) header(p *lk.DataPacket, h *lk.DataStream_Header) (*Chat, bool) {
	if h.GetTopic() != chatTopic {
		return nil, false
	}
	if h.InlineContent != nil {
		text, ok := inflate(h.GetInlineContent(), h.GetCompression())
		if !ok {
			return nil, true
		}
		return &Chat{Text: string(text), To: Destinations(p)}, true
	}
	if len(h.GetStreamId()) > maxTrackName {
		return nil, true
	}
	if len(r.streams) == maxChatStreams {
		r.streams = slices.Delete(r.streams, 0, 1)
	}
	r.streams = append(r.streams, chatStream{
		id: h.GetStreamId(), to: Destinations(p),
		// Edits and reactions are not chat messages; compressed chunks need the whole stream.
		lost: h.GetTextHeader().GetOperationType() != lk.DataStream_CREATE ||
			h.GetCompression() != lk.DataStream_NONE,
	})
	return nil, true
}

func (r *ChatReader) chunk(c *lk.DataStream_Chunk) bool {
	i := r.find(c.GetStreamId())
	if i < 0 {
		return false
	}
	s := &r.streams[i]
	if s.lost = s.lost || len(s.text)+len(c.GetContent()) > maxChatBytes; !s.lost {
		s.text = append(s.text, c.GetContent()...)
	}
	return true
}

func (r *ChatReader) trailer(t *lk.DataStream_Trailer) (*Chat, bool) {
	i := r.find(t.GetStreamId())
	if i < 0 {
		return nil, false
	}
	s := r.streams[i]
	r.streams = slices.Delete(r.streams, i, i+1)
	if s.lost || t.GetReason() != "" {
		return nil, true
	}
	return &Chat{Text: string(s.text), To: s.to}, true
}

func (r *ChatReader) find(id string) int {
	return slices.IndexFunc(r.streams, func(s chatStream) bool { return s.id == id })
}

func inflate(b []byte, c lk.DataStream_CompressionType) ([]byte, bool) {
	switch c {
	case lk.DataStream_NONE:
		return b, len(b) <= maxChatBytes
	case lk.DataStream_DEFLATE_RAW:
		out, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), maxChatBytes+1))
		return out, err == nil && len(out) <= maxChatBytes
	}
	return nil, false
}

// ChatPackets are a chat message of the class as a text stream from its sender. They carry no
// sequence number: they do not come from the sender's own channel.
func ChatPackets(m *classpb.ChatMessage, sid, identity string, to []string) []*lk.DataPacket {
	text := []byte(m.GetText())
	length := uint64(len(text))
	header := &lk.DataStream_Header{
		StreamId: m.GetId(), Timestamp: m.GetTimeMs(), Topic: chatTopic, MimeType: "text/plain",
		TotalLength:   &length,
		ContentHeader: &lk.DataStream_Header_TextHeader{TextHeader: &lk.DataStream_TextHeader{}},
	}
	chunk := &lk.DataStream_Chunk{StreamId: m.GetId(), Content: text}
	trailer := &lk.DataStream_Trailer{StreamId: m.GetId()}
	packets := []*lk.DataPacket{
		{Value: &lk.DataPacket_StreamHeader{StreamHeader: header}},
		{Value: &lk.DataPacket_StreamChunk{StreamChunk: chunk}},
		{Value: &lk.DataPacket_StreamTrailer{StreamTrailer: trailer}},
	}
	for _, p := range packets {
		From(p, sid, identity)
		p.DestinationIdentities = to
	}
	return packets
}
