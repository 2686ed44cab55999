package redis

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/background"
)

var errClosed = fmt.Errorf("%w: redis store is closed", store.ErrUnavailable)

const (
	// tendInterval is how often a quiet connection is tried, and how long a topic
	// is kept that nobody waits on: a follower comes back for every batch.
	tendInterval = 5 * time.Second
	// The delay before connecting again grows from the one to the other.
	minReconnectDelay, maxReconnectDelay = 50 * time.Millisecond, time.Second
)

// signals receives messages for all who wait in this process, on one connection
// that exists while somebody does. The goroutine that receives and the one that
// tends own the connection: nobody else waits for the network.
type signals struct {
	client     goredis.UniversalClient
	background *background.Group
	logger     *slog.Logger

	mu        sync.Mutex
	topics    map[string]*topic
	listening bool
	// pending are the topics that the connection isn't subscribed to yet.
	pending []string
	// added has room for one: there is something pending.
	added chan struct{}
}

// topic is one channel of the server that somebody waits on. Its messages carry
// nothing: who gets one asks the server.
type topic struct {
	// Guarded by signals.mu.
	waiting   int
	idleSince time.Time

	mu         sync.Mutex
	subscribed bool // the server has confirmed it
	changed    chan struct{}
	last       glimpse
}

func newSignals(client goredis.UniversalClient, background *background.Group, logger *slog.Logger) *signals {
	return &signals{
		client: client, background: background, logger: logger,
		topics: make(map[string]*topic), added: make(chan struct{}, 1),
	}
}

// join subscribes to a channel, without waiting for the server. leave undoes it.
func (s *signals) join(name string) *topic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.known(name)
	if t == nil {
		t = &topic{changed: make(chan struct{})}
		s.topics[name] = t
		s.pending = append(s.pending, name)
		select {
		case s.added <- struct{}{}:
		default:
		}
	}
	t.waiting++
	if !s.listening {
		s.listening = s.background.Start(s.listen)
	}
	return t
}

// known returns the topic of a channel, nil if there is none, or nobody has waited on it
// for so long that it should have been forgotten: then the instance was frozen, and what
// the topic knows, and the connection that it was subscribed on, may be gone. The caller
// holds mu.
func (s *signals) known(name string) *topic {
	if t := s.topics[name]; t != nil && !t.isIdle() {
		return t
	}
	return nil
}

// isIdle reports whether nobody has waited on a topic for a while. The caller holds the
// signals' mu.
func (t *topic) isIdle() bool { return t.waiting == 0 && time.Since(t.idleSince) >= tendInterval }

func (s *signals) leave(t *topic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.waiting--
	t.idleSince = time.Now().Round(0) // the monotonic clock stands still in a frozen instance
}

// wakeAll wakes everybody who waits: messages are missed from now on.
func (s *signals) wakeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.topics {
		t.wake(false)
	}
}

// state reports whether messages arrive, and returns the channel that is closed
// by the next message, or when that changes.
func (t *topic) state() (subscribed bool, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.subscribed, t.changed
}

func (t *topic) wake(subscribed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.subscribed = subscribed
	close(t.changed)
	t.changed = make(chan struct{})
}

// listen keeps a connection for as long as there are topics.
func (s *signals) listen() {
	delay, logged := minReconnectDelay, false
	for s.needed() {
		conn := s.client.Subscribe(s.background.Context())
		received, err := s.receive(conn)
		conn.Close()
		s.wakeAll()
		if received {
			delay, logged = minReconnectDelay, false
		} else if !logged && s.background.Context().Err() == nil {
			logged = true
			s.logger.Warn("can't subscribe to the Redis server's messages: stops and live events of other processes come late", "error", err)
		}
		_ = pause.Sleep(s.background.Context(), delay)
		delay = min(2*delay, maxReconnectDelay)
	}
}

// needed reports whether there is anything to listen for. If not, the next join
// starts listening again.
func (s *signals) needed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	s.listening = len(s.topics) > 0 && s.background.Context().Err() == nil
	return s.listening
}

// receive subscribes to all topics and passes messages on until the connection
// fails or is no longer needed. It reports whether there were any: a server may
// refuse the subscription itself.
func (s *signals) receive(conn *goredis.PubSub) (received bool, err error) {
	s.mu.Lock()
	s.pending = s.pending[:0]
	for name := range s.topics {
		s.pending = append(s.pending, name)
	}
	s.mu.Unlock()
	if err := s.subscribe(conn); err != nil {
		return false, err
	}
	arrived := make(chan struct{}, 1)
	done := make(chan struct{})
	var tending sync.WaitGroup
	defer tending.Wait()
	defer close(done)
	tending.Go(func() { s.tend(conn, arrived, done) })
	for {
		message, err := conn.Receive(s.background.Context())
		if err != nil {
			return received, err
		}
		received = true
		select {
		case arrived <- struct{}{}:
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

// tend subscribes to the topics that are added, and drops those that nobody
// waits on. It closes the connection with the last of them, and when it has died
// without a sign.
func (s *signals) tend(conn *goredis.PubSub, arrived, done <-chan struct{}) {
	ticker := time.NewTicker(tendInterval)
	defer ticker.Stop()
	for pinged := false; ; {
		select {
		case <-done:
			return
		case <-s.background.Context().Done():
			conn.Close()
			return
		case <-s.added:
			if s.subscribe(conn) != nil {
				conn.Close()
				return
			}
			continue
		case <-ticker.C:
		}
		s.mu.Lock()
		idle := s.forget()
		needed := len(s.topics) > 0
		s.mu.Unlock()
		if needed && len(idle) > 0 && conn.Unsubscribe(s.background.Context(), idle...) != nil {
			needed = false
		}
		select {
		case <-arrived:
			pinged = false
		default:
			// Quiet since the last ping, which had no answer then.
			needed = needed && !pinged
			pinged = true
		}
		if !needed || conn.Ping(s.background.Context()) != nil {
			conn.Close()
			return
		}
	}
}

// subscribe asks the server for what is pending.
func (s *signals) subscribe(conn *goredis.PubSub) error {
	s.mu.Lock()
	names := make([]string, 0, len(s.pending))
	for _, name := range s.pending {
		if s.topics[name] != nil {
			names = append(names, name)
		}
	}
	s.pending = s.pending[:0]
	s.mu.Unlock()
	if len(names) == 0 {
		return nil
	}
	return conn.Subscribe(s.background.Context(), names...)
}

// forget drops the topics that nobody has waited on for a while, and returns
// their names. The caller holds mu.
func (s *signals) forget() []string {
	var idle []string
	for name, t := range s.topics {
		if t.isIdle() {
			delete(s.topics, name)
			idle = append(idle, name)
		}
	}
	return idle
}
