package client

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"
)

const protocolVersion = 16

// joinURL is the websocket address in the form that the mode asks for.
func joinURL(base, token string, o Options) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	u.Path = strings.TrimRight(u.Path, "/") + "/rtc"
	q := url.Values{"access_token": {token}}
	auto := !o.NoSubscribe
	if !o.SinglePC {
		q.Set("auto_subscribe", map[bool]string{true: "1", false: "0"}[auto])
		q.Set("sdk", "go")
		q.Set("version", "2.18.0")
		q.Set("protocol", "16")
		u.RawQuery = q.Encode()
		return u.String(), nil
	}
	request, err := proto.Marshal(&livekit.JoinRequest{
		ClientInfo:         &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Version: "2.18.0", Protocol: protocolVersion, Os: "linux"},
		ConnectionSettings: &livekit.ConnectionSettings{AutoSubscribe: auto},
	})
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(request); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	wrapped, err := proto.Marshal(&livekit.WrappedJoinRequest{Compression: livekit.WrappedJoinRequest_GZIP, JoinRequest: packed.Bytes()})
	if err != nil {
		return "", err
	}
	u.Path += "/v1"
	q.Set("join_request", base64.URLEncoding.EncodeToString(wrapped))
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func (c *Client) readLoop() {
	defer close(c.leftCh)
	for {
		m, err := c.read()
		if err != nil {
			return
		}
		if c.opts.OnSignal != nil {
			c.opts.OnSignal(m)
		}
		if done := c.handle(m); done {
			return
		}
	}
}

// handle takes one message of the server; true: it was the last.
func (c *Client) handle(m *livekit.SignalResponse) bool {
	switch m := m.GetMessage().(type) {
	case *livekit.SignalResponse_Answer:
		select {
		case c.answers <- m.Answer:
		case <-c.ctx.Done():
		}
	case *livekit.SignalResponse_Offer:
		if err := c.answerOffer(m.Offer); err != nil {
			c.log.Error("answer the server's offer", "participant", c.Identity(), "err", err)
		}
	case *livekit.SignalResponse_Trickle:
		c.addCandidate(m.Trickle)
	case *livekit.SignalResponse_Update:
		c.update(m.Update.GetParticipants())
	case *livekit.SignalResponse_TrackPublished:
		c.mu.Lock()
		if ch := c.published[m.TrackPublished.GetCid()]; ch != nil {
			delete(c.published, m.TrackPublished.GetCid())
			ch <- m.TrackPublished.GetTrack()
		}
		c.mu.Unlock()
	case *livekit.SignalResponse_MediaSectionsRequirement:
		c.mu.Lock()
		c.sections = m.MediaSectionsRequirement
		c.mu.Unlock()
		c.wantOffer()
	case *livekit.SignalResponse_RequestResponse:
		if m.RequestResponse.GetReason() == livekit.RequestResponse_OK {
			break
		}
		select {
		case c.refusals <- m.RequestResponse:
		default:
		}
	case *livekit.SignalResponse_Leave:
		c.mu.Lock()
		c.left = m.Leave
		c.mu.Unlock()
		return true
	}
	return false
}

func (c *Client) update(participants []*livekit.ParticipantInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range participants {
		old := c.participants[p.GetSid()]
		switch {
		case p.GetState() == livekit.ParticipantInfo_DISCONNECTED:
			delete(c.participants, p.GetSid())
		case old == nil || p.GetVersion() >= old.GetVersion():
			c.participants[p.GetSid()] = p
		}
	}
	c.noteChangeLocked()
}

// Participant is what the server last told of someone, nil if nobody such is here.
func (c *Client) Participant(identity string) *livekit.ParticipantInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.participants {
		if p.GetIdentity() == identity {
			return p
		}
	}
	return nil
}

// Others is how many other participants are known.
func (c *Client) Others() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for sid := range c.participants {
		if sid != c.SID() {
			n++
		}
	}
	return n
}

func (c *Client) addCandidate(t *livekit.TrickleRequest) {
	var init webrtc.ICECandidateInit
	if json.Unmarshal([]byte(t.GetCandidateInit()), &init) != nil {
		return
	}
	pc := c.publisher
	if t.GetTarget() == livekit.SignalTarget_SUBSCRIBER && c.subscriber != nil {
		pc = c.subscriber
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if pc.RemoteDescription() == nil {
		c.remote[t.GetTarget()] = append(c.remote[t.GetTarget()], init)
		return
	}
	_ = pc.AddICECandidate(init)
}

// flushCandidates adds those that came before the description.
func (c *Client) flushCandidates(target livekit.SignalTarget, pc *webrtc.PeerConnection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, init := range c.remote[target] {
		_ = pc.AddICECandidate(init)
	}
	delete(c.remote, target)
}
