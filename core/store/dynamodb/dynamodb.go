// Package dynamodb keeps threads in one table of Amazon DynamoDB, so that any number
// of instances share them without a server or a VPC.
//
// Only writes of single items are conditional here, never transactions: they cost
// half, and everything that speaks the protocol has them. So what makes a change true
// is always one item:
//
//   - A thread's head ("M") says all that there is: description, lease, where the live
//     run stands, and the names of everything else that counts. Each write of it is
//     conditional on the version that the writer has read, and gives it a new one. Its
//     index entry, by which threads are listed, is a part of the same write.
//   - A live run's records are in blocks ("L"), one per Append, each at the number of
//     its first record, below a name that the run's Begin has drawn. A block is only
//     written where none is. Whoever adopts the run first takes the lease in the head
//     and then puts a seal at the place behind the last block: what the former holder
//     had stored until then counts, and its next block finds the place taken. Deleting
//     a thread seals its run too.
//   - A finished run ("R"), the message ids that it brought ("I") and the snapshot that
//     it left ("S") are written below the name of the lease that wrote them, and count
//     once the head names them: the newest run by its place, and each run the one
//     before. What a holder writes whose lease is lost is named by nobody, so nobody
//     reads it.
//
// A crash between two writes therefore leaves items that nobody reads, never half a
// change: a block's parts without the block, a finished run without its head, what a
// finished run has replaced. The next run of the thread removes those among "I" and
// "L", and deleting the thread removes all. With a retention they expire.
//
// Leases go by DynamoDB's clock, which every answer has to the second: a holder
// reckons with the latest time that it may be there, others with the earliest, so
// that no lease is taken for expired before it is, whatever the clocks of instances
// say. An orphan is found up to two seconds late for that. The holder itself stops at
// its term by its own clock. If that stood still while the instance was frozen, the
// seal still stops it.
//
// DynamoDB sends no messages. Who waits for records or a stop asks again, sooner where
// much happens: all who wait on a thread in one process share one question, and what
// this process writes itself wakes them at once.
package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

// Store is a [store.Store] and a [store.Meter] in a table of DynamoDB.
type Store struct {
	settings
	logger  *slog.Logger
	clock   *clock
	client  client
	packers packers

	// endpoint is another one than the environment's, for tests, which also change how
	// much data one item has, and how long one request may take.
	endpoint       string
	maxPart        int
	attemptTimeout time.Duration

	everybody everybody

	// accounts has the runs of one user counted one after the other: they write the
	// same item.
	accounts queues

	mu     sync.Mutex
	closed chan struct{}
	topics map[store.Key]*topic
}

// Options are what a store's address can't say.
type Options struct {
	// Logger gets what no call's error says, such as that a table was made. If nil,
	// defaults to [slog.Default].
	Logger *slog.Logger
}

var _ store.Store = (*Store)(nil)

// Open prepares a store for an address such as dynamodb://table?region=eu-central-1.
// Credentials, and the region where the address has none, are found when the store is
// first used, as every AWS program finds them; AWS_ENDPOINT_URL_DYNAMODB names another
// endpoint. So Open fails only when the address is wrong. Its query may set
//
//   - region: where the table is;
//   - create: true makes the table when it isn't there, by default false;
//   - prefix: what all keys begin with, by default "";
//   - retention: how long a thread is kept after it was last written to, such as
//     720h, by default for ever;
//   - max-runs: how many finished runs of a thread are kept for replay, the newest
//     ones, by default all. The messages and the state of the thread (Snapshot) don't
//     depend on it.
//
// The identity needs the actions GetItem, PutItem, DeleteItem, BatchWriteItem and Query
// on the table and Query on its index; for create=true also CreateTable, DescribeTable
// and UpdateTimeToLive.
func Open(_ context.Context, address string, options Options) (*Store, error) {
	set, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	s := &Store{
		settings: set,
		logger:   options.Logger,
		clock:    &clock{now: time.Now},
		closed:   make(chan struct{}),
		topics:   make(map[store.Key]*topic),
		maxPart:  maxPart, attemptTimeout: attemptTimeout,
	}
	s.client.store = s
	return s, nil
}

// Close ends all connections. Calls that wait return an error.
func (s *Store) Close() error {
	s.mu.Lock()
	if !s.isClosed() {
		close(s.closed)
	}
	s.mu.Unlock()
	s.client.close()
	return nil
}

var errClosed = fmt.Errorf("%w: dynamodb store is closed", store.ErrUnavailable)

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// Begin takes the lease with one reading and one write.
func (s *Store) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	l := &lease{
		store: s, key: request.Key, token: rand.Text(), ttl: request.TTL,
		runID: request.RunID, agentID: request.AgentID, ended: make(chan struct{}),
	}
	err := s.begin(ctx, l, request.MessageIDs)
	if errors.Is(err, errUnanswered) {
		l.release(ctx)
	}
	if err != nil {
		return nil, failed(ctx, "begin run "+l.runID, err)
	}
	return l, nil
}

func (s *Store) begin(ctx context.Context, l *lease, messageIDs []string) error {
	var sent time.Time
	for attempt := 0; ; attempt++ {
		opened, err := s.open(ctx, l.key, l.token)
		if err != nil {
			return err
		}
		h := opened.head
		if wait := h.unsure(s.clock); wait > 0 {
			if err := pause.Sleep(ctx, wait); err != nil {
				return err
			}
			continue
		}
		switch {
		case h.token == l.token: // it was taken, and the answer got lost
		case h.live(s.clock):
			if h.stop != "" {
				return store.ErrStopping
			}
			return store.ErrLocked
		case h.chain != "":
			return store.ErrOrphaned
		default:
			sent = s.clock.now()
			h.begin(l, s.clock, s.limits)
			if h, err = s.swap(ctx, opened.head, h); errors.Is(err, errConflict) {
				if err := backOff(ctx, attempt); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
		}
		l.renewed(h, sent)
		l.next, l.parent = h.seq+1, h.parent
		l.garbage = opened.garbage
		l.seen = opened.seen(messageIDs)
		return nil
	}
}

// Adopt takes over an orphaned run: the lease first, and then what its former holder
// has stored by then.
func (s *Store) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	l := &lease{store: s, key: key, token: rand.Text(), ttl: ttl, adopted: true, ended: make(chan struct{}), seen: map[string]bool{}}
	if err := s.adopt(ctx, l); err != nil {
		return nil, failed(ctx, "adopt the run of thread "+key.ID, err)
	}
	return l, nil
}

func (s *Store) adopt(ctx context.Context, l *lease) error {
	var sent time.Time
	h, err := s.change(ctx, l.key, nil, func(h *head) error {
		switch {
		case h.chain == "":
			return store.ErrNotFound
		case h.token == l.token:
			return nil
		case h.live(s.clock):
			return store.ErrLocked
		}
		h.token, h.stop = l.token, ""
		sent = s.clock.now()
		h.renew(l.ttl, s.clock, s.limits)
		return nil
	})
	if err != nil {
		return err
	}
	l.renewed(h, sent)
	l.runID, l.agentID, l.parent = h.run, h.agent, h.parent
	sealed, err := s.seal(ctx, l.key, h, l.token)
	if errors.Is(err, store.ErrLeaseLost) {
		return store.ErrLocked // it took so long that somebody else has it
	}
	if err != nil {
		return err
	}
	l.next, l.blocks = sealed.next, sealed.keys
	return nil
}

// Stop asks with one reading and one write. The run sees it when it next asks.
func (s *Store) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	nonce := rand.Text()
	_, err := s.change(ctx, key, nil, func(h *head) error {
		switch {
		case h.chain == "", runID != "" && h.run != runID, !h.live(s.clock):
			return errNothing
		case h.stop == nonce:
			return nil
		case h.stop != "":
			return errNothing
		}
		h.stop = nonce
		return nil
	})
	if errors.Is(err, errNothing) {
		return false, nil
	}
	return err == nil, failed(ctx, "stop the run of thread "+key.ID, err)
}

// errNothing is for a change that there is nothing to do for.
var errNothing = errors.New("nothing to change")
