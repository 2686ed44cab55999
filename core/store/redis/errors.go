package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
)

// failed wraps what a command failed with; nil stays nil.
func failed(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		err = ctx.Err()
	case isOurs(err):
	case isUnavailable(err):
		// The driver's text is for the log: it names the server's address.
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	case goredis.HasErrorPrefix(err, "MOVED"), goredis.HasErrorPrefix(err, "CROSSSLOT"):
		err = fmt.Errorf("the server is a cluster: set cluster=true in the store's URL: %w", err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// errStored means that what the server holds or answers isn't what this package
// writes.
var errStored = errors.New("unexpected data")

// isOurs reports whether this package made the error, rather than the driver.
func isOurs(err error) bool {
	for _, ours := range []error{
		store.ErrLocked, store.ErrOrphaned, store.ErrLeaseLost, store.ErrNotFound, store.ErrExists, store.ErrBadCursor,
		errGap, errStored,
	} {
		if errors.Is(err, ours) {
			return true
		}
	}
	return false
}

// passing are the errors of a server that recovers.
var passing = [...]string{
	"LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS",
	"OOM", "MISCONF", "BUSY ", "max number of clients",
}

// isUnavailable reports whether trying later can help: the server wasn't reached,
// or answered that it can't now.
func isUnavailable(err error) bool {
	reply, ok := errors.AsType[goredis.Error](err)
	if !ok {
		return true
	}
	for _, text := range passing {
		// Not only in front: an error inside a script comes wrapped.
		if strings.Contains(reply.Error(), text) {
			return true
		}
	}
	return false
}

// isUnanswered reports whether a command that failed may have been done.
func isUnanswered(err error) bool {
	if _, answered := errors.AsType[goredis.Error](err); answered || isOurs(err) {
		return false
	}
	network, ok := errors.AsType[*net.OpError](err)
	return !ok || network.Op != "dial"
}

// statusError returns the error that a script's first word stands for.
func statusError(reply []any) error {
	switch status := text(reply, 0); status {
	case "ok":
		return nil
	case "locked":
		return store.ErrLocked
	case "stopping":
		return store.ErrStopping
	case "orphaned":
		return store.ErrOrphaned
	case "lost":
		return store.ErrLeaseLost
	case "not found":
		return store.ErrNotFound
	default:
		return fmt.Errorf("%w: status %q", errStored, status)
	}
}

// text returns the string at i of a script's reply, "" when there is none.
func text(reply []any, i int) string {
	if i >= len(reply) {
		return ""
	}
	s, _ := reply[i].(string)
	return s
}
