package link

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// Options say how a link is made; the zero value carries everything at once.
type Options struct {
	Profile Profile
	// Seed of losses and jitter. The same seed loses the same packets.
	Seed uint64
	// Net is a network of four addresses, /30, for the two ends; by default one
	// in 10.64.0.0/10 at random.
	Net netip.Prefix
	// Hold makes the link free until Begin is called.
	Hold bool
}

// Link is a host at the far end of a weak link to this machine (to the
// namespace of whoever opens it).
type Link struct {
	Near netip.Addr
	// Far is the far host's address at first; Moved, the one it has after a move.
	Far, Moved netip.Addr

	profile  Profile
	there    namespace
	devices  []*device
	down, up *pipe
	start    time.Time
	begin    chan struct{}
	begun    sync.Once
	fault    error // of the story; its goroutine's until workers are done
	stop     chan struct{}
	workers  sync.WaitGroup
}

// Open makes the host and begins to carry packets. The caller closes it.
func Open(o Options) (*Link, error) {
	if err := o.Profile.Check(); err != nil {
		return nil, fmt.Errorf("profile %q: %w", o.Profile.Name, err)
	}
	if !o.Net.IsValid() {
		var err error
		if o.Net, err = randomNet(); err != nil {
			return nil, fmt.Errorf("link: %w", err)
		}
	}
	if !o.Net.Addr().Is4() || o.Net.Bits() != 30 {
		return nil, fmt.Errorf("net %v: want four IPv4 addresses, /30", o.Net)
	}
	near := o.Net.Masked().Addr().Next()
	l := &Link{
		Near: near, Far: near.Next(), Moved: near.Next().Next(), profile: o.Profile,
		start: time.Now(), begin: make(chan struct{}), stop: make(chan struct{}),
	}
	if err := l.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("link: %w", err), l.Close())
	}
	l.run(o)
	return l, nil
}

// randomNet is a network in which no interface here has an address.
func randomNet() (netip.Prefix, error) {
	taken, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Prefix{}, err
	}
	for {
		at := netip.AddrFrom4([4]byte{10, byte(64 + rand.IntN(64)), byte(rand.IntN(256)), byte(rand.IntN(64) * 4)})
		p := netip.PrefixFrom(at, 30)
		if !slices.ContainsFunc(taken, func(a net.Addr) bool {
			had, err := netip.ParsePrefix(a.String())
			return err == nil && p.Contains(had.Addr())
		}) {
			return p, nil
		}
	}
}

// build makes the far host and a device on each side.
func (l *Link) build() (err error) {
	if l.there, err = newNamespace(); err != nil {
		return err
	}
	near, err := openDevice()
	if err != nil {
		return err
	}
	l.devices = append(l.devices, near)
	if err := near.configure("", l.Near, l.Far); err != nil {
		return err
	}
	err = l.there.do(func() error {
		far, err := openDevice()
		if err == nil {
			l.devices = append(l.devices, far)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := l.devices[1].configure(l.there, l.Far, l.Near); err != nil {
		return err
	}
	if err := ip("-n", string(l.there), "link", "set", "lo", "up"); err != nil {
		return err
	}
	return l.routeFromThere()
}

// routeFromThere leads everything there to this machine: browsers find their own address by their
// default route.
func (l *Link) routeFromThere() error {
	return ip("-n", string(l.there), "route", "add", "default", "via", l.Near.String())
}

// move gives the far host its other address: what it has open from the first one is cut off.
func (l *Link) move() error {
	near, far := l.devices[0].name, l.devices[1].name
	if err := ip("route", "replace", l.Moved.String(), "dev", near, "src", l.Near.String()); err != nil {
		return err
	}
	l.down.aim(l.Moved)
	for _, change := range [][]string{
		{"addr", "del", l.Far.String(), "peer", l.Near.String(), "dev", far},
		{"addr", "add", l.Moved.String(), "peer", l.Near.String(), "dev", far},
	} {
		if err := ip(append([]string{"-n", string(l.there)}, change...)...); err != nil {
			return err
		}
	}
	return l.routeFromThere()
}

func (l *Link) run(o Options) {
	near, far := l.devices[0], l.devices[1]
	down, up := o.Profile.Down, o.Profile.Up
	if o.Hold {
		down, up = Way{}, Way{}
	} else {
		l.Begin()
	}
	l.down = newPipe(near, far, l.Far, l.now, NewQueue(down, o.Seed, 1))
	l.up = newPipe(far, near, l.Near, l.now, NewQueue(up, o.Seed, 2))
	for _, p := range []*pipe{l.down, l.up} {
		l.workers.Go(p.read)
		l.workers.Go(func() { p.write(l.stop) })
	}
	l.workers.Go(l.follow)
}

func (l *Link) now() time.Duration { return time.Since(l.start) }

// Begin starts the profile's story if the link was opened with Hold.
func (l *Link) Begin() { l.begun.Do(func() { close(l.begin) }) }

// follow tells the story. A late wake-up does not move the steps that follow.
func (l *Link) follow() {
	select {
	case <-l.begin:
	case <-l.stop:
		return
	}
	story := l.profile
	for begin := l.now(); ; begin += story.Repeat {
		l.Set(begin, story.Down, story.Up)
		for _, s := range story.Script {
			if !l.wait(begin + s.At) {
				return
			}
			l.Set(begin+s.At, s.Down, s.Up)
			if s.Move {
				if l.fault = l.move(); l.fault != nil {
					return
				}
			}
		}
		if story.Repeat == 0 || !l.wait(begin+story.Repeat) {
			return
		}
	}
}

func (l *Link) wait(until time.Duration) bool {
	select {
	case <-time.After(until - l.now()):
		return true
	case <-l.stop:
		return false
	}
}

// Set changes the conditions from a moment of the link's time on: a moment that
// is over counts as now.
func (l *Link) Set(at time.Duration, down, up Way) {
	l.down.set(at, down)
	l.up.set(at, up)
}

// Counts is what became of the packets of both ways so far.
func (l *Link) Counts() (down, up Counts) { return l.down.counts(), l.up.counts() }

// Namespace is the far host's name for `ip netns exec`.
func (l *Link) Namespace() string { return string(l.there) }

// Do runs work on a thread at the far end: a socket opened there stays there.
// Names are not looked up there, and goroutines that work starts are here.
func (l *Link) Do(work func() error) error { return l.there.do(work) }

// Command is a program at the far end.
func (l *Link) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", string(l.there), name}, args...)...)
}

// Close lets the far host go; programs that still run there stay, cut off.
func (l *Link) Close() error {
	close(l.stop)
	var errs []error
	for _, d := range l.devices {
		errs = append(errs, d.Close())
	}
	l.workers.Wait()
	if l.fault != nil {
		errs = append(errs, fmt.Errorf("link: %w", l.fault))
	}
	if l.there != "" {
		errs = append(errs, l.there.remove())
	}
	return errors.Join(errs...)
}
