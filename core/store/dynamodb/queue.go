package dynamodb

import (
	"context"
	"sync"
)

// queue lets one in after the other. Its zero value is empty.
type queue struct {
	once sync.Once
	turn chan struct{}
}

func (q *queue) enter(ctx context.Context) error {
	q.once.Do(func() { q.turn = make(chan struct{}, 1) })
	select {
	case q.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *queue) leave() { <-q.turn }

// queues are queues by name, of which each exists while somebody is in it.
type queues struct {
	mu    sync.Mutex
	named map[string]*namedQueue
}

type namedQueue struct {
	queue
	waiting int
}

// enter waits for the turn, which the caller gives up by leave.
func (q *queues) enter(ctx context.Context, name string) (leave func(), err error) {
	q.mu.Lock()
	if q.named == nil {
		q.named = make(map[string]*namedQueue)
	}
	n := q.named[name]
	if n == nil {
		n = &namedQueue{}
		q.named[name] = n
	}
	n.waiting++
	q.mu.Unlock()
	out := func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if n.waiting--; n.waiting == 0 {
			delete(q.named, name)
		}
	}
	if err := n.enter(ctx); err != nil {
		out()
		return nil, err
	}
	return func() {
		n.leave()
		out()
	}, nil
}
