package signaling

import (
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestABellIsNoAttack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		school := netip.MustParseAddr("192.0.2.7")
		bell := newJoins(Limits{}.filled())
		for n := range 300 { // in ten seconds
			if !bell.allow(school) {
				t.Fatalf("pupil %d is refused", n)
			}
			time.Sleep(time.Second / 30)
		}
		attack, passed := newJoins(Limits{}.filled()), 0
		for range 1000 { // in one second
			if attack.allow(school) {
				passed++
			}
			time.Sleep(time.Millisecond)
		}
		if passed > 470 {
			t.Errorf("%d of 1,000 joins a second pass", passed)
		}
		if !attack.allow(netip.MustParseAddr("192.0.2.8")) {
			t.Error("another address pays for it")
		}
		time.Sleep(10 * time.Second)
		if !attack.allow(school) {
			t.Error("the address is never let in again")
		}
	})
}

func TestThrottleForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle(1, 2)
		th.allow(netip.MustParseAddr("192.0.2.7"))
		th.sweep(time.Now())
		if len(th.addresses) != 1 {
			t.Error("forgot an address whose bucket is not full")
		}
		time.Sleep(2 * time.Second)
		th.sweep(time.Now())
		if len(th.addresses) != 0 {
			t.Error("kept an address whose bucket is full")
		}
		for n := range maxAddresses + 10 {
			th.allow(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}))
		}
		if len(th.addresses) > maxAddresses {
			t.Errorf("%d addresses are kept", len(th.addresses))
		}
	})
}

func TestNeighboursInIPv6(t *testing.T) {
	th := newThrottle(0.001, 1)
	th.allow(netip.MustParseAddr("2001:db8:1:2::7"))
	if th.allow(netip.MustParseAddr("2001:db8:1:2::8")) {
		t.Error("a host has 2^64 buckets to choose from")
	}
	if !th.allow(netip.MustParseAddr("2001:db8:1:3::7")) {
		t.Error("the neighbour pays for it")
	}
}

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.7:5", "", "192.0.2.7"},
		{"192.0.2.7:5", "198.51.100.1", "192.0.2.7"}, // not a proxy: believed no word
		{"10.0.0.1:5", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:5", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"}, // what stands before may be forged
		{"[::1]:5", "2001:db8::1", "2001:db8::1"},
		{"10.0.0.1:5", "rubbish", "10.0.0.1"},
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"@", "", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := clientAddr(r, proxies).String(); got != c.want {
			t.Errorf("%s by %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}
