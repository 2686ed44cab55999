// Package background owns the goroutines of a store.
package background

import (
	"context"
	"sync"
)

// Group is goroutines of which none outlives End and Wait. It is safe for concurrent use.
type Group struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex // held to start a goroutine, and to end ctx
	group sync.WaitGroup
}

// New returns a group without goroutines.
func New() *Group {
	g := &Group{}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// Context returns the context that ends with [Group.End].
func (g *Group) Context() context.Context { return g.ctx }

// Start runs do in a goroutine, and reports whether it could: after End it can't. do must
// return when the group's context ends.
func (g *Group) Start(do func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx.Err() != nil {
		return false
	}
	g.group.Go(do)
	return true
}

// End ends the group's context. Wait then returns when all goroutines have. Ending again
// does nothing.
func (g *Group) End() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cancel()
}

// Wait returns when no goroutine is left.
func (g *Group) Wait() { g.group.Wait() }
