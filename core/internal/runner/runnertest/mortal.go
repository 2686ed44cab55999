package runnertest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// mortal is an instance's store: when the instance is killed nothing gets through any
// more, in either direction.
type mortal struct {
	store.Store
	// appended is called with how many records of a run the store has acknowledged
	// so far.
	appended func(runID string, total int)

	mu   sync.RWMutex
	dead bool
	// frozen is closed at the thaw, nil for an instance that isn't frozen.
	frozen chan struct{}
}

var errKilled = fmt.Errorf("%w: instance is dead", store.ErrUnavailable)

func (m *mortal) kill() {
	m.mu.Lock()
	m.dead = true
	m.mu.Unlock()
}

// freeze holds all calls until the thaw, when they get through as if nothing
// had been.
func (m *mortal) freeze() (thaw func()) {
	frozen := make(chan struct{})
	m.mu.Lock()
	m.frozen = frozen
	m.mu.Unlock()
	return func() { close(frozen) }
}

// alive makes a call unless the instance is dead, which it can't become meanwhile.
func (m *mortal) alive(do func() error) error {
	m.mu.RLock()
	frozen := m.frozen
	m.mu.RUnlock()
	if frozen != nil {
		<-frozen
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.dead {
		return errKilled
	}
	return do()
}

func (m *mortal) isDead() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.dead
}

func (m *mortal) Begin(ctx context.Context, request store.BeginRequest) (lease store.Lease, err error) {
	err = m.alive(func() error {
		lease, err = m.Store.Begin(ctx, request)
		return err
	})
	return m.lease(lease), err
}

func (m *mortal) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (lease store.Lease, err error) {
	err = m.alive(func() error {
		lease, err = m.Store.Adopt(ctx, key, ttl)
		return err
	})
	return m.lease(lease), err
}

func (m *mortal) lease(lease store.Lease) store.Lease {
	if lease == nil {
		return nil
	}
	return &mortalLease{Lease: lease, instance: m, first: lease.NextSeq()}
}

func (m *mortal) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	if m.isDead() {
		return store.Page{}, errKilled
	}
	return m.Store.Read(ctx, key, after, wait)
}

func (m *mortal) Stop(ctx context.Context, key store.Key, runID string) (stopped bool, err error) {
	err = m.alive(func() error {
		stopped, err = m.Store.Stop(ctx, key, runID)
		return err
	})
	return stopped, err
}

// mortalLease is a lease in such an instance. What was asked for before a freeze
// still happens after it, late.
type mortalLease struct {
	store.Lease
	instance *mortal
	// first is the Seq of the run's first record.
	first int64
}

func (l *mortalLease) Append(ctx context.Context, records []store.Record) error {
	return l.instance.alive(func() error {
		err := l.Lease.Append(context.WithoutCancel(ctx), records)
		if err == nil && len(records) > 0 {
			// Not counted: a call may be repeated.
			l.instance.appended(l.RunID(), int(records[len(records)-1].Seq-l.first)+1)
		}
		return err
	})
}

func (l *mortalLease) Renew(ctx context.Context) error {
	return l.instance.alive(func() error { return l.Lease.Renew(context.WithoutCancel(ctx)) })
}

func (l *mortalLease) Finish(ctx context.Context, result *store.Result) error {
	return l.instance.alive(func() error { return l.Lease.Finish(context.WithoutCancel(ctx), result) })
}
