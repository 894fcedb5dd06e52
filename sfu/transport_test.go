package sfu

import (
	"strings"
	"testing"

	"github.com/pion/dtls/v3"
	"github.com/pion/webrtc/v4"
)

// Towards clients that connect to us alone we are the passive DTLS server and ICE-lite, in both modes.
func TestServerIsLiteAndPassive(t *testing.T) {
	r := testNode(t, Options{}).Router("t/class")
	for _, one := range []bool{true, false} {
		c := join(t, r, map[bool]string{true: "PA_one", false: "PA_two"}[one], one)
		answer := c.pub.RemoteDescription().SDP
		for _, line := range []string{"a=ice-lite", "a=setup:passive"} {
			if !strings.Contains(answer, line+"\r\n") {
				t.Errorf("one connection %v: the answer has no %s", one, line)
			}
		}
	}
}

// As DTLS server we choose the cipher of SRTP, and AES-128-GCM is the cheapest: it is taken whatever
// a client would rather have, and what a client cannot do is not forced on it.
func TestCheapestCipherIsTaken(t *testing.T) {
	const (
		gcm128 = dtls.SRTP_AEAD_AES_128_GCM
		gcm256 = dtls.SRTP_AEAD_AES_256_GCM
		cm     = dtls.SRTP_AES128_CM_HMAC_SHA1_80
	)
	r := testNode(t, Options{}).Router("t/class")
	for name, c := range map[string]struct {
		offered []dtls.SRTPProtectionProfile
		want    string
	}{
		"the strongest first":   {[]dtls.SRTPProtectionProfile{gcm256, gcm128, cm}, "SRTP_AEAD_AES_128_GCM"},
		"the oldest first":      {[]dtls.SRTPProtectionProfile{cm, gcm256, gcm128}, "SRTP_AEAD_AES_128_GCM"},
		"without AES-128-GCM":   {[]dtls.SRTPProtectionProfile{cm, gcm256}, "SRTP_AEAD_AES_256_GCM"},
		"nothing but AES in CM": {[]dtls.SRTPProtectionProfile{cm}, "SRTP_AES128_CM_HMAC_SHA1_80"},
	} {
		t.Run(name, func(t *testing.T) {
			client := joinOver(t, r, "PA_"+name, true, network{settings: func(s *webrtc.SettingEngine) {
				s.SetSRTPProtectionProfiles(c.offered...)
			}})
			client.until("connected", func() bool { return client.pub.ConnectionState() == webrtc.PeerConnectionStateConnected })
			if got := cipher(client.pub); got != c.want {
				t.Errorf("media travels by %q, want %s", got, c.want)
			}
		})
	}
}

// cipher is that of a connection's media.
func cipher(pc *webrtc.PeerConnection) string {
	for _, s := range pc.GetStats() {
		if s, ok := s.(webrtc.TransportStats); ok && s.SRTPCipher != "" {
			return s.SRTPCipher
		}
	}
	return ""
}
