package livekit

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// maxJoinRequest bounds a join request after decompression, in bytes.
const maxJoinRequest = 1 << 20

// Bounds of the attributes a client brings along.
const (
	maxAttributes     = 64
	maxAttributeBytes = 16 << 10
)

// Join is what a client asks for when it opens the signal connection.
type Join struct {
	*lk.JoinRequest
	// Single: one peer connection, for which the client alone offers.
	Single bool
	// Page is the key of the page of ours whose media this is, and which enters the class by itself,
	// on /class; empty: another client.
	Page string
}

// ParseJoin reads the query of /rtc in both its forms: one wrapped join request, or one parameter
// for each thing.
func ParseJoin(q url.Values) (Join, error) {
	if q.Has("join_request") { // which may well be empty: a request with nothing but defaults
		r, err := unwrap(q.Get("join_request"))
		if err != nil {
			return Join{}, err
		}
		return Join{JoinRequest: bounded(r), Single: true, Page: q.Get("page")}, nil
	}
	r := &lk.JoinRequest{
		ClientInfo: clientInfo(q),
		ConnectionSettings: &lk.ConnectionSettings{
			AutoSubscribe:  q.Get("auto_subscribe") == "" || isTrue(q.Get("auto_subscribe")),
			AdaptiveStream: isTrue(q.Get("adaptive_stream")),
			DisableIceLite: isTrue(q.Get("disable_ice_lite")),
		},
		Reconnect:       isTrue(q.Get("reconnect")),
		ParticipantSid:  q.Get("sid"),
		ReconnectReason: lk.ReconnectReason(number(q.Get("reconnect_reason"))),
	}
	if pause := q.Get("subscriber_allow_pause"); pause != "" {
		allow := isTrue(pause)
		r.ConnectionSettings.SubscriberAllowPause = &allow
	}
	if data := q.Get("auto_subscribe_data_track"); data != "" {
		auto := isTrue(data)
		r.ConnectionSettings.AutoSubscribeDataTrack = &auto
	}
	if a := q.Get("attributes"); a != "" {
		b, err := decode64(a)
		if err != nil {
			return Join{}, fmt.Errorf("attributes: %w", err)
		}
		if err := json.Unmarshal(b, &r.ParticipantAttributes); err != nil {
			return Join{}, fmt.Errorf("attributes: %w", err)
		}
	}
	return Join{JoinRequest: bounded(r), Page: q.Get("page")}, nil
}

func unwrap(text string) (*lk.JoinRequest, error) {
	b, err := decode64(text)
	if err != nil {
		return nil, fmt.Errorf("join_request: %w", err)
	}
	wrapped := &lk.WrappedJoinRequest{}
	if err := proto.Unmarshal(b, wrapped); err != nil {
		return nil, fmt.Errorf("join_request: %w", err)
	}
	inner := wrapped.GetJoinRequest()
	switch wrapped.GetCompression() {
	case lk.WrappedJoinRequest_NONE:
	case lk.WrappedJoinRequest_GZIP:
		if inner, err = gunzip(inner); err != nil {
			return nil, fmt.Errorf("join_request: %w", err)
		}
	default:
		return nil, errors.New("join_request: unknown compression")
	}
	r := &lk.JoinRequest{}
	if err := proto.Unmarshal(inner, r); err != nil {
		return nil, fmt.Errorf("join_request: %w", err)
	}
	return r, nil
}

func gunzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, maxJoinRequest+1))
	if err != nil {
		return nil, err
	}
	if len(out) > maxJoinRequest {
		return nil, errors.New("too large when decompressed")
	}
	return out, nil
}

// decode64 takes either alphabet of RFC 4648, padded or not: clients differ.
func decode64(s string) ([]byte, error) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "="))
	return base64.RawURLEncoding.DecodeString(s)
}

// bounded drops what a client may not set here, or has too much of. The parts that the rest of the
// program reads without looking are never nil.
func bounded(r *lk.JoinRequest) *lk.JoinRequest {
	if r.ClientInfo == nil {
		r.ClientInfo = &lk.ClientInfo{}
	}
	if r.ConnectionSettings == nil {
		r.ConnectionSettings = &lk.ConnectionSettings{AutoSubscribe: true}
	}
	r.ParticipantAttributes = OwnAttributes(r.GetParticipantAttributes())
	if len(r.GetMetadata()) > maxAttributeBytes {
		r.Metadata = ""
	}
	return r
}

// OwnAttributes leaves of a client's attributes those that it may set: the class's own are not
// among them, and all of them are dropped when they are too many.
func OwnAttributes(all map[string]string) map[string]string {
	size := 0
	for k, v := range all {
		size += len(k) + len(v)
	}
	if len(all) > maxAttributes || size > maxAttributeBytes {
		return nil
	}
	delete(all, AttributeRole)
	delete(all, AttributeHand)
	return all
}

func clientInfo(q url.Values) *lk.ClientInfo {
	return &lk.ClientInfo{
		Sdk:            lk.ClientInfo_SDK(lk.ClientInfo_SDK_value[strings.ToUpper(q.Get("sdk"))]),
		Version:        q.Get("version"),
		Protocol:       number(q.Get("protocol")),
		ClientProtocol: number(q.Get("client_protocol")),
		Os:             q.Get("os"),
		OsVersion:      q.Get("os_version"),
		DeviceModel:    q.Get("device_model"),
		Browser:        q.Get("browser"),
		BrowserVersion: q.Get("browser_version"),
		Network:        q.Get("network"),
	}
}

// maxCapabilities bounds what a client may say it can do: others are told.
const maxCapabilities = 16

// Capabilities are what the client says that it can do, beyond its protocol version.
func (j Join) Capabilities() []lk.ClientInfo_Capability {
	all := j.GetClientInfo().GetCapabilities()
	return all[:min(len(all), maxCapabilities)]
}

// NoPause says whether the client would rather have the least of a video than have it paused.
func (j Join) NoPause() bool {
	c := j.GetConnectionSettings()
	return c.SubscriberAllowPause != nil && !c.GetSubscriberAllowPause()
}

// FullICE says whether the client needs a full ICE agent on the server's side.
func (j Join) FullICE() bool {
	return j.GetConnectionSettings().GetDisableIceLite() ||
		strings.EqualFold(j.GetClientInfo().GetBrowser(), "firefox")
}

// SentBy notes the browser of a User-Agent header (RFC 9110, 10.1.5) where the client has not named
// it itself: livekit-client for browsers never does. Only Firefox is told from the others.
func (j Join) SentBy(userAgent string) {
	if info := j.GetClientInfo(); info.GetBrowser() == "" && strings.Contains(userAgent, " Firefox/") {
		info.Browser = "firefox"
	}
}

func isTrue(s string) bool {
	return s == "1" || strings.EqualFold(s, "true")
}

func number(s string) int32 {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}
