// Package observed is a store that tells an observer of its calls.
package observed

import (
	"context"
	"errors"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// New returns a store that keeps threads in another, and tells the observer of its calls,
// but not of those that wait for something to happen. The scheme is that of the other's
// address, such as "redis". What the other can do beside a [store.Store], it can.
func New(inner store.Store, scheme string, observer telemetry.Observer) store.Store {
	s := &observed{Store: inner, scheme: scheme, observer: observer}
	if meter, ok := inner.(store.Meter); ok {
		return &metered{s, meter}
	}
	return s
}

type observed struct {
	store.Store
	scheme   string
	observer telemetry.Observer
}

// errPanicked is what became of a call that didn't return.
var errPanicked = errors.New("the store panicked")

// tell calls the store, and tells the observer of it.
func tell[T any](ctx context.Context, s *observed, call telemetry.StoreCall, do func(context.Context) (T, error)) (T, error) {
	call.Store = s.scheme
	ctx, ended := s.observer.Store(ctx, call)
	err := errPanicked
	defer func() { ended(failure(err)) }()
	var result T
	result, err = do(ctx)
	return result, err
}

// failure returns an error that is the store's failing, and nil for one that is its
// answer, or its caller's giving up.
func failure(err error) error {
	limit := (*store.LimitError)(nil)
	switch {
	case errors.Is(err, store.ErrLocked), errors.Is(err, store.ErrOrphaned), errors.Is(err, store.ErrLeaseLost),
		errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrExists), errors.Is(err, store.ErrBadCursor),
		errors.Is(err, context.Canceled), errors.As(err, &limit):
		return nil
	}
	return err
}

// about returns a call that is about a thread.
func about(method string, key store.Key) telemetry.StoreCall {
	return telemetry.StoreCall{Method: method, ThreadID: key.ID}
}

// Begin implements [store.Store].
func (s *observed) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	return tell(ctx, s, about("Begin", request.Key), func(ctx context.Context) (store.Lease, error) {
		return s.lease(request.Key)(s.Store.Begin(ctx, request))
	})
}

// Adopt implements [store.Store].
func (s *observed) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	return tell(ctx, s, about("Adopt", key), func(ctx context.Context) (store.Lease, error) {
		return s.lease(key)(s.Store.Adopt(ctx, key, ttl))
	})
}

// Read implements [store.Store].
func (s *observed) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	if wait {
		return s.Store.Read(ctx, key, after, wait)
	}
	return tell(ctx, s, about("Read", key), func(ctx context.Context) (store.Page, error) {
		return s.Store.Read(ctx, key, after, wait)
	})
}

// Stop implements [store.Store].
func (s *observed) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	return tell(ctx, s, about("Stop", key), func(ctx context.Context) (bool, error) { return s.Store.Stop(ctx, key, runID) })
}

// Thread implements [store.Store].
func (s *observed) Thread(ctx context.Context, key store.Key) (store.Thread, error) {
	return tell(ctx, s, about("Thread", key), func(ctx context.Context) (store.Thread, error) { return s.Store.Thread(ctx, key) })
}

// Threads implements [store.Store].
func (s *observed) Threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	return tell(ctx, s, telemetry.StoreCall{Method: "Threads"}, func(ctx context.Context) (store.ThreadPage, error) {
		return s.Store.Threads(ctx, query)
	})
}

// CreateThread implements [store.Store].
func (s *observed) CreateThread(ctx context.Context, key store.Key, agentID, name string) (store.Thread, error) {
	return tell(ctx, s, about("CreateThread", key), func(ctx context.Context) (store.Thread, error) {
		return s.Store.CreateThread(ctx, key, agentID, name)
	})
}

// UpdateThread implements [store.Store].
func (s *observed) UpdateThread(ctx context.Context, key store.Key, patch store.Patch) (store.Thread, error) {
	return tell(ctx, s, about("UpdateThread", key), func(ctx context.Context) (store.Thread, error) {
		return s.Store.UpdateThread(ctx, key, patch)
	})
}

// DeleteThread implements [store.Store].
func (s *observed) DeleteThread(ctx context.Context, key store.Key) error {
	return s.tellError(ctx, about("DeleteThread", key), func(ctx context.Context) error { return s.Store.DeleteThread(ctx, key) })
}

// Snapshot implements [store.Store].
func (s *observed) Snapshot(ctx context.Context, key store.Key) (store.Snapshot, error) {
	return tell(ctx, s, about("Snapshot", key), func(ctx context.Context) (store.Snapshot, error) { return s.Store.Snapshot(ctx, key) })
}

// Clear implements [store.Store].
func (s *observed) Clear(ctx context.Context, owner string) error {
	return s.tellError(ctx, telemetry.StoreCall{Method: "Clear"}, func(ctx context.Context) error { return s.Store.Clear(ctx, owner) })
}

// tellError does what tell does for a call that returns an error alone.
func (s *observed) tellError(ctx context.Context, call telemetry.StoreCall, do func(context.Context) error) error {
	_, err := tell(ctx, s, call, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}

// metered is an observed store that is a meter.
type metered struct {
	*observed
	meter store.Meter
}

// Admit implements [store.Meter].
func (m *metered) Admit(ctx context.Context, ticket store.Ticket, limits store.Limits) error {
	return m.tellError(ctx, telemetry.StoreCall{Method: "Admit"}, func(ctx context.Context) error { return m.meter.Admit(ctx, ticket, limits) })
}

// Renew implements [store.Meter].
func (m *metered) Renew(ctx context.Context, ticket store.Ticket, spent store.Tokens) error {
	return m.tellError(ctx, telemetry.StoreCall{Method: "RenewTicket", Frequent: true}, func(ctx context.Context) error {
		return m.meter.Renew(ctx, ticket, spent)
	})
}

// Release implements [store.Meter].
func (m *metered) Release(ctx context.Context, ticket store.Ticket, spent store.Tokens) error {
	return m.tellError(ctx, telemetry.StoreCall{Method: "Release"}, func(ctx context.Context) error {
		return m.meter.Release(ctx, ticket, spent)
	})
}

// Usage implements [store.Meter].
func (m *metered) Usage(ctx context.Context, query store.UsageQuery) (store.UsagePage, error) {
	return tell(ctx, m.observed, telemetry.StoreCall{Method: "Usage"}, func(ctx context.Context) (store.UsagePage, error) {
		return m.meter.Usage(ctx, query)
	})
}
