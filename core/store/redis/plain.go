package redis

import (
	"context"
	"errors"
	"fmt"
	"net"

	goredis "github.com/redis/go-redis/v9"
)

// plainDialer returns the driver's dialer for connections without TLS. Of a server that
// hangs up before it has said anything their error says what is probably wrong: the
// driver has "EOF" for it, which also a server that restarts is.
func plainDialer(o *goredis.Options) func(ctx context.Context, network, address string) (net.Conn, error) {
	dial := goredis.NewDialer(o)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
			return &plainConn{TCPConn: tcp}, nil
		}
		return conn, err
	}
}

// plainConn is a connection without TLS. It is a TCP connection otherwise, which the
// driver asks whether it is alive.
type plainConn struct {
	*net.TCPConn
	// answered is set when the server has sent anything.
	answered bool
}

// Read reads what the server has sent. It is called by one goroutine at a time.
func (c *plainConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if !c.answered && n > 0 && p[0] == tlsAlert {
		return 0, fmt.Errorf("%w: %w", errHungUp, errAlert)
	}
	if c.answered = c.answered || n > 0; c.answered || err == nil {
		return n, err
	}
	if network, ok := err.(net.Error); ok && network.Timeout() {
		return n, err
	}
	return n, fmt.Errorf("%w: %w", errHungUp, err)
}

// tlsAlert is what an alert of TLS begins with, and no reply of Redis'.
const tlsAlert = 0x15

// errHungUp is joined with its cause: of an error that wraps one alone the driver takes off
// what it takes for its own.
var errHungUp = errors.New("the server hung up without a word: if it wants TLS, as most managed ones do, the store's address begins with rediss://")

var errAlert = errors.New("it sent an alert of TLS")
