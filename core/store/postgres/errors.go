package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/copilotkit-go/runtime/core/store"
)

// errGap is a caller's mistake: records that don't follow those before them.
var errGap = errors.New("records don't continue the run")

// failed wraps what a statement failed with; nil stays nil.
func (s *Store) failed(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		err = ctx.Err()
	case isUnavailable(err):
		// The driver's text is for the log: it names the server's address.
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	case code(err) == insufficientPrivilege:
		err = fmt.Errorf("the role needs USAGE on the schema %s, and SELECT, INSERT, UPDATE and DELETE on the tables %s*: %w",
			s.names.schema, s.names.table(""), err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Codes of errors, as the server documents them.
const (
	insufficientPrivilege = "42501"
	undefinedTable        = "42P01"
	undefinedSchema       = "3F000"
	serializationFailure  = "40001"
	deadlockDetected      = "40P01"
	readOnlyTransaction   = "25006"
	queryCanceled         = "57014"
	lockNotAvailable      = "55P03"
	inFailedTransaction   = "25P02"
	ioError               = "58030"
)

// code returns the code of a server's error, "" for any other.
func code(err error) string {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		return failure.Code
	}
	return ""
}

// isConnectionFailure reports whether a statement failed with its connection, so that
// another connection may do better.
func isConnectionFailure(err error) bool {
	if isOurs(err) {
		return false
	}
	switch code := code(err); {
	case code == "":
		return true
	case code == queryCanceled:
		return false
	default:
		// The server shuts down, ends the session, or has become a standby; or a pooler
		// reports one of these.
		return strings.HasPrefix(code, "57") || strings.HasPrefix(code, "08") || code == readOnlyTransaction
	}
}

// isRefused reports whether there was no connection to begin with.
func isRefused(err error) bool {
	_, refused := errors.AsType[*pgconn.ConnectError](err)
	return refused
}

// isConflict reports whether a transaction was undone for the sake of another one.
func isConflict(err error) bool {
	code := code(err)
	return code == serializationFailure || code == deadlockDetected
}

// isMissing reports whether there are no tables.
func isMissing(err error) bool {
	code := code(err)
	return code == undefinedTable || code == undefinedSchema
}

// isUnavailable reports whether trying later can help: the server wasn't reached, or
// answered that it can't now.
func isUnavailable(err error) bool {
	if isOurs(err) {
		return errors.Is(err, errClosed)
	}
	switch code := code(err); code {
	case "":
		return true
	case readOnlyTransaction, lockNotAvailable, inFailedTransaction, ioError, serializationFailure, deadlockDetected:
		return true
	default:
		// Connection failures, insufficient resources (too many connections, a full
		// disk), and what an operator does.
		return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "57")
	}
}

// isOurs reports whether this package made the error, rather than the driver.
func isOurs(err error) bool {
	for _, ours := range []error{
		store.ErrLocked, store.ErrOrphaned, store.ErrLeaseLost, store.ErrNotFound, store.ErrExists, store.ErrBadCursor,
		errGap, errStored, errSchema, errClosed,
	} {
		if errors.Is(err, ours) {
			return true
		}
	}
	if _, limit := errors.AsType[*store.LimitError](err); limit {
		return true
	}
	_, password := errors.AsType[*passwordError](err)
	return password
}
