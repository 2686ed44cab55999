// Package sqlite keeps threads in one SQLite file, for one machine: they outlive
// the process, and several processes can share the file.
//
// A process that crashes, or is killed, loses nothing that a call had returned
// for. After a loss of power the last moments may be missing, but the file is
// whole. The file can be copied while in use by
//
//	sqlite3 file.db "VACUUM INTO 'copy.db'"
//
// or by sqlite3's .backup; not by copying it like any other file, since the last
// changes are in a second one beside it. The file must not be on a network drive.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/copilotkit-go/runtime/core/store"
)

// Store is a [store.Store] in an SQLite file. Leases go by the machine's clock.
type Store struct {
	settings
	// One connection writes, so that writers of this process queue here and only
	// other processes make it wait for the file. Several read beside it.
	writer, reader *sql.DB
	watch          *watch
}

var _ store.Store = (*Store)(nil)

// Open opens or makes the file of a URL such as sqlite:///var/lib/chat.db, and
// brings an older file to the present schema. The query of the URL may set
//
//   - retention: how long a thread is kept after it was last written to, such as
//     720h, by default for ever;
//   - max-runs: how many finished runs of a thread are kept for replay, the
//     newest ones, by default all. The messages and the state of the thread
//     (Snapshot) don't depend on it;
//   - busy_timeout: how long to wait for another process that writes, by default
//     5s;
//   - create: false if a file that isn't there is an error, by default true.
func Open(ctx context.Context, url string) (*Store, error) {
	set, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	// Made here rather than by SQLite so that nobody else can read it.
	flags := os.O_RDWR | os.O_CREATE
	if set.mustExist {
		flags = os.O_RDWR
	}
	file, err := os.OpenFile(set.path, flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open sqlite store: %w", err)
	}
	file.Close()
	s := &Store{settings: set}
	if s.writer, err = sql.Open("sqlite", set.dsn("_txlock=immediate")); err != nil {
		return nil, fmt.Errorf("open sqlite store: %w", err)
	}
	s.writer.SetMaxOpenConns(1)
	if s.reader, err = sql.Open("sqlite", set.dsn("_pragma=query_only(1)")); err != nil {
		s.writer.Close()
		return nil, fmt.Errorf("open sqlite store: %w", err)
	}
	s.reader.SetMaxOpenConns(8)
	s.reader.SetMaxIdleConns(8)
	s.watch = newWatch(s.reader)
	if err := migrate(ctx, s.writer); err != nil {
		s.Close()
		return nil, failed(ctx, "open sqlite store "+filepath.Base(set.path), err)
	}
	return s, nil
}

// closeLimit is how long Close waits for calls under way: longer than they wait, by
// default, for other processes.
const closeLimit = 10 * time.Second

// Close closes the file. Calls that wait return an error, and those under way end first,
// so that the file may then be moved or removed: it returns an error if one takes longer
// than ten seconds.
func (s *Store) Close() error {
	s.watch.close()
	err := errors.Join(s.writer.Close(), s.reader.Close())
	// A connection in use is closed when its call ends, and database/sql tells nobody.
	for began := time.Now(); err == nil && s.writer.Stats().OpenConnections+s.reader.Stats().OpenConnections > 0; time.Sleep(time.Millisecond) {
		if time.Since(began) > closeLimit {
			err = errors.New("calls are still under way")
		}
	}
	if err != nil {
		return fmt.Errorf("close sqlite store: %w", err)
	}
	return nil
}

// write runs do in a transaction that nobody else writes beside.
func (s *Store) write(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// view runs do in a transaction that sees the file as it is now.
func (s *Store) view(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return do(tx)
}

// changed returns the number of a new change, which the caller writes into the
// changed thread.
func changed(ctx context.Context, tx *sql.Tx) (number int64, err error) {
	err = tx.QueryRowContext(ctx, `UPDATE changes SET last = last + 1 RETURNING last`).Scan(&number)
	return number, err
}

// removed records a change that removed threads.
func removed(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE changes SET last = last + 1, removal = last + 1`)
	return err
}

// now returns the time in microseconds.
func now() int64 { return time.Now().UnixMicro() }
