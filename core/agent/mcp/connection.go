package mcp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// connection is a session with a server, the list of tools that it gave, and the
// memory of a failure. It connects when it is used.
type connection struct {
	*Server
	// authorization is the caller's that the requests carry, "" for none.
	authorization string
	// expired is set when a session that had begun no longer accepts the Authorization.
	expired atomic.Bool
	// callTool is what the tools of the list are called with.
	callTool func(context.Context, *mcp.CallToolParams) (*mcp.CallToolResult, error)

	mu       sync.Mutex
	building *listing // the one under way, nil when none is
	session  *session
	list     []agent.ServerTool
	listed   time.Time
	failure  error
	failed   time.Time
	closed   bool
	// builds are the goroutines that list.
	builds sync.WaitGroup
}

// session is one session with the server.
type session struct {
	*mcpclient.Session
	// stale is set when the list of tools must be asked for again.
	stale atomic.Bool
}

// listing is one attempt to list the tools, connecting included. What came of it
// may be read when done is closed.
type listing struct {
	begun time.Time // by the wall clock
	done  chan struct{}
	tools []agent.ServerTool
	err   error
}

// newConnection returns a connection that sends an Authorization, unless it is empty.
func newConnection(server *Server, authorization string) *connection {
	return &connection{Server: server, authorization: authorization}
}

// secrets returns what a log must not show, credentials what the results of tools must not
// either.
func (c *connection) secrets() outbound.Secrets     { return c.remote.Secrets(c.authorization) }
func (c *connection) credentials() outbound.Secrets { return c.remote.Credentials(c.authorization) }

// tools returns the tools of the session, from the cache where it can.
func (c *connection) tools(ctx context.Context) ([]agent.ServerTool, error) {
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return nil, errClosed
	case c.fresh():
		tools := c.list
		c.mu.Unlock()
		return tools, nil
	case c.failure != nil && time.Since(c.failed).Abs() < c.config.RetryAfter:
		err := c.failure
		c.mu.Unlock()
		return nil, err
	case c.building == nil || c.overdue(c.building):
		begun := &listing{begun: time.Now().Round(0), done: make(chan struct{})}
		c.building = begun
		// Not in the run's own context: the others share the listing, and must get
		// their tools when this run is stopped. Nor may its values, such as its user,
		// be seen in a session that others will use.
		c.builds.Go(func() { c.build(context.Background(), begun) })
	}
	building := c.building
	c.mu.Unlock()
	select {
	case <-building.done:
		// Even if the list has changed again meanwhile: a server that always says so
		// would be asked for ever.
		return building.tools, building.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// close ends the session; tools then fails.
func (c *connection) close() error {
	c.mu.Lock()
	c.closed = true
	session := c.session
	c.session, c.list = nil, nil
	c.mu.Unlock()
	c.builds.Wait()
	if session == nil {
		return nil
	}
	return session.Close()
}

// failing reports whether there is no session but the memory of a failure.
func (c *connection) failing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session == nil && c.failure != nil
}

// fresh reports whether the cached tools can be used. The caller holds mu.
func (c *connection) fresh() bool {
	return c.session != nil && !c.session.stale.Load() && time.Since(c.listed).Abs() < c.config.MaxAge
}

// overdue reports whether a listing has begun longer ago than one takes, the end of a
// session included. Then the instance was frozen meanwhile, and that it fails says nothing of
// the server.
func (c *connection) overdue(l *listing) bool {
	return time.Since(l.begun).Abs() > 4*c.config.ConnectTimeout+10*time.Second
}

// build connects if need be, lists the tools, and lets the waiting calls go on.
// Connecting and listing end within ConnectTimeout each.
func (c *connection) build(ctx context.Context, l *listing) {
	c.mu.Lock()
	current := c.session
	c.mu.Unlock()

	next, tools, err := c.connectAndList(ctx, current)
	if err != nil {
		err = fmt.Errorf("mcp server %s: %w", c.config.Name, c.secrets().Redact(err))
	}

	c.mu.Lock()
	abandoned := c.closed || c.building != l
	switch {
	case c.closed:
		tools, err = nil, errClosed
	case !abandoned:
		c.session, c.list, c.failure = next, tools, err
		if c.overdue(l) {
			c.failure = nil
		}
		// By the wall clock: the other one stands still while a platform freezes the instance.
		c.listed = time.Now().Round(0)
		c.failed = c.listed
	}
	if c.building == l {
		c.building = nil
	}
	c.mu.Unlock()
	if abandoned && next != nil && next != current {
		next.Close()
	}
	l.tools, l.err = tools, err
	close(l.done)
}

// connectAndList returns the tools of the current session, or of a new one where
// there is none or it no longer answers.
func (c *connection) connectAndList(ctx context.Context, current *session) (*session, []agent.ServerTool, error) {
	if current != nil {
		current.stale.Store(false)
		tools, err := c.listTools(ctx, current)
		if err == nil {
			return current, tools, nil
		}
		c.config.Logger.InfoContext(ctx, "mcp session is gone, connecting again", "server", c.config.Name, "error", c.secrets().Redact(err))
		current.Close()
	}
	fresh := &session{}
	var err error
	fresh.Session, err = c.remote.Connect(ctx, c.authorization, func() { fresh.stale.Store(true) })
	if err != nil {
		return nil, nil, err
	}
	tools, err := c.listTools(ctx, fresh)
	if err != nil {
		fresh.Close()
		return nil, nil, err
	}
	return fresh, tools, nil
}

func (c *connection) listTools(ctx context.Context, session *session) ([]agent.ServerTool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.ConnectTimeout)
	defer cancel()
	return listTools(ctx, session.ClientSession, caller{c.callTool, c.secrets, c.credentials})
}

// call calls a tool in the current session. If that is gone nothing was done, so the call
// is made again in a new one.
func (c *connection) call(run context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	ctx := run
	if limit := c.config.CallTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(run, limit)
		defer cancel()
	}
	for attempt := 0; ; attempt++ {
		if _, err := c.tools(ctx); err != nil {
			return nil, err
		}
		c.mu.Lock()
		session := c.session
		c.mu.Unlock()
		if session == nil {
			return nil, errClosed
		}
		result, err := session.CallTool(ctx, params)
		if err != nil && c.authorization != "" && session.Denied.Load() {
			c.expired.Store(true)
			return nil, mcpclient.ErrDenied
		}
		if err == nil || mcpclient.IsAnswer(err) {
			return result, err
		}
		if run.Err() == nil {
			// Whatever broke, the next run lists again.
			session.stale.Store(true)
		}
		if attempt > 0 || !errors.Is(err, mcp.ErrSessionMissing) {
			return nil, err
		}
	}
}
