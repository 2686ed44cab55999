package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

type lease struct {
	store   *Store
	key     store.Key
	id      int64 // the thread's
	token   string
	ttl     time.Duration
	runID   string
	agentID string
	parent  string
	seen    map[string]bool
	next    int64
}

func (l *lease) RunID() string         { return l.runID }
func (l *lease) AgentID() string       { return l.agentID }
func (l *lease) ParentRunID() string   { return l.parent }
func (l *lease) Seen() map[string]bool { return l.seen }
func (l *lease) NextSeq() int64        { return l.next }

func (l *lease) Append(ctx context.Context, records []store.Record) error {
	var number int64
	var held held
	err := l.store.write(ctx, func(tx *sql.Tx) (err error) {
		if held, err = l.held(ctx, tx); err != nil {
			return err
		}
		// What is stored already is a repeated call's.
		for len(records) > 0 && records[0].Seq <= held.seq {
			records = records[1:]
		}
		if len(records) == 0 {
			return nil
		}
		for i, record := range records {
			if want := held.seq + 1 + int64(i); record.Seq != want {
				return fmt.Errorf("record %d where %d is next", record.Seq, want)
			}
		}
		last := records[len(records)-1].Seq
		if _, err := tx.ExecContext(ctx, `INSERT INTO blocks (thread, last_seq, records) VALUES (?, ?, ?)`,
			l.id, last, block.Encode(records)); err != nil {
			return err
		}
		if number, err = changed(ctx, tx); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE threads SET seq = ?, change = ? WHERE id = ?`, last, number, l.id)
		return err
	})
	if err != nil {
		return failed(ctx, "append to run "+l.runID, err)
	}
	if len(records) > 0 {
		l.next = records[len(records)-1].Seq + 1
		// The number of this change hides a stop before it from the watch.
		l.store.watch.wrote(l.key, number, held.stopped)
	}
	return nil
}

func (l *lease) Renew(ctx context.Context) error {
	err := l.store.write(ctx, func(tx *sql.Tx) error {
		if _, err := l.held(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE threads SET expires = ? WHERE id = ?`, now()+l.ttl.Microseconds(), l.id)
		return err
	})
	return failed(ctx, "renew the lease of run "+l.runID, err)
}

func (l *lease) AwaitStop(ctx context.Context) error {
	topic, err := l.store.watch.join(ctx, l.key)
	if err != nil {
		return failed(ctx, "await a stop of run "+l.runID, err)
	}
	defer l.store.watch.leave(topic)
	for {
		_, changed := l.store.watch.next(topic)
		var held held
		err := l.store.view(ctx, func(tx *sql.Tx) (err error) {
			held, err = l.held(ctx, tx)
			return err
		})
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case l.store.watch.closed():
			return failed(ctx, "await a stop of run "+l.runID, errClosed)
		case errors.Is(err, store.ErrLeaseLost):
			return failed(ctx, "await a stop of run "+l.runID, err)
		case err == nil && held.stopped:
			return nil
		}
		// When the file couldn't be read, it may be later.
		left := time.Second
		if err == nil {
			left = time.Duration(held.expires-now())*time.Microsecond + time.Millisecond
		}
		if pause.Wait(ctx, left, changed) != nil {
			return ctx.Err()
		}
	}
}

func (l *lease) Finish(ctx context.Context, result *store.Result) error {
	var number int64
	err := l.store.write(ctx, func(tx *sql.Tx) error {
		held, err := l.held(ctx, tx)
		if err != nil {
			return err
		}
		if number, err = changed(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM blocks WHERE thread = ? AND last_seq >= ?`, l.id, held.first); err != nil {
			return err
		}
		if result == nil {
			return l.discard(ctx, tx, held, number)
		}
		return l.keep(ctx, tx, held, number, result)
	})
	if err != nil {
		return failed(ctx, "finish run "+l.runID, err)
	}
	l.store.watch.wrote(l.key, number, true)
	return nil
}

// keep stores the finished run.
func (l *lease) keep(ctx context.Context, tx *sql.Tx, held held, number int64, result *store.Result) error {
	seq := held.seq
	for _, records := range slices.Concat(result.Earlier, [][]store.Record{result.Records}) {
		if len(records) == 0 {
			continue
		}
		last := records[len(records)-1].Seq
		seq = max(seq, last)
		if _, err := tx.ExecContext(ctx, `INSERT INTO blocks (thread, last_seq, records) VALUES (?, ?, ?)`,
			l.id, last, block.Encode(records)); err != nil {
			return err
		}
	}
	if l.store.limits.Runs > 0 {
		if _, err := tx.ExecContext(ctx,
			`DELETE FROM blocks WHERE thread = ? AND last_seq <=
				(SELECT last_seq FROM blocks WHERE thread = ? ORDER BY last_seq DESC LIMIT 1 OFFSET ?)`,
			l.id, l.id, l.store.limits.Runs); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx,
		`UPDATE threads SET run = NULL, first = NULL, token = NULL, expires = NULL, stopped = 0,
			parent = ?, kept = 1, seq = ?, updated = ?, change = ?
		WHERE id = ?`,
		l.runID, seq, now(), number, l.id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx,
		`INSERT INTO snapshots (thread, messages, state) VALUES (?, ?, ?)
		ON CONFLICT (thread) DO UPDATE SET messages = excluded.messages, state = excluded.state`,
		l.id, []byte(result.Snapshot.Messages), []byte(result.Snapshot.State)); err != nil {
		return err
	}
	return l.keepMessageIDs(ctx, tx, result.MessageIDs)
}

func (l *lease) keepMessageIDs(ctx context.Context, tx *sql.Tx, ids []string) error {
	insert, err := tx.PrepareContext(ctx, `INSERT OR IGNORE INTO messages (thread, id) VALUES (?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, id := range ids {
		if l.seen[id] {
			continue
		}
		if _, err := insert.ExecContext(ctx, l.id, id); err != nil {
			return err
		}
	}
	return nil
}

// discard leaves the thread as it was before the run, but for its Seqs.
func (l *lease) discard(ctx context.Context, tx *sql.Tx, held held, number int64) error {
	if !held.kept {
		if _, err := tx.ExecContext(ctx, `DELETE FROM threads WHERE id = ?`, l.id); err != nil {
			return err
		}
		return removed(ctx, tx)
	}
	_, err := tx.ExecContext(ctx,
		`UPDATE threads SET run = NULL, first = NULL, token = NULL, expires = NULL, stopped = 0,
			agent = was_agent, updated = was_updated, ran = was_ran, change = ?
		WHERE id = ?`, number, l.id)
	return err
}

// held is where the run of a valid lease stands.
type held struct {
	first, seq, expires int64
	stopped, kept       bool
}

func (l *lease) held(ctx context.Context, tx *sql.Tx) (held, error) {
	var h held
	err := tx.QueryRowContext(ctx,
		`SELECT first, seq, expires, stopped, kept FROM threads WHERE id = ? AND token = ? AND expires > ?`,
		l.id, l.token, now(),
	).Scan(&h.first, &h.seq, &h.expires, &h.stopped, &h.kept)
	if errors.Is(err, sql.ErrNoRows) {
		err = store.ErrLeaseLost
	}
	return h, err
}
