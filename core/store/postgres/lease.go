package postgres

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

const (
	// listenDelay is how long a run goes on before a connection is made for it to be
	// stopped through: many are over before.
	listenDelay = 250 * time.Millisecond
	// How long a run is silent before it asks whether it was asked to stop, while no
	// messages arrive, grows from the one to the other. What it writes tells it too.
	minStopInterval, maxStopInterval = 100 * time.Millisecond, time.Second
	// minCheckInterval is how often the server is asked about a lease that should have
	// run out but hasn't.
	minCheckInterval = 20 * time.Millisecond
)

type lease struct {
	store   *Store
	key     uuid
	id      int64 // the thread's
	token   uuid
	ttl     time.Duration
	runID   string
	agentID string
	parent  string
	seen    map[string]bool
	next    int64
	sent    time.Time // when the call was sent that got the lease

	// ended is closed when the run is asked to stop, or the lease is lost.
	ended chan struct{}

	mu sync.Mutex
	// until is when the lease runs out unless renewed, by this machine's clock and no
	// earlier than by the server's. heard is when the server last said that it holds.
	until, heard  time.Time
	stopped, lost bool
}

func (s *Store) newLease(key store.Key, ttl time.Duration) *lease {
	return &lease{
		store: s, key: hashKey(key), token: newToken(), ttl: ttl,
		seen: make(map[string]bool), ended: make(chan struct{}),
	}
}

// fill sets what Begin and Adopt have in common.
func (l *lease) fill(state state) {
	l.id, l.next, l.parent = state.id, state.seq+1, state.parent
	l.until, l.heard = l.sent.Add(l.ttl), time.Now()
}

func (l *lease) RunID() string         { return l.runID }
func (l *lease) AgentID() string       { return l.agentID }
func (l *lease) ParentRunID() string   { return l.parent }
func (l *lease) Seen() map[string]bool { return l.seen }
func (l *lease) NextSeq() int64        { return l.next }

// Append takes one round trip.
func (l *lease) Append(ctx context.Context, records []store.Record) error {
	if _, lost := l.state(); lost {
		return store.ErrLeaseLost
	}
	if len(records) == 0 {
		return nil
	}
	err := l.append(ctx, records)
	if err != nil {
		return l.store.failed(ctx, fmt.Sprintf("append records %d to %d of run %s",
			records[0].Seq, records[len(records)-1].Seq, l.runID), err)
	}
	return nil
}

func (l *lease) append(ctx context.Context, records []store.Record) error {
	for i, record := range records[1:] {
		if record.Seq != records[i].Seq+1 {
			return fmt.Errorf("%w: %d after %d", errGap, record.Seq, records[i].Seq)
		}
	}
	// What is known to be stored is a repeated call's.
	for len(records) > 0 && records[0].Seq < l.next {
		records = records[1:]
	}
	if len(records) == 0 {
		_, err := l.hold(ctx)
		return err
	}
	first, last := records[0].Seq, records[len(records)-1].Seq
	data := block.Encode(records)
	added, stopping := false, false
	err := l.store.do(ctx, func(int) []query {
		return []query{{
			sql:  l.store.statements.append,
			args: []any{l.id, l.token, first, last, data},
			row: func(row row) error {
				added, stopping = true, row.bool(0)
				return nil
			},
		}}
	})
	if err != nil {
		return err
	}
	if !added {
		// The lease is lost, or there is a gap, or it was stored by a try whose answer
		// was lost.
		seq, err := l.hold(ctx)
		if err != nil {
			return err
		}
		if seq < last {
			return fmt.Errorf("%w: %d where %d is next", errGap, first, seq+1)
		}
	}
	l.next = last + 1
	l.hear(stopping)
	return nil
}

// Renew takes one round trip.
func (l *lease) Renew(ctx context.Context) error {
	if _, lost := l.state(); lost {
		return store.ErrLeaseLost
	}
	held, stopping := false, false
	var sent time.Time
	err := l.store.do(ctx, func(int) []query {
		held, sent = false, time.Now()
		return []query{{
			sql:  l.store.statements.renew,
			args: []any{l.id, l.token, l.ttl},
			row: func(row row) error {
				held, stopping = true, row.bool(0)
				return nil
			},
		}}
	})
	if err == nil && !held {
		l.end(false)
		err = store.ErrLeaseLost
	}
	if err != nil {
		return l.store.failed(ctx, "renew the lease of run "+l.runID, err)
	}
	l.mu.Lock()
	l.until = sent.Add(l.ttl)
	l.mu.Unlock()
	l.hear(stopping)
	return nil
}

// hold asks the server about the lease, and returns the Seq of the last record.
func (l *lease) hold(ctx context.Context) (seq int64, err error) {
	held, stopping := false, false
	err = l.store.do(ctx, func(int) []query {
		held = false
		return []query{{
			sql:  l.store.statements.held,
			args: []any{l.id, l.token},
			row: func(row row) error {
				held, stopping, seq = true, row.bool(0), row.int(1)
				return nil
			},
		}}
	})
	if err != nil {
		return 0, err
	}
	if !held {
		l.end(false)
		return 0, store.ErrLeaseLost
	}
	l.hear(stopping)
	return seq, nil
}

// AwaitStop waits for the message. It asks the server itself once messages arrive, when
// the lease should have run out, and at least every second while none arrive, unless what
// the run writes has told it.
func (l *lease) AwaitStop(ctx context.Context) error {
	s := l.store
	if !s.signals.running() {
		if err := pause.Wait(ctx, min(listenDelay, max(l.remaining(), 0)), l.ended); err != nil {
			return ctx.Err()
		}
	}
	topic := s.signals.join(s.names.stops(l.key))
	defer s.signals.leave(topic)
	// asked is what the next message closes, as it was when the server was last asked.
	asked, interval := (<-chan struct{})(nil), minStopInterval
	for {
		switch stopped, lost := l.state(); {
		case lost:
			return store.ErrLeaseLost
		case stopped:
			return nil
		case s.background.ctx.Err() != nil:
			return errClosed
		}
		subscribed, changed := topic.state()
		var err error
		if l.remaining() <= 0 || subscribed && asked != changed || !subscribed && l.silence() >= interval {
			if _, err = l.hold(ctx); err == nil {
				asked = changed
			}
			interval = min(2*interval, maxStopInterval)
		}
		wait := l.remaining()
		switch {
		case err != nil:
			wait = maxStopInterval
		case !subscribed:
			wait = min(wait, interval-l.silence())
		}
		if err := l.await(ctx, max(wait, minCheckInterval), changed); err != nil {
			return err
		}
	}
}

// await waits until something may have happened to the lease, or a time has passed.
func (l *lease) await(ctx context.Context, d time.Duration, changed <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-l.store.background.ctx.Done():
	case <-l.ended:
	case <-changed:
	case <-timer.C:
	}
	return nil
}

// Finish takes one round trip.
func (l *lease) Finish(ctx context.Context, result *store.Result) error {
	if _, lost := l.state(); lost {
		return store.ErrLeaseLost
	}
	held, gone := false, false
	err := l.store.do(ctx, func(try int) []query {
		// A thread that a try before this one has removed is gone.
		held, gone = false, try > 0 && result == nil
		queries := l.finishing(result)
		queries[len(queries)-1].row = func(row row) error {
			held, gone = row.bool(0), false
			return nil
		}
		if result == nil {
			queries = append(queries, query{sql: l.store.statements.vanish, args: []any{l.id, l.token}})
		}
		return queries
	})
	if err == nil {
		l.end(false)
		if !held && !gone {
			err = store.ErrLeaseLost
		}
	}
	return l.store.failed(ctx, "finish run "+l.runID, err)
}

// finishing returns the statements that end the run, of which the last one tells whether
// it has. They can be repeated.
func (l *lease) finishing(result *store.Result) []query {
	st := &l.store.statements
	unblock := query{sql: st.unblock, args: []any{l.id, l.token}}
	ended := query{sql: st.ended, args: []any{l.id, l.token}}
	if result == nil {
		return []query{{sql: st.discard, args: []any{l.id, l.token}}, unblock, ended}
	}
	queries := []query{{}, unblock}
	last := int64(0)
	for _, records := range slices.Concat(result.Earlier, [][]store.Record{result.Records}) {
		if len(records) > 0 {
			last = records[len(records)-1].Seq
			queries = append(queries, query{sql: st.addBlock, args: []any{l.id, l.token, last, block.Encode(records)}})
		}
	}
	queries[0] = query{sql: st.keep, args: []any{l.id, l.token, last}}
	if runs := l.store.limits.Runs; runs > 0 {
		queries = append(queries, query{sql: st.trim, args: []any{l.id, l.token, runs}})
	}
	queries = append(queries, query{sql: st.addSnapshot, args: []any{l.id, l.token, []byte(result.Snapshot.Messages), []byte(result.Snapshot.State)}})
	ids := make([]uuid, 0, len(result.MessageIDs))
	for _, id := range result.MessageIDs {
		if !l.seen[id] {
			ids = append(ids, hash(id))
		}
	}
	if len(ids) > 0 {
		queries = append(queries, query{sql: st.addIDs, args: []any{l.id, l.token, ids}})
	}
	return append(queries, ended)
}

// hear records that the server has said that the lease holds, and whether it was asked to
// stop.
func (l *lease) hear(stopping bool) {
	l.mu.Lock()
	l.heard = time.Now()
	l.mu.Unlock()
	if stopping {
		l.end(true)
	}
}

// end records that the run was asked to stop, or else that the lease is lost.
func (l *lease) end(stopped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stopped && !l.lost {
		close(l.ended)
	}
	l.stopped = l.stopped || stopped
	l.lost = l.lost || !stopped
}

func (l *lease) state() (stopped, lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stopped, l.lost
}

func (l *lease) remaining() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}

func (l *lease) silence() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.heard)
}
