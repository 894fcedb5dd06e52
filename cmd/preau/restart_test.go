package main

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// restartable is the program in a process of its own, on a directory and ports
// that it has again when it is started again.
type restartable struct {
	*process
	t         *testing.T
	arguments []string
}

func startRestartable(t *testing.T) *restartable {
	t.Helper()
	r := &restartable{t: t, arguments: []string{
		"--data", t.TempDir(), "--port", freePort(t, "tcp"), "--rtc-udp-port", freePort(t, "udp"),
		"--rtc-tcp-port", freePort(t, "tcp"), "--turn-port", freePort(t, "udp"),
	}}
	r.start()
	return r
}

func (r *restartable) start() {
	r.t.Helper()
	r.process = startProcess(r.t, r.arguments...)
}

// kill gives the program no time to say anything.
func (r *restartable) kill() {
	r.t.Helper()
	if err := r.cmd.Process.Kill(); err != nil {
		r.t.Fatal(err)
	}
	_ = r.cmd.Wait() // it tells of the kill
}

// freePort is one that nobody had a moment ago, below those that the kernel
// gives out: while the program is down, no client's socket gets it.
func freePort(t *testing.T, network string) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		if err := bindable(network, ":"+port); err == nil {
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

func bindable(network, address string) error {
	if network == "tcp" {
		l, err := net.Listen(network, address)
		if err != nil {
			return err
		}
		return l.Close()
	}
	l, err := net.ListenPacket(network, address)
	if err != nil {
		return err
	}
	return l.Close()
}
