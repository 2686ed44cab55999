package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
)

// clearSize is how many threads are removed in one transaction.
const clearSize = int64(500)

// lastTime is the last that a cursor may have, in microseconds.
var lastTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// Thread takes one round trip.
func (s *Store) Thread(ctx context.Context, key store.Key) (store.Thread, error) {
	thread, err := s.one(ctx, query{sql: s.statements.thread, args: []any{hashKey(key)}})
	return thread, s.failed(ctx, "read thread "+key.ID, err)
}

// one returns the thread that a query returns, or store.ErrNotFound.
func (s *Store) one(ctx context.Context, q query) (thread store.Thread, err error) {
	found := false
	q.row = func(row row) error {
		thread, found = scanThread(row), true
		return nil
	}
	err = s.do(ctx, func(int) []query {
		found = false
		return []query{q}
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return thread, err
}

// Threads takes one round trip.
func (s *Store) Threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	page, err := s.threads(ctx, query)
	return page, s.failed(ctx, "list threads", err)
}

func (s *Store) threads(ctx context.Context, asked store.Query) (store.ThreadPage, error) {
	where := conditions{}
	if !asked.AllOwners {
		where.add("owner_key = @", hash(asked.Owner))
	}
	if asked.Cursor != "" {
		updated, text, err := cursor.Parse(asked.Cursor)
		if err != nil {
			return store.ThreadPage{}, err
		}
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || updated < 0 || updated > lastTime {
			return store.ThreadPage{}, fmt.Errorf("%w: %q", store.ErrBadCursor, asked.Cursor)
		}
		at := time.UnixMicro(updated)
		where.add("(updated, id) < (@, @)", &at, id)
	}
	if asked.AgentID != "" {
		where.add("agent = @", asked.AgentID)
	}
	if !asked.IncludeArchived {
		where.add("NOT archived")
	}
	where.add("true") // there must be a condition
	sql := where.fill(s.statements.list, asked.Limit)
	var page store.ThreadPage
	var last int64 // the number of the page's last
	err := s.do(ctx, func(int) []query {
		page = store.ThreadPage{}
		return []query{{sql: sql, args: where.args, row: func(row row) error {
			if asked.Limit > 0 && len(page.Threads) == asked.Limit {
				end := page.Threads[asked.Limit-1]
				page.NextCursor = cursor.Encode(end.UpdatedAt.UnixMicro(), strconv.FormatInt(last, 10))
				return nil
			}
			page.Threads = append(page.Threads, scanThread(row))
			last = row.int(8)
			return nil
		}}}
	})
	if err != nil {
		return store.ThreadPage{}, err
	}
	return page, nil
}

// CreateThread takes one round trip.
func (s *Store) CreateThread(ctx context.Context, key store.Key, agentID, name string) (store.Thread, error) {
	token, mine := newToken(), false
	var thread store.Thread
	err := s.do(ctx, func(int) []query {
		return []query{{
			sql:  s.statements.create,
			args: []any{hashKey(key), token, hash(key.Owner), key.Owner, key.ID, agentID, name},
		}, {
			sql:  s.statements.created,
			args: []any{hashKey(key), token},
			row: func(row row) error {
				thread, mine = scanThread(row), row.bool(8)
				return nil
			},
		}}
	})
	if err == nil && !mine {
		err = store.ErrExists
	}
	if err != nil {
		return store.Thread{}, s.failed(ctx, "create thread "+key.ID, err)
	}
	return thread, nil
}

// UpdateThread takes one round trip.
func (s *Store) UpdateThread(ctx context.Context, key store.Key, patch store.Patch) (store.Thread, error) {
	var created, updated, ran *time.Time
	if times := patch.Times; times != nil {
		created, updated = &times.Created, &times.Updated
		if !times.LastRun.IsZero() {
			ran = &times.LastRun
		}
	}
	thread, err := s.one(ctx, query{
		sql:  s.statements.update,
		args: []any{hashKey(key), patch.Name, patch.Archived, created, updated, ran},
	})
	return thread, s.failed(ctx, "update thread "+key.ID, err)
}

// DeleteThread takes one round trip.
func (s *Store) DeleteThread(ctx context.Context, key store.Key) error {
	found := false
	err := s.do(ctx, func(try int) []query {
		// A try before this one may have removed it.
		found = try > 0
		return []query{{sql: s.statements.remove, args: []any{hashKey(key)}, row: func(row) error {
			found = true
			return nil
		}}}
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return s.failed(ctx, "delete thread "+key.ID, err)
}

// Clear takes a round trip for every 500 threads. Threads that are made meanwhile may
// stay.
func (s *Store) Clear(ctx context.Context, owner string) error {
	for removed := clearSize; removed == clearSize; {
		err := s.do(ctx, func(int) []query {
			removed = 0
			return []query{{sql: s.statements.clear, args: []any{hash(owner), clearSize}, row: func(row) error {
				removed++
				return nil
			}}}
		})
		if err != nil {
			return s.failed(ctx, "clear threads", err)
		}
	}
	return nil
}

// Snapshot takes one round trip.
func (s *Store) Snapshot(ctx context.Context, key store.Key) (store.Snapshot, error) {
	var snapshot store.Snapshot
	found := false
	err := s.do(ctx, func(int) []query {
		found = false
		return []query{{sql: s.statements.snapshot, args: []any{hashKey(key)}, row: func(row row) error {
			snapshot, found = store.Snapshot{Messages: json.RawMessage(row.bytes(0)), State: json.RawMessage(row.bytes(1))}, true
			return nil
		}}}
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return snapshot, s.failed(ctx, "read the snapshot of thread "+key.ID, err)
}

// scanThread reads a row that begins with threadColumns.
func scanThread(row row) store.Thread {
	return store.Thread{
		Key:  store.Key{Owner: row.string(0), ID: row.string(1)},
		Name: row.string(2), AgentID: row.string(3), Archived: row.bool(4),
		CreatedAt: row.time(5), UpdatedAt: row.time(6), LastRunAt: row.time(7),
	}
}

// conditions are those of a list, with their arguments.
type conditions struct {
	parts []string
	args  []any
}

// add adds a condition. Its arguments' numbers go where it has an @.
func (c *conditions) add(text string, args ...any) {
	for _, arg := range args {
		c.args = append(c.args, arg)
		text = strings.Replace(text, "@", "$"+strconv.Itoa(len(c.args)), 1)
	}
	c.parts = append(c.parts, text)
}

// fill puts the conditions into a statement that lists one more than limit, to see
// whether there are more.
func (c *conditions) fill(statement string, limit int) string {
	statement = strings.Replace(statement, "{where}", strings.Join(c.parts, " AND "), 1)
	if limit > 0 {
		statement += " LIMIT " + strconv.Itoa(limit+1)
	}
	return statement
}
