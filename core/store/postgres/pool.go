package postgres

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/copilotkit-go/runtime/core/store"
)

const (
	// maxIdle is how long a connection may have been idle and is still used. A frozen
	// instance wakes up with connections that are likely gone without a sign; firewalls
	// and poolers forget them after a minute or more.
	maxIdle = 30 * time.Second
	// answerTimeout is how long a connection that was idle may take to answer before a
	// new one is tried.
	answerTimeout = 3 * time.Second
)

var errClosed = fmt.Errorf("%w: postgres store is closed", store.ErrUnavailable)

// pool keeps the connections that statements use. Nothing in it runs by itself: idle
// connections are looked at when the next one is wanted.
type pool struct {
	config   *pgconn.Config
	password PasswordFunc
	// slots has room for as many as may be in use.
	slots   chan struct{}
	closing sync.Once
	// closed ends with close, and with it the attempts to connect.
	closed context.Context
	end    context.CancelFunc

	mu   sync.Mutex
	idle []*connection
	// open are all that exist, those that are being closed too.
	open map[*pgconn.PgConn]bool
	// cleanups are of connections that close by themselves.
	cleanups sync.WaitGroup
}

// connection is one to the server.
type connection struct {
	*pgconn.PgConn
	// used is when it was last used, by the wall clock: another one may stand still
	// while an instance is frozen. It is zero for a new one.
	used time.Time
}

func newPool(config *pgconn.Config, size int, password PasswordFunc) *pool {
	p := &pool{config: config, password: password, slots: make(chan struct{}, size), open: make(map[*pgconn.PgConn]bool)}
	p.closed, p.end = context.WithCancel(context.Background())
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := p.untilClosed(ctx)
		defer cancel()
		return dial(ctx, network, addr)
	}
	return p
}

// untilClosed returns a context that ends when the pool is closed, too.
func (p *pool) untilClosed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.closed, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// get returns a connection that nobody else uses until put. With fresh set it is a new
// one.
func (p *pool) get(ctx context.Context, fresh bool) (*connection, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed.Done():
		return nil, errClosed
	}
	if fresh {
		// What made the last one fail is likely true of its neighbours.
		p.drop(p.takeIdle(time.Time{}))
	} else if conn := p.recent(); conn != nil {
		return conn, nil
	}
	conn, err := p.connect(ctx, nil)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return &connection{PgConn: conn}, nil
}

// recent returns the connection that was used last, nil if all have been idle for too
// long.
func (p *pool) recent() *connection {
	now := time.Now().Round(0)
	p.drop(p.takeIdle(now.Add(-maxIdle)))
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	conn := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return conn
}

// takeIdle removes the idle connections that weren't used since a time, or all if it is
// zero.
func (p *pool) takeIdle(since time.Time) []*connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.idle) && (since.IsZero() || p.idle[n].used.Before(since)) {
		n++
	}
	taken := append([]*connection{}, p.idle[:n]...)
	p.idle = p.idle[n:]
	return taken
}

// drop closes connections without waiting for the server.
func (p *pool) drop(conns []*connection) {
	for _, conn := range conns {
		p.discard(conn.PgConn)
	}
}

// put gives a connection back.
func (p *pool) put(conn *connection) {
	defer func() { <-p.slots }()
	if conn.IsClosed() || conn.IsBusy() || conn.TxStatus() != 'I' || p.closed.Err() != nil {
		p.discard(conn.PgConn)
		return
	}
	conn.used = time.Now().Round(0)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, conn)
}

// connect makes a connection. discard must be called for it. Notified, if not nil, gets
// its messages.
func (p *pool) connect(ctx context.Context, notified pgconn.NotificationHandler) (*pgconn.PgConn, error) {
	ctx, cancel := p.untilClosed(ctx)
	defer cancel()
	config := p.config
	if notified != nil {
		config = config.Copy()
		config.OnNotification = notified
	}
	if p.password != nil {
		password, err := p.password(ctx, Login{Host: config.Host, Port: config.Port, User: config.User, Database: config.Database})
		if err != nil {
			return nil, &passwordError{err}
		}
		config = config.Copy()
		config.Password = password
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		if p.closed.Err() != nil {
			return nil, errClosed
		}
		return nil, err
	}
	p.mu.Lock()
	p.open[conn] = true
	p.mu.Unlock()
	return conn, nil
}

// passwordError is what a [PasswordFunc] failed with.
type passwordError struct{ err error }

func (e *passwordError) Error() string { return "get the password: " + e.err.Error() }
func (e *passwordError) Unwrap() error { return e.err }

// discard ends a connection without waiting for an answer of the server. One that was interrupted
// tells the server so by itself.
func (p *pool) discard(conn *pgconn.PgConn) {
	if !conn.IsClosed() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		conn.Close(ctx)
		cancel()
	}
	p.cleanups.Go(func() {
		<-conn.CleanupDone()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, conn)
	})
}

// close ends all connections, and waits for those that are being closed.
func (p *pool) close() { p.closing.Do(p.closeNow) }

func (p *pool) closeNow() {
	p.end()
	p.drop(p.takeIdle(time.Time{}))
	// Those in use are given back by whoever uses them.
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	p.mu.Lock()
	for conn := range p.open {
		conn.Conn().Close()
	}
	p.mu.Unlock()
	p.cleanups.Wait()
}
