package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
)

const threadColumns = `owner, thread, name, agent, archived, created, updated, ran`

// Thread implements [store.Store].
func (s *Store) Thread(ctx context.Context, key store.Key) (store.Thread, error) {
	thread, err := scanThread(s.reader.QueryRowContext(ctx,
		`SELECT `+threadColumns+` FROM threads WHERE owner = ? AND thread = ?`, key.Owner, key.ID))
	return thread, failed(ctx, "read thread "+key.ID, err)
}

// Threads implements [store.Store].
func (s *Store) Threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	page, err := s.threads(ctx, query)
	return page, failed(ctx, "list threads", err)
}

func (s *Store) threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	where, args := `owner = ?`, []any{query.Owner}
	if query.AllOwners {
		// A bound, for the index by time.
		where, args = `updated <= ?`, []any{math.MaxInt64}
	}
	if query.Cursor != "" {
		updated, key, err := parseCursor(query)
		if err != nil {
			return store.ThreadPage{}, err
		}
		where += ` AND updated <= ? AND (updated < ? OR (owner, thread) > (?, ?))`
		args = append(args, updated, updated, key.Owner, key.ID)
	}
	if query.AgentID != "" {
		where += ` AND agent = ?`
		args = append(args, query.AgentID)
	}
	if !query.IncludeArchived {
		where += ` AND archived = 0`
	}
	limit := -1
	if query.Limit > 0 {
		limit = query.Limit + 1 // to see whether there are more
	}
	rows, err := s.reader.QueryContext(ctx,
		`SELECT `+threadColumns+` FROM threads WHERE `+where+` ORDER BY updated DESC, owner, thread LIMIT ?`, append(args, limit)...)
	if err != nil {
		return store.ThreadPage{}, err
	}
	defer rows.Close()
	var page store.ThreadPage
	for rows.Next() {
		if query.Limit > 0 && len(page.Threads) == query.Limit {
			last := page.Threads[query.Limit-1]
			page.NextCursor = nextCursor(query, last)
			break
		}
		thread, err := scanThread(rows)
		if err != nil {
			return store.ThreadPage{}, err
		}
		page.Threads = append(page.Threads, thread)
	}
	return page, rows.Err()
}

// nextCursor names the place behind the last thread of a page.
func nextCursor(query store.Query, last store.Thread) string {
	if query.AllOwners {
		return cursor.EncodeKey(last.UpdatedAt.UnixMicro(), last.Key)
	}
	return cursor.Encode(last.UpdatedAt.UnixMicro(), last.Key.ID)
}

// parseCursor returns the place that the query's cursor names.
func parseCursor(query store.Query) (updated int64, key store.Key, err error) {
	if query.AllOwners {
		return cursor.ParseKey(query.Cursor)
	}
	updated, id, err := cursor.Parse(query.Cursor)
	return updated, store.Key{Owner: query.Owner, ID: id}, err
}

// CreateThread implements [store.Store].
func (s *Store) CreateThread(ctx context.Context, key store.Key, agentID, name string) (store.Thread, error) {
	at := now()
	err := s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			`INSERT INTO threads (owner, thread, name, agent, created, updated, kept) VALUES (?, ?, ?, ?, ?, ?, 1)
			ON CONFLICT DO NOTHING`, key.Owner, key.ID, name, agentID, at, at)
		if err != nil {
			return err
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 1 {
			return err
		}
		return store.ErrExists
	})
	if err != nil {
		return store.Thread{}, failed(ctx, "create thread "+key.ID, err)
	}
	return store.Thread{
		Key: key, Name: name, AgentID: agentID, CreatedAt: time.UnixMicro(at), UpdatedAt: time.UnixMicro(at),
	}, nil
}

// UpdateThread implements [store.Store].
func (s *Store) UpdateThread(ctx context.Context, key store.Key, patch store.Patch) (store.Thread, error) {
	set, args := `name = coalesce(?, name), archived = coalesce(?, archived), kept = 1, updated = ?`, []any{patch.Name, patch.Archived}
	if times := patch.Times; times != nil {
		set += `, created = ?, ran = ?`
		args = append(args, times.Updated.UnixMicro(), times.Created.UnixMicro(),
			sql.NullInt64{Int64: times.LastRun.UnixMicro(), Valid: !times.LastRun.IsZero()})
	} else {
		args = append(args, now())
	}
	var thread store.Thread
	err := s.write(ctx, func(tx *sql.Tx) (err error) {
		thread, err = scanThread(tx.QueryRowContext(ctx,
			`UPDATE threads SET `+set+` WHERE owner = ? AND thread = ? RETURNING `+threadColumns,
			append(args, key.Owner, key.ID)...))
		return err
	})
	return thread, failed(ctx, "update thread "+key.ID, err)
}

// DeleteThread implements [store.Store].
func (s *Store) DeleteThread(ctx context.Context, key store.Key) error {
	err := s.remove(ctx, `owner = ? AND thread = ?`, key.Owner, key.ID)
	return failed(ctx, "delete thread "+key.ID, err)
}

// Clear implements [store.Store].
func (s *Store) Clear(ctx context.Context, owner string) error {
	err := s.remove(ctx, `owner = ?`, owner)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return failed(ctx, "clear threads", err)
}

// remove deletes threads and what belongs to them.
func (s *Store) remove(ctx context.Context, where string, args ...any) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM threads WHERE `+where, args...)
		if err != nil {
			return err
		}
		rows, err := result.RowsAffected()
		if err != nil {
			return err
		}
		if rows == 0 {
			return store.ErrNotFound
		}
		return removed(ctx, tx)
	})
	if err == nil {
		s.watch.all()
	}
	return err
}

// Snapshot implements [store.Store].
func (s *Store) Snapshot(ctx context.Context, key store.Key) (store.Snapshot, error) {
	var messages, state []byte
	err := s.reader.QueryRowContext(ctx,
		`SELECT messages, state FROM snapshots WHERE thread = (SELECT id FROM threads WHERE owner = ? AND thread = ?)`,
		key.Owner, key.ID).Scan(&messages, &state)
	if errors.Is(err, sql.ErrNoRows) {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Snapshot{}, failed(ctx, "read the snapshot of thread "+key.ID, err)
	}
	return store.Snapshot{Messages: json.RawMessage(messages), State: json.RawMessage(state)}, nil
}

// scanThread reads a row of threadColumns.
func scanThread(row interface{ Scan(...any) error }) (store.Thread, error) {
	var thread store.Thread
	var created, updated int64
	var ran sql.NullInt64
	err := row.Scan(&thread.Key.Owner, &thread.Key.ID, &thread.Name, &thread.AgentID, &thread.Archived, &created, &updated, &ran)
	if errors.Is(err, sql.ErrNoRows) {
		return thread, store.ErrNotFound
	}
	thread.CreatedAt, thread.UpdatedAt = time.UnixMicro(created), time.UnixMicro(updated)
	if ran.Valid {
		thread.LastRunAt = time.UnixMicro(ran.Int64)
	}
	return thread, err
}
