package main

import (
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

// freePort is one that nobody had a moment ago.
func freePort(t *testing.T, network string) string {
	t.Helper()
	if network == "tcp" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	}
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.LocalAddr().(*net.UDPAddr).Port)
}
