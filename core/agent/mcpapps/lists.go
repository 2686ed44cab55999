package mcpapps

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
)

// How many lists of a server are kept, and how large they may be together, in bytes.
const (
	maxLists     = 100
	maxListBytes = 32 << 20
)

// lists are the tools of a server as its callers see them. Callers of one key share a
// listing.
type lists struct {
	list                        func(context.Context, mcpclient.Caller) ([]mcpclient.Tool, error)
	timeout, maxAge, retryAfter time.Duration

	mu    sync.Mutex
	byKey map[mcpclient.CallerKey]*list.Element
	// recent has the listings, the one that was used last first; size is how many bytes
	// they have.
	recent list.List
	size   int
	closed bool
	// running are the goroutines that list.
	running sync.WaitGroup
}

// listing is one attempt to list the tools. What came of it may be read when done is
// closed.
type listing struct {
	key   mcpclient.CallerKey
	done  chan struct{}
	tools []mcpclient.Tool
	err   error
	// begun and ended are by the wall clock: the other one stands still while a platform
	// freezes the instance. ended is zero while it goes on.
	begun, ended time.Time
	size         int
}

var errClosed = errors.New("closed")

// begin returns the caller's list, which isn't older than maxAge, or a new attempt. A
// failure is kept for retryAfter.
func (l *lists) begin(caller mcpclient.Caller, maxAge time.Duration) *listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	if place := l.byKey[caller.CallerKey]; place != nil {
		if found := place.Value.(*listing); l.usable(found, maxAge) {
			l.recent.MoveToFront(place)
			return found
		}
		l.remove(place)
	}
	begun := &listing{key: caller.CallerKey, begun: time.Now().Round(0), done: make(chan struct{})}
	if l.closed {
		begun.err = errClosed
		close(begun.done)
		return begun
	}
	if l.byKey == nil {
		l.byKey = make(map[mcpclient.CallerKey]*list.Element)
	}
	l.byKey[begun.key] = l.recent.PushFront(begun)
	l.trim()
	l.running.Go(func() { l.run(begun, caller) })
	return begun
}

// usable reports whether a listing is under way, or recent enough. One that has taken too
// long was frozen with the instance, and that it fails says nothing of the server. The
// caller holds mu.
func (l *lists) usable(found *listing, maxAge time.Duration) bool {
	const ending = 10 * time.Second // is more than the end of a session takes
	switch longest := l.timeout + ending; {
	case found.ended.IsZero():
		return time.Since(found.begun).Abs() < longest
	case found.err != nil && found.ended.Sub(found.begun).Abs() >= longest:
		return false
	case found.err != nil:
		return time.Since(found.ended) < l.retryAfter
	}
	return time.Since(found.ended) < maxAge
}

// run lists the tools. Not in a run's context: others wait for the same listing.
func (l *lists) run(begun *listing, caller mcpclient.Caller) {
	ctx, cancel := context.WithTimeout(context.Background(), l.timeout)
	defer cancel()
	tools, err := l.list(ctx, caller)
	size := 0
	for i := range tools {
		if tools[i].ResourceURI == "" || !tools[i].ForModel {
			// Its name is all that is needed.
			tools[i].Description, tools[i].Parameters = "", nil
		}
		size += len(tools[i].Name) + len(tools[i].Description) + len(tools[i].Parameters) + 100
	}
	l.mu.Lock()
	begun.tools, begun.err, begun.ended = tools, err, time.Now().Round(0)
	if place := l.byKey[begun.key]; place != nil && place.Value == begun {
		begun.size = size
		l.size += size
		l.trim()
	}
	l.mu.Unlock()
	close(begun.done)
}

// trim removes the lists that were used least recently while there are too many, but not
// the last one. The caller holds mu.
func (l *lists) trim() {
	for l.recent.Len() > 1 && (l.recent.Len() > maxLists || l.size > maxListBytes) {
		l.remove(l.recent.Back())
	}
}

func (l *lists) remove(place *list.Element) {
	removed := l.recent.Remove(place).(*listing)
	delete(l.byKey, removed.key)
	l.size -= removed.size
	removed.size = 0
}

// close has no more listings begin, and waits for those under way.
func (l *lists) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.running.Wait()
}

// wait returns the tools when they have come.
func (l *listing) wait(ctx context.Context) ([]mcpclient.Tool, error) {
	select {
	case <-l.done:
		return l.tools, l.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
