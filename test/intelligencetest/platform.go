// Package intelligencetest is a managed platform for tests: the HTTP calls and both
// gateways that a runtime and its front ends use, on loopback, with threads in memory.
//
// It is strict. What a runtime must never do, such as leave a gap in a run's events or
// send other bytes the second time, is refused and recorded as a violation, and fails
// the test that started it. What a runtime may run into, such as a lock that has
// expired, is only refused. [Faults] are what goes wrong on purpose.
//
//	HTTP    Platform.URL           threads, locks, memories, MCP, the project
//	runner  Platform.GatewayURL    /runner/websocket, Phoenix: runs' events come in
//	client  Platform.GatewayURL    /client/websocket, Phoenix: front ends follow
//
// The two addresses are two servers, so that each can be away alone.
package intelligencetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Options are what a platform can be told before it starts.
type Options struct {
	// Key is the project's key. Defaults to one of its own.
	Key string
	// Address and GatewayAddress are where to listen. Default to free ports of loopback.
	Address        string
	GatewayAddress string
	// Listen listens at an address, for tests with a network of their own. Defaults to
	// TCP.
	Listen func(address string) (net.Listener, error)
	// FrameLimit is the most bytes of a frame that the gateways take. Defaults to 4 MiB.
	FrameLimit int64
	// IdleTimeout is after how long without a frame a gateway gives a connection up.
	// Defaults to a minute.
	IdleTimeout time.Duration
	// LockTTL is how long a lock lasts that was taken without a time. Defaults to 20
	// seconds.
	LockTTL time.Duration
}

// Platform is a running platform. It is safe for concurrent use.
type Platform struct {
	// URL is the address of the HTTP calls, GatewayURL that of the gateways: ws://….
	URL        string
	GatewayURL string
	// Key is the project's key.
	Key string

	options  Options
	api      *server
	gateway  *server
	lifetime context.Context
	end      context.CancelFunc
	sockets  sync.WaitGroup

	mu         sync.Mutex
	changed    chan struct{} // closed and replaced when anything changes
	faults     Faults
	threads    map[string]*thread
	locks      map[string]*lock // by thread
	runs       map[string]*run
	ids        map[string]bool // of events
	tokens     map[string]token
	memories   []*memory
	actions    map[string]bool // annotations, by their ids
	project    project
	open       map[*socket]bool
	held       []func() // acks of terminal events
	requests   []Request
	frames     []Frame
	violations []string
	refusals   []string
	issued     int // ids and tokens so far
}

// New starts a platform that ends with the test, which fails if there were violations
// that it hasn't taken.
func New(t testing.TB) *Platform {
	t.Helper()
	return NewWith(t, Options{})
}

// NewWith is [New] with options.
func NewWith(t testing.TB, options Options) *Platform {
	t.Helper()
	p, err := Start(options)
	if err != nil {
		t.Fatalf("start the platform: %v", err)
	}
	t.Cleanup(func() {
		p.Close()
		for _, violation := range p.TakeViolations() {
			t.Errorf("the platform was misused: %s", violation)
		}
	})
	return p
}

// Start starts a platform, which has to be closed.
func Start(options Options) (*Platform, error) {
	defaults(&options)
	p := &Platform{
		Key:     options.Key,
		options: options,
		changed: make(chan struct{}),
		threads: make(map[string]*thread),
		locks:   make(map[string]*lock),
		runs:    make(map[string]*run),
		ids:     make(map[string]bool),
		tokens:  make(map[string]token),
		actions: make(map[string]bool),
		open:    make(map[*socket]bool),
		project: readyProject(),
	}
	p.lifetime, p.end = context.WithCancel(context.Background())
	var err error
	if p.api, err = listen(options.Listen, options.Address, p.apiHandler()); err != nil {
		p.end()
		return nil, err
	}
	if p.gateway, err = listen(options.Listen, options.GatewayAddress, p.gatewayHandler()); err != nil {
		p.end()
		p.api.down()
		return nil, err
	}
	p.URL = "http://" + p.api.address
	p.GatewayURL = "ws://" + p.gateway.address
	return p, nil
}

func defaults(options *Options) {
	if options.Key == "" {
		options.Key = "cpk-42_test-key-of-no-project"
	}
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	if options.GatewayAddress == "" {
		options.GatewayAddress = "127.0.0.1:0"
	}
	if options.Listen == nil {
		options.Listen = func(address string) (net.Listener, error) { return net.Listen("tcp", address) }
	}
	if options.FrameLimit == 0 {
		options.FrameLimit = 4 << 20
	}
	if options.IdleTimeout == 0 {
		options.IdleTimeout = time.Minute
	}
	if options.LockTTL == 0 {
		options.LockTTL = 20 * time.Second
	}
}

// Close ends the platform and all connections, and waits for what it has running.
func (p *Platform) Close() {
	p.end()
	p.api.down()
	p.gateway.down()
	p.sockets.Wait()
}

// Await waits until condition holds, which is asked whenever something has changed, or
// fails the test after a minute.
func (p *Platform) Await(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if condition() {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("the platform didn't see in time: %s", what)
		}
	}
}

// touch tells those who wait that something has changed. The mutex is held.
func (p *Platform) touch() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// id returns a new identifier. The mutex is held.
func (p *Platform) id(prefix string) string {
	p.issued++
	return fmt.Sprintf("%s-%d", prefix, p.issued)
}

// server is an HTTP server that can go away and come back at its address.
type server struct {
	listen  func(address string) (net.Listener, error)
	address string
	handler http.Handler

	mu      sync.Mutex
	running *http.Server
	served  chan struct{}
}

func listen(listen func(string) (net.Listener, error), address string, handler http.Handler) (*server, error) {
	s := &server{listen: listen, address: address, handler: handler}
	if err := s.up(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *server) up() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return nil
	}
	listener, err := s.listen(s.address)
	// A process that another test starts at this moment has the listener open that was just
	// closed, until it runs its program.
	for began := time.Now(); errors.Is(err, syscall.EADDRINUSE) && time.Since(began) < 20*time.Second; {
		time.Sleep(time.Millisecond)
		listener, err = s.listen(s.address)
	}
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.address = listener.Addr().String()
	running := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	s.running, s.served = running, served
	go func() {
		defer close(served)
		_ = running.Serve(listener) // it returns when it is closed
	}()
	return nil
}

// down closes the listener and the connections that aren't WebSockets.
func (s *server) down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	_ = s.running.Close()
	<-s.served
	s.running = nil
}
