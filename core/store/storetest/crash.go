package storetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// crashable is the store of an instance that can be killed or frozen. After the
// kill nothing gets through to the store any more, and nothing comes back.
type crashable struct {
	store.Store
	// appended gets how many records of a run the store has acknowledged so far.
	appended func(runID string, total int)

	mu   sync.RWMutex
	dead bool
	// frozen is closed by the thaw, nil for an instance that was never frozen.
	frozen chan struct{}
}

var errKilled = fmt.Errorf("%w: instance was killed", store.ErrUnavailable)

func (c *crashable) kill() {
	c.mu.Lock()
	c.dead = true
	c.mu.Unlock()
}

// freeze holds all calls until the thaw, when they get through as if nothing
// had happened.
func (c *crashable) freeze() (thaw func()) {
	frozen := make(chan struct{})
	c.mu.Lock()
	c.frozen = frozen
	c.mu.Unlock()
	return func() { close(frozen) }
}

// do makes a call unless the instance is dead. The instance can't be killed
// while the call is under way.
func (c *crashable) do(call func() error) error {
	c.mu.RLock()
	frozen := c.frozen
	c.mu.RUnlock()
	if frozen != nil {
		<-frozen
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.dead {
		return errKilled
	}
	return call()
}

func (c *crashable) isDead() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.dead
}

func (c *crashable) Begin(ctx context.Context, request store.BeginRequest) (lease store.Lease, err error) {
	err = c.do(func() error {
		lease, err = c.Store.Begin(ctx, request)
		return err
	})
	return c.lease(lease), err
}

func (c *crashable) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (lease store.Lease, err error) {
	err = c.do(func() error {
		lease, err = c.Store.Adopt(ctx, key, ttl)
		return err
	})
	return c.lease(lease), err
}

func (c *crashable) lease(lease store.Lease) store.Lease {
	if lease == nil {
		return nil
	}
	return &crashableLease{Lease: lease, instance: c, first: lease.NextSeq()}
}

func (c *crashable) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	if c.isDead() {
		return store.Page{}, errKilled
	}
	return c.Store.Read(ctx, key, after, wait)
}

func (c *crashable) Stop(ctx context.Context, key store.Key, runID string) (stopped bool, err error) {
	err = c.do(func() error {
		stopped, err = c.Store.Stop(ctx, key, runID)
		return err
	})
	return stopped, err
}

// crashableLease is a lease of such an instance. What was asked for before a
// freeze still happens after it, late.
type crashableLease struct {
	store.Lease
	instance *crashable
	// first is the Seq of the run's first record.
	first int64
}

func (l *crashableLease) Append(ctx context.Context, records []store.Record) error {
	return l.instance.do(func() error {
		err := l.Lease.Append(context.WithoutCancel(ctx), records)
		if err == nil && len(records) > 0 {
			// By Seq rather than by counting, since a call may be repeated.
			l.instance.appended(l.RunID(), int(records[len(records)-1].Seq-l.first)+1)
		}
		return err
	})
}

func (l *crashableLease) Renew(ctx context.Context) error {
	return l.instance.do(func() error { return l.Lease.Renew(context.WithoutCancel(ctx)) })
}

func (l *crashableLease) Finish(ctx context.Context, result *store.Result) error {
	return l.instance.do(func() error { return l.Lease.Finish(context.WithoutCancel(ctx), result) })
}
