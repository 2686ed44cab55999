package redis

import (
	"context"
	"fmt"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
)

var errClosed = fmt.Errorf("%w: closed", store.ErrUnavailable)

const (
	// tendEvery is how often a quiet connection is tried, and how long a topic is
	// kept that nobody waits on: a follower comes back for every batch.
	tendEvery = 5 * time.Second
	// The pause before connecting again, from and to.
	minPause, maxPause = 50 * time.Millisecond, time.Second
)

// signals receives messages for all who wait in this process, on one connection
// that exists while somebody does.
type signals struct {
	client goredis.UniversalClient
	ctx    context.Context // ends with close
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu        sync.Mutex
	topics    map[string]*topic
	listening bool
	conn      *goredis.PubSub // nil while not connected
}

// topic is one channel that somebody waits on. A message carries nothing: who
// gets it looks for himself.
type topic struct {
	name string

	// Guarded by signals.mu.
	waiting   int
	idleSince time.Time

	mu      sync.Mutex
	heard   bool // the server has confirmed the subscription
	changed chan struct{}
	last    glimpse
}

func newSignals(client goredis.UniversalClient) *signals {
	s := &signals{client: client, topics: make(map[string]*topic)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// close ends the connection and waits for its goroutines.
func (s *signals) close() {
	s.cancel()
	s.mu.Lock()
	if s.conn != nil {
		s.conn.Close()
	}
	s.mu.Unlock()
	s.tasks.Wait()
}

// join subscribes to a channel without waiting for it; leave undoes it.
func (s *signals) join(name string) *topic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[name]
	if t == nil {
		t = &topic{name: name, changed: make(chan struct{})}
		s.topics[name] = t
		if s.conn != nil {
			// If this fails so does the receiving, which then begins anew.
			_ = s.conn.Subscribe(s.ctx, name)
		}
	}
	t.waiting++
	if !s.listening && s.ctx.Err() == nil {
		s.listening = true
		s.tasks.Go(s.listen)
	}
	return t
}

func (s *signals) leave(t *topic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.waiting--
	t.idleSince = time.Now()
}

// state tells whether messages arrive, and gives the channel that closes with the
// next message, or when that changes.
func (t *topic) state() (heard bool, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.heard, t.changed
}

func (t *topic) wake(heard bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heard = heard
	close(t.changed)
	t.changed = make(chan struct{})
}

// listen keeps a connection for as long as there are topics.
func (s *signals) listen() {
	pause := minPause
	for {
		conn, err := s.connect()
		if err == nil && conn == nil {
			return
		}
		if err == nil && s.receive(conn) {
			pause = minPause
		}
		s.disconnect(conn)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			timer.Stop()
		}
		pause = min(2*pause, maxPause)
	}
}

// connect subscribes to all topics. It gives nil when there are none.
func (s *signals) connect() (*goredis.PubSub, error) {
	s.mu.Lock()
	s.forget()
	if len(s.topics) == 0 || s.ctx.Err() != nil {
		s.listening = false
		s.mu.Unlock()
		return nil, nil
	}
	names := make([]string, 0, len(s.topics))
	subscribed := make(map[string]bool, len(s.topics))
	for name := range s.topics {
		names = append(names, name)
		subscribed[name] = true
	}
	s.mu.Unlock()

	conn := s.client.Subscribe(s.ctx)
	if err := conn.Subscribe(s.ctx, names...); err != nil {
		return conn, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return conn, s.ctx.Err()
	}
	s.conn = conn
	for name := range s.topics {
		if !subscribed[name] {
			_ = conn.Subscribe(s.ctx, name)
		}
	}
	return conn, nil
}

// disconnect wakes everybody: what was sent from now on isn't heard.
func (s *signals) disconnect(conn *goredis.PubSub) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = nil
	for _, t := range s.topics {
		t.wake(false)
	}
}

// receive passes messages on until the connection fails. It tells whether there
// were any: a server may refuse the subscription itself.
func (s *signals) receive(conn *goredis.PubSub) (heardAny bool) {
	heard := make(chan struct{}, 1)
	done := make(chan struct{})
	var tending sync.WaitGroup
	defer tending.Wait()
	defer close(done)
	tending.Go(func() { s.tend(conn, heard, done) })
	for {
		message, err := conn.Receive(s.ctx)
		if err != nil {
			return heardAny
		}
		heardAny = true
		select {
		case heard <- struct{}{}:
		default:
		}
		name := ""
		switch message := message.(type) {
		case *goredis.Subscription:
			if message.Kind == "subscribe" {
				name = message.Channel
			}
		case *goredis.Message:
			name = message.Channel
		}
		s.mu.Lock()
		t := s.topics[name]
		s.mu.Unlock()
		if t != nil {
			t.wake(true)
		}
	}
}

// tend drops topics that nobody waits on, and the connection with the last of
// them, or when it has died without a sign.
func (s *signals) tend(conn *goredis.PubSub, heard, done <-chan struct{}) {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for asked := false; ; {
		select {
		case <-done:
			return
		case <-s.ctx.Done():
			conn.Close()
			return
		case <-ticker.C:
		}
		s.mu.Lock()
		if idle := s.forget(); len(idle) > 0 {
			_ = conn.Unsubscribe(s.ctx, idle...)
		}
		needed := len(s.topics) > 0
		s.mu.Unlock()
		select {
		case <-heard:
			asked = false
		default:
			needed = needed && !asked
			asked = true
		}
		if !needed || conn.Ping(s.ctx) != nil {
			conn.Close()
			return
		}
	}
}

// forget drops the topics that nobody has waited on for a while, and tells which.
// The caller holds mu.
func (s *signals) forget() []string {
	var idle []string
	for name, t := range s.topics {
		if t.waiting == 0 && time.Since(t.idleSince) >= tendEvery {
			delete(s.topics, name)
			idle = append(idle, name)
		}
	}
	return idle
}
