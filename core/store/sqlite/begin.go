package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// Begin implements [store.Store].
func (s *Store) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	l := &lease{
		store:   s,
		key:     request.Key,
		token:   rand.Text(),
		ttl:     request.TTL,
		runID:   request.RunID,
		agentID: request.AgentID,
	}
	var number int64
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := s.expire(ctx, tx); err != nil {
			return err
		}
		at := now()
		var run sql.NullString
		var expires sql.NullInt64
		var seq int64
		var stopped bool
		err := tx.QueryRowContext(ctx,
			`SELECT id, run, expires, stopped, seq, parent FROM threads WHERE owner = ? AND thread = ?`, l.key.Owner, l.key.ID,
		).Scan(&l.id, &run, &expires, &stopped, &seq, &l.parent)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			err = tx.QueryRowContext(ctx,
				`INSERT INTO threads (owner, thread, agent, created, updated) VALUES (?, ?, ?, ?, ?) RETURNING id`,
				l.key.Owner, l.key.ID, l.agentID, at, at).Scan(&l.id)
			if err != nil {
				return err
			}
		case err != nil:
			return err
		case run.Valid && expires.Int64 > at && stopped:
			return store.ErrStopping
		case run.Valid && expires.Int64 > at:
			return store.ErrLocked
		case run.Valid:
			return store.ErrOrphaned
		}
		l.next = seq + 1
		if number, err = changed(ctx, tx); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx,
			`UPDATE threads SET was_agent = agent, was_updated = updated, was_ran = ran,
				agent = ?, updated = ?, ran = ?, run = ?, first = ?, token = ?, expires = ?, stopped = 0, change = ?
			WHERE id = ?`,
			l.agentID, at, at, l.runID, l.next, l.token, at+l.ttl.Microseconds(), number, l.id)
		if err != nil {
			return err
		}
		l.seen, err = seen(ctx, tx, l.id, request.MessageIDs)
		return err
	})
	if err != nil {
		return nil, failed(ctx, "begin run "+l.runID, err)
	}
	s.watch.wrote(l.key, number, true)
	return l, nil
}

// Adopt implements [store.Store].
func (s *Store) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	l := &lease{store: s, key: key, token: rand.Text(), ttl: ttl, seen: map[string]bool{}}
	var number int64
	err := s.write(ctx, func(tx *sql.Tx) error {
		at := now()
		var run sql.NullString
		var expires sql.NullInt64
		var seq int64
		err := tx.QueryRowContext(ctx,
			`SELECT id, run, expires, seq, parent, agent FROM threads WHERE owner = ? AND thread = ?`, key.Owner, key.ID,
		).Scan(&l.id, &run, &expires, &seq, &l.parent, &l.agentID)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && !run.Valid:
			return store.ErrNotFound
		case err != nil:
			return err
		case expires.Int64 > at:
			return store.ErrLocked
		}
		l.runID, l.next = run.String, seq+1
		if number, err = changed(ctx, tx); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE threads SET token = ?, expires = ?, stopped = 0, change = ? WHERE id = ?`,
			l.token, at+ttl.Microseconds(), number, l.id)
		return err
	})
	if err != nil {
		return nil, failed(ctx, "adopt the run of thread "+key.ID, err)
	}
	s.watch.wrote(key, number, true)
	return l, nil
}

// Stop implements [store.Store].
func (s *Store) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	var number int64
	asked := false
	err := s.write(ctx, func(tx *sql.Tx) (err error) {
		if number, err = changed(ctx, tx); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx,
			`UPDATE threads SET stopped = 1, change = ?
			WHERE owner = ? AND thread = ? AND run IS NOT NULL AND expires > ? AND stopped = 0 AND (? = '' OR run = ?)`,
			number, key.Owner, key.ID, now(), runID, runID)
		if err != nil {
			return err
		}
		rows, err := result.RowsAffected()
		asked = rows == 1
		return err
	})
	if err != nil {
		return false, failed(ctx, "stop the run of thread "+key.ID, err)
	}
	if asked {
		s.watch.wrote(key, number, true)
	}
	return asked, nil
}

// seen returns which of the messages a thread has.
func seen(ctx context.Context, tx *sql.Tx, thread int64, ids []string) (map[string]bool, error) {
	seen := make(map[string]bool)
	const atOnce = 500
	for len(ids) > 0 {
		n := min(len(ids), atOnce)
		args := make([]any, 0, n+1)
		args = append(args, thread)
		for _, id := range ids[:n] {
			args = append(args, id)
		}
		ids = ids[n:]
		rows, err := tx.QueryContext(ctx,
			`SELECT id FROM messages WHERE thread = ? AND id IN (?`+strings.Repeat(`, ?`, n-1)+`)`, args...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				rows.Close()
				return nil, err
			}
			seen[id] = true
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// expire removes threads that are past the retention, but none with a live run.
func (s *Store) expire(ctx context.Context, tx *sql.Tx) error {
	if s.limits.Age == 0 {
		return nil
	}
	at := now()
	result, err := tx.ExecContext(ctx, `DELETE FROM threads WHERE updated < ? AND (run IS NULL OR expires <= ?)`,
		at-s.limits.Age.Microseconds(), at)
	if err != nil {
		return err
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 0 {
		return err
	}
	return removed(ctx, tx)
}
