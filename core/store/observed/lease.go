package observed

import (
	"context"

	"github.com/copilotkit-go/runtime/core/store"
)

// lease returns what wraps a lease of a thread, unless there is none.
func (s *observed) lease(key store.Key) func(store.Lease, error) (store.Lease, error) {
	return func(inner store.Lease, err error) (store.Lease, error) {
		if err != nil {
			return nil, err
		}
		wrapped := &lease{Lease: inner, store: s, key: key}
		if local, ok := inner.(store.LocalLease); ok {
			return &localLease{wrapped, local}, nil
		}
		return wrapped, nil
	}
}

type lease struct {
	store.Lease
	store *observed
	key   store.Key
}

// Append implements [store.Lease].
func (l *lease) Append(ctx context.Context, records []store.Record) error {
	call := about("Append", l.key)
	call.Records, call.Frequent = len(records), true
	return l.store.tellError(ctx, call, func(ctx context.Context) error { return l.Lease.Append(ctx, records) })
}

// Renew implements [store.Lease].
func (l *lease) Renew(ctx context.Context) error {
	call := about("Renew", l.key)
	call.Frequent = true
	return l.store.tellError(ctx, call, l.Lease.Renew)
}

// Finish implements [store.Lease].
func (l *lease) Finish(ctx context.Context, result *store.Result) error {
	return l.store.tellError(ctx, about("Finish", l.key), func(ctx context.Context) error { return l.Lease.Finish(ctx, result) })
}

// localLease is the lease of a store in this process.
type localLease struct {
	*lease
	local store.LocalLease
}

// Hold implements [store.LocalLease].
func (l *localLease) Hold() (release func()) { return l.local.Hold() }

// Ended implements [store.LocalLease].
func (l *localLease) Ended() context.Context { return l.local.Ended() }
