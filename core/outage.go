package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// outageLog warns of a store that can't be reached, since whoever operates the
// runtime must know why its clients get 503, and of front ends that are set up for
// another kind of endpoint. Every such request fails alike, so each cause is worth one
// line a minute. The zero value is ready for use.
type outageLog struct {
	mu     sync.Mutex
	warned map[string]time.Time
}

const (
	outageInterval = time.Minute
	// maxOutageCauses bounds what is remembered, should the texts of causes differ
	// each time.
	maxOutageCauses = 64
)

// report warns of err if it is an outage of the store that wasn't warned of
// lately.
func (l *outageLog) report(ctx context.Context, logger *slog.Logger, err error) {
	var outage *outageError
	if errors.As(err, &outage) && l.due(rootCause(outage.err), time.Now()) {
		logger.WarnContext(ctx, "the store can't be reached", "error", outage.err)
	}
}

// warn logs a warning that wasn't logged lately.
func (l *outageLog) warn(ctx context.Context, logger *slog.Logger, message string, attributes ...any) {
	if l.due(message, time.Now()) {
		logger.WarnContext(ctx, message, attributes...)
	}
}

// due reports whether a cause is to be warned of, and records that it was.
func (l *outageLog) due(cause string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.warned[cause]; ok && now.Sub(last) < outageInterval {
		return false
	}
	if l.warned == nil || len(l.warned) >= maxOutageCauses {
		l.warned = make(map[string]time.Time)
	}
	l.warned[cause] = now
	return true
}

// rootCause names an error without what was being done for whom: by what it
// wraps at the bottom.
func rootCause(err error) string {
	for {
		switch wrapper := err.(type) {
		case interface{ Unwrap() error }:
			if inner := wrapper.Unwrap(); inner != nil {
				err = inner
				continue
			}
		case interface{ Unwrap() []error }:
			if all := wrapper.Unwrap(); len(all) > 0 {
				err = all[len(all)-1] // what follows store.ErrUnavailable
				continue
			}
		}
		return fmt.Sprintf("%T: %v", err, err)
	}
}

// outageError marks the store's error that a 503 was answered for.
type outageError struct{ err error }

func (e *outageError) Error() string { return e.err.Error() }
func (e *outageError) Unwrap() error { return e.err }
