package postgres

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// releaseTimeout is for giving back a lease that may not have been given.
const releaseTimeout = time.Second

// newToken returns a number that nobody else has.
func newToken() (token uuid) {
	rand.Read(token[:])
	return token
}

// Begin takes the lease in one round trip.
func (s *Store) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	l := s.newLease(request.Key, request.TTL)
	l.runID, l.agentID = request.RunID, request.AgentID
	ids := make(map[uuid]string, len(request.MessageIDs))
	for _, id := range request.MessageIDs {
		ids[hash(id)] = id
	}
	var state state
	build := func(int) []query {
		state.found, l.sent = false, time.Now()
		queries := []query{{
			sql:  s.statements.begin,
			args: []any{l.key, l.token, hash(request.Key.Owner), request.Key.Owner, request.Key.ID, l.agentID, l.runID, l.ttl},
		}, {
			sql:  s.statements.state,
			args: []any{l.key, l.token},
			row:  state.scan,
		}}
		if len(ids) == 0 {
			return queries
		}
		clear(l.seen)
		return append(queries, query{
			sql:  s.statements.seen,
			args: []any{l.key, hashes(request.MessageIDs)},
			row: func(row row) error {
				l.seen[ids[row.uuid(0)]] = true
				return nil
			},
		})
	}
	err := s.do(ctx, build)
	if err == nil {
		switch {
		case state.mine:
		case !state.unfinished, !state.found:
			// Somebody has ended the last run, or removed the thread, within the
			// transaction: as if it was asked too early.
			err = store.ErrLocked
		case state.live && state.stopping:
			err = store.ErrStopping
		case state.live:
			err = store.ErrLocked
		default:
			err = store.ErrOrphaned
		}
	} else if !isOurs(err) && !isRefused(err) && code(err) == "" {
		// The server may have given it, and nobody would hold it until it expires.
		s.release(ctx, request.Key, l)
	}
	if err != nil {
		return nil, s.failed(ctx, "begin run "+l.runID, err)
	}
	l.fill(state)
	s.sweep()
	return l, nil
}

// release gives back a lease that the server may have given.
func (s *Store) release(ctx context.Context, key store.Key, l *lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	var state state
	err := s.do(ctx, func(int) []query {
		return []query{{sql: s.statements.state, args: []any{l.key, l.token}, row: state.scan}}
	})
	if err == nil && state.mine {
		l.fill(state)
		_ = l.Finish(ctx, nil)
	}
}

// Adopt takes over an orphaned run in one round trip.
func (s *Store) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	l := s.newLease(key, ttl)
	var state state
	err := s.do(ctx, func(int) []query {
		state.found, l.sent = false, time.Now()
		return []query{
			{sql: s.statements.adopt, args: []any{l.key, l.token, ttl}},
			{sql: s.statements.state, args: []any{l.key, l.token}, row: state.scan},
		}
	})
	switch {
	case err != nil:
	case !state.found || !state.unfinished:
		err = store.ErrNotFound
	case !state.mine:
		err = store.ErrLocked
	}
	if err != nil {
		return nil, s.failed(ctx, "adopt the run of thread "+key.ID, err)
	}
	l.runID, l.agentID = state.run, state.agent
	l.fill(state)
	return l, nil
}

// Stop asks in one round trip. The message reaches the run wherever it is; if it is lost,
// the run sees the stop when it next writes or asks.
func (s *Store) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	token, asked := newToken(), false
	err := s.do(ctx, func(int) []query {
		asked = false
		return []query{{
			sql:  s.statements.stop,
			args: []any{hashKey(key), token, runID},
			row: func(row) error {
				asked = true
				return nil
			},
		}}
	})
	return asked, s.failed(ctx, "stop the run of thread "+key.ID, err)
}

// state is where a thread's run stands.
type state struct {
	found                bool
	id, seq              int64
	parent, run, agent   string
	unfinished           bool
	mine, live, stopping bool
}

func (st *state) scan(row row) error {
	*st = state{
		found: true, id: row.int(0), seq: row.int(1), parent: row.string(2),
		unfinished: !row.isNull(3), run: row.string(3), agent: row.string(4),
		mine: row.bool(5), live: row.bool(6), stopping: row.bool(7),
	}
	return nil
}
