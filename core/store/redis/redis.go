// Package redis keeps threads in Redis 6.2 or newer, Valkey, or a service that
// speaks their protocol, so that any number of instances share them.
//
// A thread is a hash (its description, and where its run stands), a lease that
// expires by the server's clock, a stream of the live run's batches, a stream of
// finished runs, each compacted to one value, the set of message ids, and the
// last snapshot. The keys of a thread have one hash tag. Every step that must be
// whole is one script, which checks the lease's token first: who has lost the
// lease can't write. Followers and runs wait for messages on one connection per
// process; a lost message costs time (until the lease is due), never an event.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
)

// Store is a [store.Store] in Redis.
type Store struct {
	settings
	client  goredis.UniversalClient
	scripts scripts
	signals *signals

	// Followers that wait for the same records share a reading.
	readsMu sync.Mutex
	reads   map[readKey]*sharedRead
}

var _ store.Store = (*Store)(nil)

// Open prepares a store for a URL such as redis://user:password@host:6379/0, or
// rediss:// for TLS. It connects when first used, so it fails only when the URL
// is wrong. The query of the URL may set
//
//   - prefix: what all keys begin with, "copilotkit:" by default;
//   - retention: how long a thread is kept after it was last written to, such as
//     720h; by default for ever;
//   - max-runs: how many finished runs of a thread are kept for replay, the
//     newest ones; by default all. The messages and the state of the thread
//     (Snapshot) don't depend on it;
//   - cluster=true for a cluster;
//   - ca: a file of PEM certificates to trust instead of the system's;
//   - and the driver's own: dial_timeout, read_timeout (2s by default each),
//     pool_size, max_retries (1), conn_max_idle_time (1m), and more.
//
// The user needs access to the keys and the channels with the prefix:
// "~copilotkit:* &copilotkit:* +@all -@dangerous".
func Open(_ context.Context, url string) (*Store, error) {
	set, client, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	return &Store{
		settings: set,
		client:   client,
		scripts:  newScripts(),
		signals:  newSignals(client),
		reads:    make(map[readKey]*sharedRead),
	}, nil
}

// Close ends all connections. Calls that wait return an error.
func (s *Store) Close() error {
	s.signals.close()
	if err := s.client.Close(); err != nil && !errors.Is(err, goredis.ErrClosed) {
		return fmt.Errorf("close redis store: %w", err)
	}
	return nil
}

// Begin takes the lease in one round trip.
func (s *Store) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	l := &lease{
		store:   s,
		key:     request.Key,
		keys:    s.keys(request.Key),
		token:   rand.Text(),
		ttl:     request.TTL,
		runID:   request.RunID,
		agentID: request.AgentID,
		stopped: make(chan struct{}),
		lost:    make(chan struct{}),
	}
	args := make([]any, 0, 6+len(request.MessageIDs))
	args = append(args, l.token, milliseconds(l.ttl), milliseconds(s.retention), l.key.ID, l.agentID, l.runID)
	for _, id := range request.MessageIDs {
		args = append(args, id)
	}
	sent := time.Now()
	reply, err := s.run(ctx, s.scripts.begin, l.keys.all(s.cluster), args...).Slice()
	if err == nil {
		err = statusError(reply)
	}
	if err != nil {
		if isUnanswered(err) {
			l.release(ctx)
		}
		return nil, failed(ctx, "begin run "+l.runID, err)
	}
	if err := l.taken(reply, sent); err != nil {
		return nil, fmt.Errorf("begin run %s: %w", l.runID, err)
	}
	seen := text(reply, 3)
	for i, id := range request.MessageIDs {
		if i < len(seen) && seen[i] == '1' {
			l.seen[id] = true
		}
	}
	// What fails here is made good by the run's end.
	_ = s.list(ctx, l.keys, l.key.ID, text(reply, 4))
	return l, nil
}

// Adopt takes over an orphaned run in one round trip.
func (s *Store) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	l := &lease{
		store:   s,
		key:     key,
		keys:    s.keys(key),
		token:   rand.Text(),
		ttl:     ttl,
		stopped: make(chan struct{}),
		lost:    make(chan struct{}),
	}
	sent := time.Now()
	reply, err := s.run(ctx, s.scripts.adopt, l.keys.all(true)[:2], l.token, milliseconds(ttl)).Slice()
	if err == nil {
		err = statusError(reply)
	}
	if err != nil {
		return nil, failed(ctx, "adopt the run of thread "+key.ID, err)
	}
	if err := l.taken(reply, sent); err != nil {
		return nil, fmt.Errorf("adopt the run of thread %s: %w", key.ID, err)
	}
	l.runID, l.agentID = text(reply, 3), text(reply, 4)
	return l, nil
}

// Stop asks in one round trip. The message reaches the run wherever it is; its
// next heartbeat tells it too.
func (s *Store) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	k := s.keys(key)
	asked, err := s.run(ctx, s.scripts.stop, k.all(true)[:2], runID, rand.Text(), k.stop).Int()
	return asked == 1, failed(ctx, "stop the run of thread "+key.ID, err)
}

// milliseconds rounds up, so that a short time doesn't become none.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
