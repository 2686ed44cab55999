// Package phoenix is a client of Phoenix channels (version 2 of their serializer): one
// channel on a WebSocket of its own, which is joined again, on a new connection if need
// be, until it is closed.
//
//	keep ── dial ──> connection: ┬─ read: replies, events ───────────> Event
//	  ▲                          ├─ beat: heartbeats
//	  │                          └─ join ──> Session ──> Joined, Push
//	  └──── pause <── lost ──────┘
//
// A [Session] is one join. What is pushed in it and isn't answered when it ends may have
// arrived or not: who pushes waits for the next session, and pushes again.
package phoenix

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Time limits, as Phoenix's own client has them but for the heartbeat's answer: that
// waits until the next heartbeat is due.
const (
	dialTimeout    = 10 * time.Second
	answerTimeout  = 10 * time.Second
	heartbeatEvery = 30 * time.Second
	reconnectFirst = 100 * time.Millisecond
	rejoinFirst    = time.Second
	// steady is how long a connection has to last, for the pause after it to be the first
	// again: a server that drops whoever joins isn't stormed.
	steady = 5 * time.Second
	// leaveLimit is how long a good end may take.
	leaveLimit = time.Second
)

// MaxFrame is the largest frame that is read, in bytes. A larger one ends the connection.
const MaxFrame = 4 << 20

// Config says what to join. All but Token, Event and Failed is required.
type Config struct {
	// URL is the address of the WebSocket, with its query but without vsn.
	URL string
	// Token is sent as Phoenix's auth token, within Sec-WebSocket-Protocol.
	Token string
	// Client connects. It must not follow redirects, which would carry the token along.
	Client *http.Client
	// Topic is the channel's topic, and Params the JSON that it is joined with.
	Topic  string
	Params []byte
	// ReconnectMax and RejoinMax bound the pauses before another connection, and before
	// another join. They begin at 100 milliseconds and 1 second, and double.
	ReconnectMax time.Duration
	RejoinMax    time.Duration
	// Event is told what the server sends to the channel, in order, also before the
	// server has answered the join. It must not wait, nor keep payload.
	Event func(name string, payload []byte)
	// Failed is told of each failure, a [*DialError], [*LostError], [*RefusedError] or
	// [ErrTimeout] of a join, and decides whether the channel gives up. Nil never does.
	// Calls come one after the other.
	Failed func(error) (giveUp bool)
}

// Channel is a channel that keeps itself joined. It is safe for concurrent use.
type Channel struct {
	config Config
	// secrets are what no error and no answer has.
	secrets outbound.Secrets
	ref     atomic.Uint64
	cancel  context.CancelFunc
	done    chan struct{}
	// failing is held while Failed is called.
	failing sync.Mutex

	mu sync.Mutex
	// link is the connection, nil for none.
	link *link
	// session is the join that holds, nil for none. changed is closed when it changes,
	// and when the channel ends.
	session *Session
	changed chan struct{}
	// closing says that no connection is made any more.
	closing bool
	// err is why the channel has ended.
	err error
}

// Open returns a channel that connects and joins by itself, and must be closed.
func Open(config Config) *Channel {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Channel{config: config, cancel: cancel, done: make(chan struct{}), changed: make(chan struct{})}
	c.secrets = c.secrets.WithTexts(config.Token, encodeToken(config.Token))
	go func() {
		defer close(c.done)
		defer cancel()
		c.end(c.keep(ctx))
	}()
	return c
}

// Joined waits until the channel is joined. It fails with the cause of ctx's end, and
// with what has ended the channel.
func (c *Channel) Joined(ctx context.Context) (*Session, error) {
	for {
		c.mu.Lock()
		session, changed, err := c.session, c.changed, c.err
		c.mu.Unlock()
		switch {
		case err != nil:
			return nil, err
		case session != nil && !session.hasLeft():
			return session, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Done is closed when the channel has ended: by Close, or because it gave up. [Channel.Err]
// then says why.
func (c *Channel) Done() <-chan struct{} { return c.done }

// Err returns why the channel has ended, nil while it hasn't.
func (c *Channel) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close leaves the channel, which takes a second at most, and returns when nothing of it
// goes on. Closing again does nothing.
func (c *Channel) Close() {
	c.mu.Lock()
	c.closing = true
	link := c.link
	c.mu.Unlock()
	if link != nil {
		limit := time.AfterFunc(leaveLimit, c.cancel)
		link.leave()
		limit.Stop()
	}
	c.cancel()
	<-c.done
}

// end records why the channel has ended.
func (c *Channel) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	close(c.changed)
}

// publish lets a session be used, and retract ends that.
func (c *Channel) publish(session *Session) { c.change(nil, session) }

func (c *Channel) retract(session *Session) { c.change(session, nil) }

func (c *Channel) change(from, to *Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != from {
		return
	}
	c.session = to
	close(c.changed)
	c.changed = make(chan struct{})
}

// failed reports whether the channel gives up because of err.
func (c *Channel) failed(err error) bool {
	c.failing.Lock()
	defer c.failing.Unlock()
	return c.config.Failed != nil && c.config.Failed(err)
}
