package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/copilotkit-go/runtime/core/store"
)

// errClosed is what waiting calls return when the store is closed.
var errClosed = fmt.Errorf("%w: sqlite store is closed", store.ErrUnavailable)

// failed wraps what a statement failed with; nil stays nil.
func failed(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		err = ctx.Err()
	case isUnavailable(err):
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// isUnavailable reports whether trying later can help.
func isUnavailable(err error) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		// database/sql has no name for this one.
		return strings.Contains(err.Error(), "sql: database is closed")
	}
	switch failure.Code() & 0xff { // without what is extended
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN:
		return true
	default:
		return false
	}
}
