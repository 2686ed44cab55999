package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

// Read implements [store.Store]. While it waits it holds no connection.
func (s *Store) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	page, err := s.read(ctx, key, after, wait)
	return page, failed(ctx, "read thread "+key.ID, err)
}

func (s *Store) read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	page, _, err := s.readNow(ctx, key, after)
	if err != nil || !wait || !page.Live || len(page.Records) > 0 {
		return page, err
	}
	runID := page.RunID
	topic, err := s.watch.join(ctx, key)
	if err != nil {
		return store.Page{}, err
	}
	defer s.watch.leave(topic)
	for {
		changed, _ := s.watch.next(topic)
		if s.watch.closed() {
			return store.Page{}, errClosed
		}
		var left time.Duration
		page, left, err = s.readNow(ctx, key, after)
		if err != nil || !page.Live || len(page.Records) > 0 || page.RunID != runID {
			return page, err
		}
		if err := pause.Wait(ctx, left, changed); err != nil {
			return store.Page{}, err
		}
	}
}

// readNow returns a page, and how long the live run's lease holds.
func (s *Store) readNow(ctx context.Context, key store.Key, after int64) (page store.Page, left time.Duration, err error) {
	err = s.view(ctx, func(tx *sql.Tx) error {
		var id int64
		var run sql.NullString
		var first, expires sql.NullInt64
		err := tx.QueryRowContext(ctx,
			`SELECT id, run, first, expires FROM threads WHERE owner = ? AND thread = ?`, key.Owner, key.ID,
		).Scan(&id, &run, &first, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if run.Valid {
			left = time.Duration(expires.Int64-now()) * time.Microsecond
			page.RunID, page.FirstSeq = run.String, first.Int64
			page.Live, page.Orphaned = left > 0, left <= 0
			left += time.Millisecond
		}
		rows, err := tx.QueryContext(ctx,
			`SELECT records FROM blocks WHERE thread = ? AND last_seq > ? ORDER BY last_seq`, id, after)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var data sql.RawBytes
			if err := rows.Scan(&data); err != nil {
				return err
			}
			if page.Records, err = block.Append(page.Records, data, after); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return page, left, err
}
