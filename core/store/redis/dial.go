package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	goredis "github.com/redis/go-redis/v9"
)

// newDialer returns the driver's dialer, whose connections it asks before it uses them
// again whether the server has closed them: with TLS, too, where its own don't say, and a
// run would fail for each of them after the server was restarted, or this instance frozen.
//
// Without TLS, of a server that hangs up before it has said anything their error says what
// is probably wrong: the driver has "EOF" for it, which also a server that restarts is.
func newDialer(o *goredis.Options) func(ctx context.Context, network, address string) (net.Conn, error) {
	dial := goredis.NewDialer(o)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		switch conn := conn.(type) {
		case *net.TCPConn:
			return &plainConn{TCPConn: conn}, nil
		case *tls.Conn:
			if inner, ok := conn.NetConn().(syscall.Conn); ok {
				return &tlsConn{conn, inner}, nil
			}
		}
		return conn, nil
	}
}

// tlsConn is a connection with TLS that the driver can ask whether it is alive. Between two
// commands there is nothing to read: whatever is there is the server's goodbye, or has the
// connection be replaced for nothing.
type tlsConn struct {
	*tls.Conn
	inner syscall.Conn
}

// SyscallConn implements [syscall.Conn].
func (c *tlsConn) SyscallConn() (syscall.RawConn, error) { return c.inner.SyscallConn() }

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
