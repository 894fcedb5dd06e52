package sfu

import (
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"preau/sfu/stream"
)

const (
	// iceTCPConns and iceTCPSource bound the connections of ICE over TCP, in all and from one
	// source, which may be a whole school.
	iceTCPConns  = 1 << 14
	iceTCPSource = 1 << 12
	// iceTCPShow is how long one may say nothing, or wait for a description that names it.
	iceTCPShow = 15 * time.Second
)

// boundedListener closes connections beyond a bound as they come.
type boundedListener struct {
	net.Listener
	limit   *stream.Limit
	refused prometheus.Counter
}

// Accept waits for a connection within the bound.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if release := l.limit.Take(c.RemoteAddr()); release != nil {
			return &countedConn{c, release}, nil
		}
		l.refused.Inc()
		_ = c.Close()
	}
}

// countedConn counts itself out when it is closed.
type countedConn struct {
	net.Conn
	release func()
}

// Close closes the connection.
func (c *countedConn) Close() error {
	c.release()
	return c.Conn.Close()
}
