package mcp

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
)

// sessions are the connections of callers to one server. Each counts from its first use
// until it has been closed, so that there are never more than a maximum, and is only
// closed while nobody uses it.
type sessions struct {
	server *Server

	mu    sync.Mutex
	byKey map[mcpclient.CallerKey]*entry
	// recent has the entries of byKey, in the order of their last use, the latest
	// first; those of failed connections are at the end.
	recent *list.List
	// count is how many there are; closing, how many of them are being closed.
	count, closing int
	// waiting has the callers that wait for changed, which is closed when a place or an
	// entry is no longer in use, with how often each does.
	waiting map[mcpclient.CallerKey]int
	changed chan struct{}
	// expiry closes what is idle; set is whether it will.
	expiry *time.Timer
	set    bool
	closed bool
	errs   []error
	// closers are the goroutines that close entries.
	closers sync.WaitGroup
}

// entry is the connection of one caller.
type entry struct {
	caller     mcpclient.Caller
	connection *connection
	users      int
	used       time.Time // when the last of them left, by the wall clock
	place      *list.Element
	evicted    bool
}

func newSessions(server *Server) *sessions {
	return &sessions{
		server: server, byKey: make(map[mcpclient.CallerKey]*entry), recent: list.New(),
		waiting: make(map[mcpclient.CallerKey]int), changed: make(chan struct{}),
	}
}

// acquire returns the connection of a caller, for use until release is called.
func (s *sessions) acquire(ctx context.Context, caller mcpclient.Caller) (*entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.find(caller)
	if found != nil || err != nil {
		return found, err
	}
	s.waiting[caller.CallerKey]++
	defer s.endWait(caller.CallerKey)
	timeout := time.NewTimer(s.server.config.ConnectTimeout)
	defer timeout.Stop()
	for {
		if s.closing < len(s.waiting) {
			s.evictOldest()
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			err = ctx.Err()
		case <-timeout.C:
			err = fmt.Errorf("mcp server %s: all of its %d sessions are in use", s.server.config.Name, s.server.config.MaxSessions)
		}
		s.mu.Lock()
		if err != nil {
			return nil, err
		}
		if found, err = s.find(caller); found != nil || err != nil {
			return found, err
		}
	}
}

// endWait takes back that a caller waits. The caller holds mu.
func (s *sessions) endWait(key mcpclient.CallerKey) {
	if s.waiting[key]--; s.waiting[key] == 0 {
		delete(s.waiting, key)
	}
}

// find returns the entry of a caller, or a new one if there is a place for it, and nil
// if there isn't. The caller holds mu.
func (s *sessions) find(caller mcpclient.Caller) (*entry, error) {
	if s.closed {
		return nil, errClosed
	}
	e := s.byKey[caller.CallerKey]
	if e != nil && s.idle(e) >= s.server.config.SessionIdle {
		s.evict(e) // the timer is late: the instance was frozen
		e = nil
	}
	if e == nil {
		if s.count >= s.server.config.MaxSessions {
			return nil, nil
		}
		e = &entry{caller: caller, connection: newConnection(s.server, caller.Authorization)}
		e.connection.callTool = func(ctx context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
			return s.call(ctx, caller, params)
		}
		s.byKey[caller.CallerKey], e.place = e, s.recent.PushFront(e)
		s.count++
	}
	e.users++
	s.recent.MoveToFront(e.place)
	return e, nil
}

// release ends the use of an entry.
func (s *sessions) release(e *entry) {
	expired, failing := e.connection.expired.Load(), e.connection.failing()
	s.mu.Lock()
	defer s.mu.Unlock()
	e.users--
	e.used = time.Now().Round(0)
	if expired && s.byKey[e.caller.CallerKey] == e {
		// Nobody else is to begin with it; the next run connects again.
		delete(s.byKey, e.caller.CallerKey)
	}
	if e.users > 0 {
		return
	}
	switch {
	case expired:
		s.evict(e)
	case failing:
		// It is the first to make room, so that bad tokens close no good sessions.
		s.recent.MoveToBack(e.place)
	}
	if !s.set && !s.closed {
		s.expireIn(s.server.config.SessionIdle)
	}
	s.announce()
}

// call calls a tool for a caller whose session may have been closed since it gave the
// tool.
func (s *sessions) call(ctx context.Context, caller mcpclient.Caller, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	held, err := s.acquire(ctx, caller)
	if err != nil {
		return nil, err
	}
	defer s.release(held)
	return held.connection.call(ctx, params)
}

// close closes all connections. It waits for the calls that are under way.
func (s *sessions) close() error {
	s.mu.Lock()
	s.closed = true
	if s.expiry != nil {
		s.expiry.Stop()
	}
	for place := s.recent.Front(); place != nil; {
		e := place.Value.(*entry)
		place = place.Next()
		s.evict(e)
	}
	s.announce()
	s.mu.Unlock()
	s.closers.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.errs...)
}

// idle returns for how long nobody has used an entry, 0 while somebody does. The
// caller holds mu.
func (s *sessions) idle(e *entry) time.Duration {
	if e.users > 0 {
		return 0
	}
	return time.Since(e.used)
}

// evictOldest evicts the entry that was used least recently. The caller holds mu.
func (s *sessions) evictOldest() {
	for place := s.recent.Back(); place != nil; place = place.Prev() {
		if e := place.Value.(*entry); e.users == 0 {
			s.evict(e)
			return
		}
	}
}

// evict takes an entry out, and closes it in the background: that may take a request.
// The caller holds mu.
func (s *sessions) evict(e *entry) {
	if e.evicted {
		return
	}
	e.evicted = true
	if s.byKey[e.caller.CallerKey] == e {
		delete(s.byKey, e.caller.CallerKey)
	}
	s.recent.Remove(e.place)
	s.closing++
	s.closers.Go(func() {
		err := e.connection.close()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.closing--
		s.count--
		if s.closed && err != nil {
			s.errs = append(s.errs, fmt.Errorf("mcp server %s: close a session: %w", s.server.config.Name, e.connection.secrets().Redact(err)))
		}
		s.announce()
	})
}

// expireIn has what is idle closed later. The caller holds mu.
func (s *sessions) expireIn(after time.Duration) {
	s.set = true
	if s.expiry == nil {
		s.expiry = time.AfterFunc(after, s.expire)
		return
	}
	s.expiry.Reset(after)
}

// expire closes what has been idle for long enough.
func (s *sessions) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set = false
	if s.closed {
		return
	}
	limit := s.server.config.SessionIdle
	next := limit
	for place := s.recent.Back(); place != nil; {
		e := place.Value.(*entry)
		place = place.Prev()
		switch idle := s.idle(e); {
		case idle >= limit:
			s.evict(e)
		case e.users == 0:
			next = min(next, limit-idle)
		}
	}
	if s.recent.Len() > 0 {
		s.expireIn(next)
	}
}

// announce wakes who waits. The caller holds mu.
func (s *sessions) announce() {
	if len(s.waiting) > 0 {
		close(s.changed)
		s.changed = make(chan struct{})
	}
}
