package sfu

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

const (
	turnRealm = "preau"
	// turnLife is the least that credentials are good for: the token of who joins may end at the door.
	turnLife = 10 * time.Minute
)

// turnServer is the embedded TURN (RFC 8656) over UDP, TCP and whatever carries TLS for us. Its
// relays reach this node's media port and nothing else, so that it cannot be used as an open proxy.
type turnServer struct {
	secret  []byte
	server  *turn.Server
	port    uint16 // over UDP
	streams *turnStreams
}

func newTURNServer(conns []*net.UDPConn, secret []byte, relays *relayTable, m *metrics, log logging.LoggerFactory) (*turnServer, error) {
	t := &turnServer{secret: secret, port: localAddr(conns[0]).Port(), streams: newTURNStreams(relays, m)}
	may := func(_ net.Addr, peer net.IP) bool {
		a, ok := netip.AddrFromSlice(peer)
		if ok = ok && relays.reachesHost(a); !ok {
			m.turnRefused[turnPeer].Inc()
		}
		return ok
	}
	config := turn.ServerConfig{
		Realm: turnRealm, LoggerFactory: log, AuthHandler: t.authenticate,
		// Relays are in this process and know no family of their own: one that is not asked for
		// by family must be of one that the media port has.
		StrictAddressFamily: relays.hasIPv4(),
		EventHandler: turn.EventHandler{
			OnAllocationCreated: func(from, at net.Addr, _, _, _ string, _ net.Addr, _ int) { t.streams.settle(from, at) },
			OnAllocationDeleted: func(from, at net.Addr, _, _, _ string) { t.streams.end(from, at) },
			OnAllocationError:   func(_, _ net.Addr, _, _ string) { m.turnRefused[turnRequest].Inc() },
		},
		ListenerConfigs: []turn.ListenerConfig{{Listener: t.streams, RelayAddressGenerator: relays, PermissionHandler: may}},
	}
	for _, c := range conns {
		config.PacketConnConfigs = append(config.PacketConnConfigs, turn.PacketConnConfig{
			PacketConn: turnSocket{c, relays, m}, RelayAddressGenerator: relays, PermissionHandler: may,
		})
	}
	var err error
	if t.server, err = turn.NewServer(config); err != nil {
		return nil, fmt.Errorf("starting TURN: %w", err)
	}
	return t, nil
}

// credentials end at a time and name the participant: "EXPIRY:PARTICIPANT", and the HMAC-SHA-256 of
// that as password.
func (t *turnServer) credentials(participant string, until time.Time) (username, password string) {
	username = strconv.FormatInt(until.Unix(), 10) + ":" + participant
	return username, t.password(username)
}

func (t *turnServer) password(username string) string {
	mac := hmac.New(sha256.New, t.secret)
	mac.Write([]byte(username))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// authenticate finds the participant that a username is for, and the key of its password. Credentials
// that have ended make no new allocation; those made before are refreshed with them for as long as
// their client stays (RFC 8656, 7), which is told new ones only when it comes back.
func (t *turnServer) authenticate(ra *turn.RequestAttributes) (participant string, key []byte, ok bool) {
	expiry, participant, found := strings.Cut(ra.Username, ":")
	until, err := strconv.ParseInt(expiry, 10, 64)
	ended := time.Now().Unix() > until && ra.Method == stun.MethodAllocate
	if !found || err != nil || ended {
		return "", nil, false
	}
	return participant, turn.GenerateAuthKey(ra.Username, ra.Realm, t.password(ra.Username)), true
}

// iceServers is what a participant's client is told. Each URL costs it a socket and time, so there
// are few: UDP at one address a family, TCP at one address, TLS under the name that its
// certificate is for (empty: none).
func (t *turnServer) iceServers(participant string, life time.Duration, announced []netip.Addr, tlsAt string) []ICEServer {
	var urls []string
	for _, like := range []netip.Addr{relay4.Addr(), relay6.Addr()} {
		if family := ofFamily(announced, like); len(family) > 0 {
			urls = append(urls, fmt.Sprintf("turn:%s?transport=udp", netip.AddrPortFrom(family[0], t.port)))
		}
	}
	if at := t.streams.addr; at.IsValid() {
		urls = append(urls, fmt.Sprintf("turn:%s?transport=tcp", netip.AddrPortFrom(announced[0], at.Port())))
	}
	if tlsAt != "" {
		urls = append(urls, fmt.Sprintf("turns:%s?transport=tcp", tlsAt))
	}
	user, password := t.credentials(participant, time.Now().Add(max(life, turnLife)))
	return []ICEServer{{URLs: urls, Username: user, Credential: password}}
}
