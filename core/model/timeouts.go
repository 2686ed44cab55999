package model

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Timeouts limit how long a model may take. They go by what it yields: a provider that
// only sends signs of life has hung too.
type Timeouts struct {
	// FirstToken is how long it may take to the first delta, all retries included. If
	// zero, there is no limit.
	FirstToken time.Duration
	// NextToken is how long it may take from one delta to the next. If zero, there is no
	// limit. Models that think, or search the web, in silence need minutes.
	NextToken time.Duration
}

// WithTimeouts returns a model whose answers end with an error with [CodeTimeout] when
// it takes too long. How long the loop over an answer takes doesn't count.
func WithTimeouts(m Model, limits Timeouts) Model {
	if limits.FirstToken <= 0 && limits.NextToken <= 0 {
		return m
	}
	return &limited{m, limits}
}

type limited struct {
	model  Model
	limits Timeouts
}

// Name returns the name of the model that is limited.
func (l *limited) Name() Name { return NameOf(l.model) }

// Stream implements [Model].
func (l *limited) Stream(ctx context.Context, request *Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		w := watch{cancel: cancel}
		defer w.stop()
		w.start(l.limits.FirstToken)
		ended := false
		for delta, err := range l.model.Stream(ctx, request) {
			w.stop()
			if err != nil {
				err, ended = timedOut(ctx, err), true
			}
			ended = ended || delta.Kind == KindFinish
			if !yield(delta, err) || ended {
				return
			}
			w.start(l.limits.NextToken)
		}
		w.stop()
		if err := timedOut(ctx, nil); err != nil {
			yield(Delta{}, err)
		}
	}
}

// watch cancels a context when a time is up.
type watch struct {
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func (w *watch) start(limit time.Duration) {
	switch {
	case limit <= 0:
	case w.timer != nil && limit == w.limit:
		w.timer.Reset(limit)
	default:
		w.limit = limit
		w.timer = time.AfterFunc(limit, func() { w.cancel(&tooSlowError{limit}) })
	}
}

func (w *watch) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// tooSlowError is the cause of a context that ends since a model is too slow.
type tooSlowError struct{ limit time.Duration }

// Error says for how long nothing has come.
func (e *tooSlowError) Error() string {
	return fmt.Sprintf("the model has sent nothing of its answer for %v", e.limit)
}

// timedOut returns the error for a time that is up, or else err.
func timedOut(ctx context.Context, err error) error {
	if slow := (*tooSlowError)(nil); errors.As(context.Cause(ctx), &slow) {
		return NewError(CodeTimeout, slow)
	}
	return err
}
