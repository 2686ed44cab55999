package intelligencetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// Network is a network in the memory of a test, on which the test's clock can be one that
// jumps (testing/synctest). The zero value is one. It is safe for concurrent use.
type Network struct {
	mu        sync.Mutex
	listeners map[string]*listener
	last      int
}

type listener struct {
	network *Network
	address string
	conns   chan net.Conn
	closed  chan struct{}
}

// Listen listens at an address, a new one for a port of 0.
func (n *Network) Listen(address string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if host, port, _ := net.SplitHostPort(address); port == "0" {
		n.last++
		address = fmt.Sprintf("%s:%d", host, n.last)
	}
	l := &listener{n, address, make(chan net.Conn), make(chan struct{})}
	if n.listeners == nil {
		n.listeners = make(map[string]*listener)
	}
	n.listeners[address] = l
	return l, nil
}

// Dial connects to who listens at an address.
func (n *Network) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[address]
	n.mu.Unlock()
	if l == nil {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	if l.network.listeners[l.address] == l {
		delete(l.network.listeners, l.address)
		close(l.closed)
	}
	return nil
}

// Addr is that of a socket, as who listens expects it.
func (l *listener) Addr() net.Addr { return address(l.address) }

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }
