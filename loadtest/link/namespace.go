package link

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace as `ip netns` names it: another host.
type namespace string

func newNamespace() (namespace, error) {
	var id [4]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", err
	}
	n := namespace("preau-" + hex.EncodeToString(id[:]))
	return n, ip("netns", "add", string(n))
}

func (n namespace) remove() error { return ip("netns", "del", string(n)) }

// do runs work on a thread that stands in the namespace; a socket or device
// opened there stays there.
func (n namespace) do(work func() error) error {
	done := make(chan error)
	go func() { done <- n.enter(work) }()
	return <-done
}

// enter never gives its thread back where it could not be moved home again: the
// runtime ends a thread whose goroutine ends while locked to it.
func (n namespace) enter(work func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	there, err := os.Open(filepath.Join("/run/netns", string(n)))
	if err != nil {
		return err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter namespace %s: %w", n, err)
	}
	err = work()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, fmt.Errorf("leave namespace %s: %w", n, back))
	}
	runtime.UnlockOSThread()
	return err
}

// ip runs iproute2's program. Ten seconds are an age for it.
func ip(words ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "ip", words...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
