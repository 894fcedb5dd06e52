// Package seal protects a peer's RTP where pion's way from a packet to the socket costs more than the encryption
// itself: straight into the place from which the packet is sent.
//
// pion negotiates, and speaks ICE and DTLS. From its handshake the keys of SRTP are made once more here (RFC 5764,
// 4.2). All RTP to the peer is then sealed by one Sealer and none by pion: two contexts under one key of AES-GCM
// would use a nonce twice. RTCP to the peer stays pion's. Of what comes from the peer, an Opener reads RTCP beside
// pion; reading can be done twice.
package seal

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/prf"
	"github.com/pion/dtls/v3/pkg/protocol/extension"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"
	"github.com/pion/srtp/v3"
)

// ErrNoKeys: the handshake was not seen, as where this side was DTLS's client, or not understood.
var ErrNoKeys = errors.New("the handshake's keys are not known")

// Handshake watches one DTLS handshake of which this side is the server: it is its key log
// (webrtc.SettingEngine.SetDTLSKeyLogWriter), and Hello its hook (SetDTLSServerHelloMessageHook).
type Handshake struct {
	mu      sync.Mutex
	master  []byte // secret
	client  []byte // random
	server  []byte // random
	suite   dtls.CipherSuiteID
	profile srtp.ProtectionProfile // 0: not known yet
}

// Hello notes the ServerHello, and sends it as it is.
func (h *Handshake) Hello(m handshake.MessageServerHello) handshake.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	random := m.Random.MarshalFixed()
	h.server = random[:]
	if m.CipherSuiteID != nil {
		h.suite = dtls.CipherSuiteID(*m.CipherSuiteID)
	}
	for _, e := range m.Extensions {
		if s, ok := e.(*extension.UseSRTP); ok && len(s.ProtectionProfiles) == 1 && len(s.MasterKeyIdentifier) == 0 {
			h.profile = srtp.ProtectionProfile(s.ProtectionProfiles[0])
		}
	}
	return &m
}

// Write takes a line of the key log: CLIENT_RANDOM, the client's random and the master secret, in hexadecimal.
func (h *Handshake) Write(line []byte) (int, error) {
	var random, secret string
	if _, err := fmt.Sscanf(strings.TrimSpace(string(line)), "CLIENT_RANDOM %s %s", &random, &secret); err != nil {
		return len(line), nil //nolint:nilerr // of another version: no keys
	}
	client, err := hex.DecodeString(random)
	if err != nil {
		return 0, err
	}
	master, err := hex.DecodeString(secret)
	if err != nil {
		return 0, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.client, h.master = client, master
	return len(line), nil
}

// Keys makes the contexts; once only, so that there is one Sealer.
func (h *Handshake) Keys() (*Sealer, *Opener, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.master == nil || h.server == nil || h.profile == 0 || hashOf(h.suite) == nil {
		return nil, nil, ErrNoKeys
	}
	c := srtp.Config{Profile: h.profile}
	if err := c.ExtractSessionKeysFromDTLS(exporter{h}, false); err != nil {
		return nil, nil, err
	}
	h.master = nil
	out, err := srtp.CreateContext(c.Keys.LocalMasterKey, c.Keys.LocalMasterSalt, c.Profile)
	if err != nil {
		return nil, nil, err
	}
	in, err := srtp.CreateContext(c.Keys.RemoteMasterKey, c.Keys.RemoteMasterSalt, c.Profile, srtp.SRTCPReplayProtection(replays))
	if err != nil {
		return nil, nil, err
	}
	return &Sealer{context: out}, &Opener{context: in}, nil
}

// exporter is RFC 5705, of TLS 1.2 and without a context.
type exporter struct{ h *Handshake }

func (e exporter) ExportKeyingMaterial(label string, _ []byte, length int) ([]byte, error) {
	seed := append(append([]byte(label), e.h.client...), e.h.server...)
	return prf.PHash(e.h.master, seed, length, hashOf(e.h.suite))
}

// hashOf is that of a cipher suite's pseudo-random function (RFC 5246, 5; RFC 5289, 3); nil: not known.
func hashOf(suite dtls.CipherSuiteID) func() hash.Hash {
	switch suite {
	case dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		dtls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, dtls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		dtls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, dtls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA:
		return sha256.New
	case dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, dtls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:
		return sha512.New384
	}
	return nil
}
