// Package pipetest connects to a server under test in memory. Unlike the system's
// connections, those of [net.Pipe] wait by the clock of a bubble of [testing/synctest].
package pipetest

import (
	"net"
	"sync"
	"sync/atomic"
)

// Listener is a listener in memory. It is safe for concurrent use. Make one with Listen.
type Listener struct {
	connections chan net.Conn
	closed      chan struct{}
	close       func()
}

// Listen returns a listener that nobody has connected to.
func Listen() *Listener {
	l := &Listener{connections: make(chan net.Conn), closed: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.closed) })
	return l
}

// Dial returns the client's end of a new connection once the server has accepted it, and
// nil if the listener is closed.
func (l *Listener) Dial() net.Conn {
	client, server := net.Pipe()
	select {
	case l.connections <- server:
		return client
	case <-l.closed:
		return nil
	}
}

// Accept implements [net.Listener].
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]. Connections go on.
func (l *Listener) Close() error {
	l.close()
	return nil
}

// Addr implements [net.Listener].
func (*Listener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// Frozen is a connection of a client that is frozen when the server closes it. Only when
// it sends something does the client get to know.
type Frozen struct {
	net.Conn
	// Gone says that the server has closed it.
	Gone atomic.Bool
}

// Write implements [net.Conn].
func (f *Frozen) Write(p []byte) (int, error) {
	if f.Gone.Load() {
		return len(p), f.Close()
	}
	return f.Conn.Write(p)
}
