package sfu

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
)

const (
	turnRealm = "preau"
	// turnLife is how long a client may make or refresh allocations with one set of credentials:
	// a class-long stay refreshes them at each reconnect.
	turnLife = 12 * time.Hour
	// turnQuota is how many allocations one participant may hold: each of two connections makes
	// one per address family and network interface of the client.
	turnQuota = 16
)

// turnServer is the embedded TURN (RFC 8656) over UDP. Its relays reach this node's media port
// and nothing else, so that it cannot be used as an open proxy.
type turnServer struct {
	secret []byte
	server *turn.Server
	addr   netip.AddrPort

	mu   sync.Mutex
	held map[string]int // allocations by username
}

func newTURNServer(conn *net.UDPConn, secret []byte, maker *relayMaker, log logging.LoggerFactory) (*turnServer, error) {
	t := &turnServer{secret: secret, held: map[string]int{}}
	t.addr = conn.LocalAddr().(*net.UDPAddr).AddrPort()
	server, err := turn.NewServer(turn.ServerConfig{
		Realm:         turnRealm,
		LoggerFactory: log,
		AuthHandler:   t.authenticate,
		QuotaHandler:  t.quota,
		EventHandler: turn.EventHandler{
			OnAllocationCreated: func(_, _ net.Addr, _, user, _ string, _ net.Addr, _ int) { t.count(user, 1) },
			OnAllocationDeleted: func(_, _ net.Addr, _, user, _ string) { t.count(user, -1) },
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn:            conn,
			RelayAddressGenerator: maker,
			PermissionHandler: func(_ net.Addr, peer net.IP) bool {
				a, ok := netip.AddrFromSlice(peer)
				return ok && maker.reaches(netip.AddrPortFrom(a.Unmap(), maker.media.LocalAddr().(*net.UDPAddr).AddrPort().Port()))
			},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("starting TURN: %w", err)
	}
	t.server = server
	return t, nil
}

// credentials are good for turnLife and name the participant: "EXPIRY:PARTICIPANT", and the
// HMAC-SHA-256 of that as password.
func (t *turnServer) credentials(participant string, now time.Time) (username, password string) {
	username = strconv.FormatInt(now.Add(turnLife).Unix(), 10) + ":" + participant
	return username, t.password(username)
}

func (t *turnServer) password(username string) string {
	mac := hmac.New(sha256.New, t.secret)
	mac.Write([]byte(username))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (t *turnServer) authenticate(ra *turn.RequestAttributes) (string, []byte, bool) {
	expiry, _, found := strings.Cut(ra.Username, ":")
	until, err := strconv.ParseInt(expiry, 10, 64)
	if !found || err != nil || time.Now().Unix() > until {
		return "", nil, false
	}
	return ra.Username, turn.GenerateAuthKey(ra.Username, ra.Realm, t.password(ra.Username)), true
}

func (t *turnServer) quota(username, _ string, _ net.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held[username] < turnQuota
}

func (t *turnServer) count(username string, by int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held[username] += by; t.held[username] <= 0 {
		delete(t.held, username)
	}
}

// iceServers is what a participant's client is told, for each announced address.
func (t *turnServer) iceServers(participant string, announced []netip.Addr) []ICEServer {
	user, password := t.credentials(participant, time.Now())
	var urls []string
	for _, a := range announced {
		if !slices.Contains(urls, a.String()) {
			urls = append(urls, fmt.Sprintf("turn:%s?transport=udp", netip.AddrPortFrom(a, t.addr.Port())))
		}
	}
	return []ICEServer{{URLs: urls, Username: user, Credential: password}}
}
