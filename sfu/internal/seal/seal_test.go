package seal

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/prf"
	"github.com/pion/dtls/v3/pkg/protocol/extension"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

var (
	master       = bytes.Repeat([]byte{7}, 48)
	clientRandom = bytes.Repeat([]byte{1}, 32)
)

// shaken is a handshake that has taken place, and the client's two contexts.
func shaken(t testing.TB, profile srtp.ProtectionProfile) (h *Handshake, out, in *srtp.Context) {
	t.Helper()
	suite := uint16(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
	hello := handshake.MessageServerHello{
		CipherSuiteID: &suite,
		Extensions: []extension.Extension{
			&extension.UseSRTP{ProtectionProfiles: []extension.SRTPProtectionProfile{extension.SRTPProtectionProfile(profile)}},
		},
	}
	h = &Handshake{}
	if sent := h.Hello(hello).(*handshake.MessageServerHello); sent.CipherSuiteID != hello.CipherSuiteID {
		t.Error("another hello is sent")
	}
	if _, err := fmt.Fprintf(h, "CLIENT_RANDOM %x %x\n", clientRandom, master); err != nil {
		t.Fatal(err)
	}
	random := hello.Random.MarshalFixed()
	c := srtp.Config{Profile: profile}
	if err := c.ExtractSessionKeysFromDTLS(material(append(clientRandom[:32:32], random[:]...)), true); err != nil {
		t.Fatal(err)
	}
	context := func(key, salt []byte) *srtp.Context {
		made, err := srtp.CreateContext(key, salt, profile)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	return h, context(c.Keys.LocalMasterKey, c.Keys.LocalMasterSalt), context(c.Keys.RemoteMasterKey, c.Keys.RemoteMasterSalt)
}

// material is RFC 5705 once more, with both randoms.
type material []byte

func (m material) ExportKeyingMaterial(label string, _ []byte, length int) ([]byte, error) {
	return prf.PHash(master, append([]byte(label), m...), length, sha256.New)
}

var profiles = []srtp.ProtectionProfile{
	srtp.ProtectionProfileAeadAes128Gcm, srtp.ProtectionProfileAeadAes256Gcm, srtp.ProtectionProfileAes128CmHmacSha1_80,
}

// What is sealed, the client reads; through a turn of the sequence numbers, with extensions and with padding.
func TestTheClientReadsWhatIsSealed(t *testing.T) {
	for _, profile := range profiles {
		t.Run(profile.String(), func(t *testing.T) {
			h, _, in := shaken(t, profile)
			sealer, _, err := h.Keys()
			if err != nil {
				t.Fatal(err)
			}
			for n := range 5 {
				header := rtp.Header{Version: 2, SSRC: 9, SequenceNumber: uint16(65534 + n), Timestamp: uint32(n), Marker: n == 4}
				if n%2 == 0 {
					_ = header.SetExtension(3, []byte{1, byte(n)})
				}
				if n > 2 {
					header.Padding, header.PaddingSize = true, 12
				}
				payload := bytes.Repeat([]byte{byte(n)}, 100+n)
				room := bytes.Repeat([]byte{0xff}, Size(&header, payload))
				size, err := sealer.Seal(room, &header, payload)
				if err != nil {
					t.Fatal(err)
				}
				plain, err := in.DecryptRTP(nil, room[:size], nil)
				if err != nil {
					t.Fatalf("packet %d: %v", n, err)
				}
				var p rtp.Packet
				if err := p.Unmarshal(plain); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(p.Payload, payload) || p.SequenceNumber != header.SequenceNumber || p.Marker != header.Marker ||
					!bytes.Equal(p.GetExtension(3), header.GetExtension(3)) {
					t.Errorf("packet %d came as %v", n, p)
				}
			}
		})
	}
}

// What the client says is read once; what was changed on the way, or repeated, or has no end of senders, is not.
func TestOnlyTheClientIsRead(t *testing.T) {
	for _, profile := range profiles {
		h, out, _ := shaken(t, profile)
		_, opener, err := h.Keys()
		if err != nil {
			t.Fatal(err)
		}
		said := func(sender uint32) []byte {
			plain, _ := (&rtcp.PictureLossIndication{SenderSSRC: sender, MediaSSRC: 2}).Marshal()
			sealed, err := out.EncryptRTCP(nil, plain, nil)
			if err != nil {
				t.Fatal(err)
			}
			return sealed
		}
		packet := said(1)
		again, spoilt := bytes.Clone(packet), bytes.Clone(packet)
		spoilt[9] ^= 1
		if _, err := opener.Open(spoilt); err == nil {
			t.Error("a spoilt packet is read")
		}
		plain, err := opener.Open(packet)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := rtcp.Unmarshal(plain); err != nil || p[0].DestinationSSRC()[0] != 2 {
			t.Errorf("read %v, %v", p, err)
		}
		if _, err := opener.Open(again); err == nil {
			t.Error("a repeated packet is read")
		}
		read := 0
		for sender := range uint32(2 * maxSenders) {
			if _, err := opener.Open(said(sender + 100)); err == nil {
				read++
			}
		}
		if read != maxSenders-1 {
			t.Errorf("%d more senders are read", read)
		}
	}
}

func TestKeysAreMadeOnceAndOnlyIfAllIsKnown(t *testing.T) {
	if _, _, err := new(Handshake).Keys(); err == nil {
		t.Error("keys of nothing")
	}
	h, _, _ := shaken(t, srtp.ProtectionProfileAeadAes128Gcm)
	unknown := *h.Hello(handshake.MessageServerHello{}).(*handshake.MessageServerHello)
	suite := uint16(0x1301)
	unknown.CipherSuiteID = &suite
	h.Hello(unknown)
	if _, _, err := h.Keys(); err == nil {
		t.Error("keys of a cipher suite that is not known")
	}
	h, _, _ = shaken(t, srtp.ProtectionProfileAeadAes128Gcm)
	if _, _, err := h.Keys(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Keys(); err == nil {
		t.Error("a second sealer under the same key")
	}
}

func FuzzOpen(f *testing.F) {
	_, out, _ := shaken(f, srtp.ProtectionProfileAeadAes128Gcm)
	plain, _ := (&rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 2, Nacks: []rtcp.NackPair{{PacketID: 3}}}).Marshal()
	sealed, _ := out.EncryptRTCP(nil, plain, nil)
	f.Add(sealed)
	f.Add(plain)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, profile := range profiles {
			h, _, _ := shaken(t, profile)
			_, opener, err := h.Keys()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := opener.Open(bytes.Clone(b)); err == nil && len(got) >= len(b) {
				t.Errorf("%d bytes of %d", len(got), len(b))
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	h, _, _ := shaken(b, srtp.ProtectionProfileAeadAes128Gcm)
	sealer, _, err := h.Keys()
	if err != nil {
		b.Fatal(err)
	}
	header := rtp.Header{Version: 2, SSRC: 9}
	_ = header.SetExtension(3, []byte{1, 2})
	payload := make([]byte, 1100)
	room := make([]byte, Size(&header, payload))
	b.ReportAllocs()
	for b.Loop() {
		header.SequenceNumber++
		if _, err := sealer.Seal(room, &header, payload); err != nil {
			b.Fatal(err)
		}
	}
}
