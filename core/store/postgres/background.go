package postgres

import (
	"context"
	"sync"
)

// background owns the goroutines of a store: none outlives end and wait.
type background struct {
	// ctx ends with end.
	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex // held to start a goroutine, and to end ctx
	group sync.WaitGroup
}

func newBackground() *background {
	b := &background{}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// start runs do in a goroutine, and reports whether it could: after end it can't. do must
// return when ctx ends.
func (b *background) start(do func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		return false
	}
	b.group.Go(do)
	return true
}

// end ends ctx. wait then returns when all goroutines have.
func (b *background) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cancel()
}

func (b *background) wait() { b.group.Wait() }
