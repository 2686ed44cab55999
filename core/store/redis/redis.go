// Package redis keeps threads in Redis 6.2 or newer, Valkey, or a service that
// speaks their protocol, so that any number of instances share them.
//
// A thread is a hash (its description, and where its run stands), a lease that
// expires by the server's clock, a stream of the live run's batches, a stream of
// finished runs, each compacted to one value, the set of message ids, and the
// last snapshot. The keys of a thread have one hash tag. Every step that must be
// atomic is one script, which checks the lease's token first: a holder that has
// lost its lease can't write. Followers and runs wait for messages on one
// connection per process; a lost message costs time (until the lease is due),
// never an event.
//
// The server's maxmemory-policy must be noeviction: any other loses live runs,
// and damages threads, when the memory is full.
//
// The driver, go-redis, has one logger for the whole process, which this package
// does not touch. To standard error it writes a line for each connection that
// can't be made, up to pool_size of them until the server is back; a program
// that wants them elsewhere calls the driver's SetLogger. The errors of a
// [Store] say the same.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/background"
	"github.com/copilotkit-go/runtime/core/store/internal/sharing"
)

// Store is a [store.Store] in Redis.
type Store struct {
	settings
	client     goredis.UniversalClient
	logger     *slog.Logger
	scripts    scripts
	background *background.Group
	signals    *signals

	evictionChecked atomic.Bool

	// Followers that wait for the same records share a reading.
	reads sharing.Readings[readKey, found]
}

// Options are what a store's URL can't say.
type Options struct {
	// Logger gets what no call's error says: that the server evicts keys, or
	// refuses to send messages. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

var _ store.Store = (*Store)(nil)

// Open prepares a store for a URL such as redis://user:password@host:6379/0, or
// rediss:// for TLS. It connects when first used, so it fails only when the URL
// is wrong. The query of the URL may set
//
//   - prefix: what all keys begin with, by default "copilotkit:";
//   - retention: how long a thread is kept after it was last written to, such as
//     720h, by default for ever;
//   - max-runs: how many finished runs of a thread are kept for replay, the
//     newest ones, by default all. The messages and the state of the thread
//     (Snapshot) don't depend on it;
//   - cluster: true for a cluster, by default false;
//   - ca: a file of PEM certificates to trust, by default the system's;
//   - and the driver's own: dial_timeout and read_timeout (2s by default),
//     pool_size, max_retries (1), conn_max_idle_time (1m), and more.
//
// The user needs access to the keys and the channels with the prefix:
// "~copilotkit:* &copilotkit:* +@all -@dangerous +info". Without "+info" the
// store works, but can't warn of a server that evicts keys.
func Open(_ context.Context, url string, options Options) (*Store, error) {
	set, client, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	group := background.New()
	return &Store{
		settings:   set,
		client:     client,
		logger:     options.Logger,
		scripts:    newScripts(),
		background: group,
		signals:    newSignals(client, group, options.Logger),
	}, nil
}

// Close ends all connections. Calls that wait return an error.
func (s *Store) Close() error {
	s.background.End()
	s.signals.wakeAll()
	s.background.Wait()
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
		ended:   make(chan struct{}),
	}
	args := make([]any, 0, 6+len(request.MessageIDs))
	args = append(args, l.token, milliseconds(l.ttl), milliseconds(s.limits.Age), l.key.ID, l.agentID, l.runID)
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
	if err := l.fill(reply, sent); err != nil {
		return nil, fmt.Errorf("begin run %s: %w", l.runID, err)
	}
	seen := text(reply, 3)
	for i, id := range request.MessageIDs {
		if i < len(seen) && seen[i] == '1' {
			l.seen[id] = true
		}
	}
	// What fails here is made good by the run's end.
	_ = s.addToList(ctx, l.keys, l.key.ID, text(reply, 4))
	s.checkEviction()
	return l, nil
}

// Adopt takes over an orphaned run in one round trip.
func (s *Store) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	l := &lease{
		store: s,
		key:   key,
		keys:  s.keys(key),
		token: rand.Text(),
		ttl:   ttl,
		ended: make(chan struct{}),
	}
	sent := time.Now()
	reply, err := s.run(ctx, s.scripts.adopt, l.keys.all(true)[:2], l.token, milliseconds(ttl)).Slice()
	if err == nil {
		err = statusError(reply)
	}
	if err != nil {
		return nil, failed(ctx, "adopt the run of thread "+key.ID, err)
	}
	if err := l.fill(reply, sent); err != nil {
		return nil, fmt.Errorf("adopt the run of thread %s: %w", key.ID, err)
	}
	l.runID, l.agentID = text(reply, 3), text(reply, 4)
	return l, nil
}

// Stop asks in one round trip. The message reaches the run wherever it is; if it
// is lost, the run sees the stop at its next Renew.
func (s *Store) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	k := s.keys(key)
	asked, err := s.run(ctx, s.scripts.stop, k.all(true)[:2], runID, rand.Text(), k.stop).Int()
	return asked == 1, failed(ctx, "stop the run of thread "+key.ID, err)
}

// milliseconds rounds up, so that a short time doesn't become none.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
