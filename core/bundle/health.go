package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Health answers the probes of whoever runs a server, beside the runtime and without its
// CORS, hooks and access:
//
//	GET /healthz  200 while the process serves
//	GET /readyz   200 if the runtime is built, its model has its key, and its store, or the
//	              platform that keeps its threads, answers; 503 if not, and from the
//	              beginning of the shutdown on
//
// What they say is a word for each check, and nothing that a stranger could use. However
// many ask /readyz, the store is asked once a second at most; it may take 0.8 seconds,
// since Kubernetes waits for one. A change is logged. It is safe for concurrent use.
type Health struct {
	ready  func(context.Context) error
	logger *slog.Logger

	draining atomic.Bool

	mu sync.Mutex
	// last is what was found at a time, which is zero before the first check.
	last readiness
	at   time.Time
	// checking is closed when the check under way has ended, nil if there is none.
	checking chan struct{}
}

// NewHealth returns probes of a runtime that ready asks: the method of a [core.Runtime] or
// of a [Lazy].
func NewHealth(ready func(context.Context) error, logger *slog.Logger) *Health {
	return &Health{ready: ready, logger: logger}
}

// Drain lets /readyz answer 503 from now on, so that no more requests are sent here.
func (h *Health) Drain() { h.draining.Store(true) }

// Around returns a handler that answers the probes, and passes all other requests on.
func (h *Health) Around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			next.ServeHTTP(w, r)
		case r.URL.Path == "/healthz":
			answerProbe(w, http.StatusOK, `{"status":"ok"}`)
		case r.URL.Path == "/readyz":
			status, body := h.check(r.Context())
			answerProbe(w, status, body)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func answerProbe(w http.ResponseWriter, status int, body string) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

const (
	// readyFor is how long what was found holds.
	readyFor = time.Second
	// readyTimeout is how long a check may take.
	readyTimeout = 800 * time.Millisecond
)

// readiness is what a check has found, a word for each part.
type readiness struct{ runtime, model, store string }

func (r readiness) answer() (status int, body string) {
	status, word := http.StatusServiceUnavailable, "not ready"
	if r == (readiness{"ok", "ok", "ok"}) {
		status, word = http.StatusOK, "ready"
	}
	return status, fmt.Sprintf(`{"status":%q,"runtime":%q,"model":%q,"store":%q}`, word, r.runtime, r.model, r.store)
}

// check answers with what a check finds, or has found within the last second.
func (h *Health) check(ctx context.Context) (status int, body string) {
	if h.draining.Load() {
		return http.StatusServiceUnavailable, `{"status":"draining"}`
	}
	h.mu.Lock()
	if !h.at.IsZero() && time.Since(h.at).Abs() < readyFor {
		defer h.mu.Unlock()
		return h.last.answer()
	}
	if checking := h.checking; checking != nil {
		h.mu.Unlock()
		return h.await(ctx, checking)
	}
	checking := make(chan struct{})
	h.checking = checking
	h.mu.Unlock()
	found, err := h.find(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note(ctx, found, err)
	// By the wall clock, which goes on while a platform freezes the instance.
	h.last, h.at, h.checking = found, time.Now().Round(0), nil
	close(checking)
	return found.answer()
}

// await waits for the check that another probe has begun.
func (h *Health) await(ctx context.Context, checking <-chan struct{}) (status int, body string) {
	timer := time.NewTimer(readyTimeout)
	defer timer.Stop()
	select {
	case <-checking:
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.last.answer()
	case <-timer.C:
	case <-ctx.Done():
	}
	return readiness{"ok", "ok", "unavailable"}.answer() // for longer only a store takes
}

// find asks the runtime, whether or not the client waits for it.
func (h *Health) find(ctx context.Context) (found readiness, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			found, err = readiness{"failed", "unknown", "unknown"}, fmt.Errorf("panic: %v", value)
		}
	}()
	err = h.ready(ctx)
	switch {
	case err == nil:
		found = readiness{"ok", "ok", "ok"}
	case errors.Is(err, http.ErrServerClosed):
		found = readiness{"closed", "ok", "unknown"}
	case errors.Is(err, errNoKey):
		found = readiness{"failed", "missing", "unknown"}
	case errors.Is(err, errUnbuilt):
		found = readiness{"failed", "unknown", "unknown"}
	default:
		found = readiness{"ok", "ok", "unavailable"}
	}
	return found, err
}

// note logs what has changed. The caller holds mu.
func (h *Health) note(ctx context.Context, found readiness, err error) {
	switch {
	case err != nil && (h.at.IsZero() || found != h.last):
		h.logger.WarnContext(ctx, "not ready", "runtime", found.runtime, "model", found.model, "store", found.store, "error", err)
	case err == nil && !h.at.IsZero() && found != h.last:
		h.logger.InfoContext(ctx, "ready again")
	}
}
