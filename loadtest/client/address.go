package client

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

const (
	protocolVersion = 16
	sdkVersion      = "2.18.0"
)

// Form is how a client says in an address what it wants.
type Form uint8

// The forms in use among LiveKit's clients.
const (
	FormDefault Form = iota
	FormQuery        // /rtc?auto_subscribe=…: two connections
	FormRequest      // /rtc?join_request=…: one connection, as the Go client
	FormV1           // /rtc/v1?join_request=…: one connection, as the browser's
)

// visit is one attempt to open a socket.
type visit struct {
	token  string
	form   Form
	resume string // the "PA_…" to come back as; empty: join
	reason livekit.ReconnectReason
	offer  *livekit.SessionDescription
}

// form is the one in use: a client that fell back to two connections stays there.
func (c *Client) form(single bool) Form {
	switch {
	case !single:
		return FormQuery
	case c.opts.Form == FormDefault:
		return FormV1
	}
	return c.opts.Form
}

// address is the websocket's address.
func (c *Client) address(v visit) (*url.URL, error) {
	u, err := url.Parse(c.base)
	if err != nil {
		return nil, fmt.Errorf("server address: %w", err)
	}
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	u.Path = strings.TrimRight(u.Path, "/") + "/rtc"
	q := url.Values{"access_token": {v.token}}
	if v.form == FormQuery {
		c.query(q, v)
	} else {
		if v.form == FormV1 {
			u.Path += "/v1"
		}
		wrapped, err := c.joinRequest(v)
		if err != nil {
			return nil, err
		}
		q.Set("join_request", wrapped)
	}
	u.RawQuery = q.Encode()
	return u, nil
}

func (c *Client) query(q url.Values, v visit) {
	q.Set("auto_subscribe", map[bool]string{true: "0", false: "1"}[c.opts.NoSubscribe])
	q.Set("sdk", "go")
	q.Set("version", sdkVersion)
	q.Set("protocol", strconv.Itoa(protocolVersion))
	if v.resume != "" {
		q.Set("reconnect", "1")
		q.Set("sid", v.resume)
		q.Set("reconnect_reason", strconv.Itoa(int(v.reason)))
	}
}

func (c *Client) joinRequest(v visit) (string, error) {
	request, err := proto.Marshal(&livekit.JoinRequest{
		ClientInfo:            &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Version: sdkVersion, Protocol: protocolVersion, Os: "linux"},
		ConnectionSettings:    &livekit.ConnectionSettings{AutoSubscribe: !c.opts.NoSubscribe},
		ParticipantAttributes: c.opts.Attributes,
		PublisherOffer:        v.offer,
		Reconnect:             v.resume != "", ParticipantSid: v.resume, ReconnectReason: v.reason,
	})
	if err != nil {
		return "", fmt.Errorf("join request: %w", err)
	}
	wrapped := &livekit.WrappedJoinRequest{JoinRequest: request}
	if !c.opts.Plain {
		wrapped.Compression = livekit.WrappedJoinRequest_GZIP
		if wrapped.JoinRequest, err = compressed(request); err != nil {
			return "", fmt.Errorf("join request: %w", err)
		}
	}
	b, err := proto.Marshal(wrapped)
	return base64.URLEncoding.EncodeToString(b), err
}

func compressed(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
