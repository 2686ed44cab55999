package postgres

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/copilotkit-go/runtime/core/internal/pause"
)

const (
	// tendInterval is how often a quiet connection is tried, and how long a topic is kept
	// that nobody waits on: a follower comes back for every batch.
	tendInterval = 5 * time.Second
	// The delay before connecting again grows from the one to the other.
	minReconnectDelay, maxReconnectDelay = 50 * time.Millisecond, time.Second
	// poolerInterval is how long a pooler that keeps messages from arriving is believed
	// to do so.
	poolerInterval = 10 * time.Minute
)

// signals receives messages for all who wait in this process, on one connection that
// exists while somebody does. One goroutine owns the connection.
type signals struct {
	store *Store

	mu        sync.Mutex
	topics    map[string]*topic
	listening bool
	// pending are the topics that the connection isn't subscribed to yet.
	pending []string
	// interrupt ends the wait for a message, since something is pending.
	interrupt context.CancelFunc
	// pooled is until when no messages are expected.
	pooled time.Time
}

// topic is one channel of the server that somebody waits on. Its messages carry nothing:
// who gets one asks the server.
type topic struct {
	// Guarded by signals.mu.
	waiting   int
	idleSince time.Time

	mu         sync.Mutex
	subscribed bool // the server has confirmed it
	changed    chan struct{}
	last       glimpse
	// watching is the number of the thread whose changes the server was asked to
	// announce, and watchedAt is when.
	watching  int64
	watchedAt time.Time
}

func newSignals(s *Store) *signals {
	return &signals{store: s, topics: make(map[string]*topic), interrupt: func() {}}
}

// running reports whether there is a connection already, or can't be one.
func (s *signals) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listening || time.Now().Before(s.pooled)
}

// find joins a topic that there is, or returns nil.
func (s *signals) find(name string) *topic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.known(name)
	if t != nil {
		t.waiting++
	}
	return t
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
		s.interrupt()
	}
	t.waiting++
	if !s.listening && time.Now().After(s.pooled) {
		s.listening = s.store.background.Start(s.listen)
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
	if !s.listening {
		s.forget()
	}
}

// wakeAll wakes everybody who waits: messages are missed from now on.
func (s *signals) wakeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.topics {
		t.wake(false)
	}
}

// state reports whether messages arrive, and returns the channel that is closed by the
// next message, or when that changes.
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

// received wakes those who wait on a channel.
func (s *signals) received(_ *pgconn.PgConn, n *pgconn.Notification) {
	s.mu.Lock()
	t := s.topics[n.Channel]
	s.mu.Unlock()
	if t != nil {
		t.wake(true)
	}
}

// listen keeps a connection for as long as there are topics.
func (s *signals) listen() {
	ctx := s.store.background.Context()
	delay, logged := minReconnectDelay, false
	for s.needed() {
		subscribed, err := s.connection(ctx)
		s.wakeAll()
		if subscribed {
			delay, logged = minReconnectDelay, false
		} else if !logged && err != nil && ctx.Err() == nil {
			logged = true
			s.store.logger.Warn("can't listen to the Postgres server: stops and live events of other processes come late", "error", err)
		}
		if err != nil {
			_ = pause.Sleep(ctx, delay)
			delay = min(2*delay, maxReconnectDelay)
		}
	}
}

// needed reports whether there is anything to listen for. If not, the next join starts
// listening again.
func (s *signals) needed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	s.listening = len(s.topics) > 0 && s.store.background.Context().Err() == nil && time.Now().After(s.pooled)
	return s.listening
}

// connection connects, and passes messages on until the connection fails or is no longer
// needed. It reports whether it got so far.
func (s *signals) connection(ctx context.Context) (subscribed bool, err error) {
	conn, err := s.store.pool.connect(ctx, s.received)
	if err != nil {
		return false, err
	}
	defer s.store.pool.discard(conn)
	arrives, err := s.arrives(ctx, conn)
	if err != nil {
		return false, err
	}
	if !arrives {
		s.store.logger.Info("no messages of the Postgres server arrive through its pooler: stops and live events of other processes are asked for instead")
		s.mu.Lock()
		s.pooled = time.Now().Add(poolerInterval)
		s.mu.Unlock()
		return false, nil
	}
	s.mu.Lock()
	s.pending = s.pending[:0]
	for name := range s.topics {
		s.pending = append(s.pending, name)
	}
	s.mu.Unlock()
	for {
		waiting, cancel := context.WithTimeout(ctx, tendInterval)
		s.mu.Lock()
		s.interrupt = cancel
		names := s.pending
		s.pending = nil
		s.mu.Unlock()
		if err = s.command(ctx, conn, "LISTEN", names); err != nil {
			cancel()
			return subscribed, err
		}
		subscribed = true
		s.confirm(names)
		err = conn.WaitForNotification(waiting)
		quiet := waiting.Err() == context.DeadlineExceeded
		interrupted := waiting.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return true, ctx.Err()
		case err != nil && !interrupted || conn.IsClosed():
			return true, err
		case quiet:
			if more, err := s.tend(ctx, conn); !more || err != nil {
				return true, err
			}
		}
	}
}

// tend drops the topics that nobody waits on, and tries the connection. It reports
// whether the connection is still needed.
func (s *signals) tend(ctx context.Context, conn *pgconn.PgConn) (bool, error) {
	s.mu.Lock()
	idle := s.forget()
	needed := len(s.topics) > 0
	s.mu.Unlock()
	if !needed {
		return false, nil
	}
	if len(idle) > 0 {
		return true, s.command(ctx, conn, "UNLISTEN", idle)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return true, conn.Ping(ctx)
}

// command sends LISTEN or UNLISTEN for channels, in one round trip.
func (s *signals) command(ctx context.Context, conn *pgconn.PgConn, command string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var script strings.Builder
	for _, name := range names {
		script.WriteString(command + " " + name + ";")
	}
	return conn.Exec(ctx, script.String()).Close()
}

// confirm tells topics that their messages arrive.
func (s *signals) confirm(names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if t := s.topics[name]; t != nil {
			t.wake(true)
		}
	}
}

// forget drops the topics that nobody has waited on for a while, and returns their names.
// The caller holds mu.
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

// arrives reports whether messages arrive on a connection. To the server itself they do.
// A pooler shows by another process number; it may give the server's connection to others
// as soon as a transaction is over, and then a message that another session sends doesn't
// come.
func (s *signals) arrives(ctx context.Context, conn *pgconn.PgConn) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	results, err := conn.Exec(ctx, "SELECT pg_backend_pid()").ReadAll()
	if err != nil {
		return false, err
	}
	if string(results[0].Rows[0][0]) == strconv.FormatUint(uint64(conn.PID()), 10) {
		return true, nil
	}
	// The channel is for this question alone: the server's connection goes on to listen
	// to it when others have it.
	channel := s.store.names.probe()
	if err := s.command(ctx, conn, "LISTEN", []string{channel}); err != nil {
		return false, err
	}
	err = s.store.do(ctx, func(int) []query {
		return []query{{sql: "SELECT pg_notify($1, '')::text", args: []any{serverText(channel)}}}
	})
	if err != nil {
		return false, err
	}
	waiting, stop := context.WithTimeout(ctx, probeTimeout)
	defer stop()
	err = conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		return true, s.command(ctx, conn, "UNLISTEN", []string{channel})
	case waiting.Err() != nil:
		return false, nil
	default:
		return false, err
	}
}

// probeTimeout is how long a message may take to arrive.
const probeTimeout = time.Second
