package livekit

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

func wrap(t testing.TB, r *lk.JoinRequest, zip bool) string {
	t.Helper()
	inner, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	w := &lk.WrappedJoinRequest{JoinRequest: inner}
	if zip {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(inner); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		w.JoinRequest, w.Compression = b.Bytes(), lk.WrappedJoinRequest_GZIP
	}
	outer, err := proto.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return base64.URLEncoding.EncodeToString(outer)
}

func TestParseJoinWrapped(t *testing.T) {
	asked := &lk.JoinRequest{
		ClientInfo:            &lk.ClientInfo{Sdk: lk.ClientInfo_JS, Browser: "Firefox"},
		ConnectionSettings:    &lk.ConnectionSettings{AutoSubscribe: true},
		PublisherOffer:        &lk.SessionDescription{Type: "offer", Sdp: "v=0", Id: 7},
		ParticipantAttributes: map[string]string{"role": "teacher", "hand": "raised", "seat": "3"},
	}
	for name, zip := range map[string]bool{"plain": false, "gzip": true} {
		t.Run(name, func(t *testing.T) {
			for _, form := range []string{wrap(t, asked, zip), strings.TrimRight(wrap(t, asked, zip), "=")} {
				j, err := ParseJoin(url.Values{"join_request": {form}})
				if err != nil {
					t.Fatal(err)
				}
				if !j.Single || !j.FullICE() || j.GetPublisherOffer().GetId() != 7 {
					t.Errorf("got %v", j)
				}
				if a := j.GetParticipantAttributes(); len(a) != 1 || a["seat"] != "3" {
					t.Errorf("attributes %v: role and hand are not the client's to say", a)
				}
			}
		})
	}
}

func TestParseJoinQuery(t *testing.T) {
	q, err := url.ParseQuery("auto_subscribe=0&sdk=js&reconnect=1&sid=PA_1&protocol=17&browser=chrome&disable_ice_lite=1" +
		"&subscriber_allow_pause=0&attributes=" + base64.RawURLEncoding.EncodeToString([]byte(`{"a":"b","role":"teacher"}`)))
	if err != nil {
		t.Fatal(err)
	}
	j, err := ParseJoin(q)
	if err != nil {
		t.Fatal(err)
	}
	s := j.GetConnectionSettings()
	if j.Single || s.GetAutoSubscribe() || !s.GetDisableIceLite() || s.SubscriberAllowPause == nil || *s.SubscriberAllowPause {
		t.Errorf("settings %v", s)
	}
	if !j.GetReconnect() || j.GetParticipantSid() != "PA_1" || !j.FullICE() || j.GetClientInfo().GetSdk() != lk.ClientInfo_JS {
		t.Errorf("got %v", j)
	}
	if a := j.GetParticipantAttributes(); len(a) != 1 || a["a"] != "b" {
		t.Errorf("attributes %v", a)
	}
	if j, err = ParseJoin(url.Values{}); err != nil || !j.GetConnectionSettings().GetAutoSubscribe() {
		t.Errorf("an empty query subscribes automatically: %v %v", j, err)
	}
}

func TestParseJoinRefusesABomb(t *testing.T) {
	bomb := &lk.JoinRequest{Metadata: strings.Repeat("a", 4<<20)}
	if _, err := ParseJoin(url.Values{"join_request": {wrap(t, bomb, true)}}); err == nil {
		t.Error("four megabytes out of a few kilobytes were taken")
	}
}

func TestParseJoinRefusesGarbage(t *testing.T) {
	for _, s := range []string{"%%%", "AAAA", base64.URLEncoding.EncodeToString([]byte{8, 9}), "CAESBAAAAAA"} {
		if j, err := ParseJoin(url.Values{"join_request": {s}}); err == nil {
			t.Errorf("%q gave %v", s, j)
		}
	}
}

func FuzzJoinRequest(f *testing.F) {
	f.Add(wrap(f, &lk.JoinRequest{ParticipantSid: "PA_x", ParticipantAttributes: map[string]string{"role": "teacher"}}, true), "")
	f.Add(wrap(f, &lk.JoinRequest{PublisherOffer: &lk.SessionDescription{Sdp: "v=0"}}, false), "")
	f.Add("", "eyJyb2xlIjoidGVhY2hlciJ9")
	f.Fuzz(func(t *testing.T, wrapped, attributes string) {
		j, err := ParseJoin(url.Values{"join_request": {wrapped}, "attributes": {attributes}})
		if err != nil {
			return
		}
		if j.ClientInfo == nil || j.ConnectionSettings == nil {
			t.Error("parts are missing")
		}
		if _, ok := j.GetParticipantAttributes()[AttributeRole]; ok {
			t.Error("a client gave itself a role")
		}
	})
}

// Firefox is known by its User-Agent: its livekit-client does not say which browser it runs in.
func TestFirefoxIsToldByItsUserAgent(t *testing.T) {
	for agent, full := range map[string]bool{
		"Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0":                                           true,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36":            false,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 FxiOS/153.0 Mobile/15E148 Safari/604": false,
		"": false,
	} {
		j, err := ParseJoin(url.Values{})
		if err != nil {
			t.Fatal(err)
		}
		j.SentBy(agent)
		if j.FullICE() != full {
			t.Errorf("full ICE for %q: %v", agent, j.FullICE())
		}
	}
}
