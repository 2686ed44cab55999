package otel

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// lane is the way of one signal to its collector: one export at a time.
type lane struct {
	// signal is "traces" or "metrics".
	signal  string
	sender  *sender
	breaker breaker
	logger  *slog.Logger
	// busy has room for one, whoever exports.
	busy chan struct{}
	// next returns what is to be exported, and a function that is told what came of it.
	// If there is nothing it is nil, unless something has to be.
	next func(force bool) (body []byte, done func(error))
	// failed counts exports that failed.
	failed func()
	// usual is how long an export has taken lately, in nanoseconds.
	usual atomic.Int64
}

// send sends an export, and tells done what came of it.
func (l *lane) send(ctx context.Context, body []byte, done func(error)) error {
	began := time.Now()
	err := l.sender.send(ctx, body)
	if err == nil {
		l.usual.Store(int64(time.Since(began)))
	}
	done(err)
	return err
}

// export exports what there is, until nothing is left or something fails, which is
// logged. That the time is over is the collector's failure only if it had all of it.
func (l *lane) export(ctx context.Context) {
	late := false
	select {
	case l.busy <- struct{}{}:
	default:
		late = true
		select {
		case l.busy <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
	defer func() { <-l.busy }()
	for ; !l.breaker.open(); late = true { // which an export may have found meanwhile
		if late && l.tooLate(ctx) {
			return
		}
		body, done := l.next(false)
		if body == nil {
			return
		}
		began := time.Now()
		err := l.send(ctx, body, done)
		if err != nil && late && ctx.Err() != nil {
			l.usual.Store(max(l.usual.Load(), int64(time.Since(began))))
			return
		}
		l.report(err)
		if err != nil || l.signal == "metrics" {
			return
		}
	}
}

// tooLate reports whether an export that begins now would be cut off: it is as likely as
// not that it had arrived then, and it would be sent again. Whoever comes next has the time.
func (l *lane) tooLate(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	usual := time.Duration(l.usual.Load())
	return ok && time.Until(deadline) < usual+usual/4
}

// probe tries a collector that has failed, if it is time to.
func (l *lane) probe(ctx context.Context) {
	select {
	case l.busy <- struct{}{}:
		defer func() { <-l.busy }()
	case <-ctx.Done():
		return
	}
	if l.breaker.probe() {
		body, done := l.next(true)
		l.report(l.send(ctx, body, done))
	}
}

// report keeps the breaker, and logs the begin and the end of an outage.
func (l *lane) report(err error) {
	if err != nil {
		l.failed()
	}
	switch began, ended := l.breaker.done(err); {
	case began:
		l.logger.Warn("telemetry can't be exported; it is tried again from time to time", "signal", l.signal, "error", err)
	case ended:
		l.logger.Info("telemetry is exported again", "signal", l.signal)
	}
}

// spanQueue are ended spans that wait to be exported, encoded.
type spanQueue struct {
	maxSpans, batch int
	// full is signalled when there is a whole batch.
	full chan struct{}
	// frame makes an export of spans.
	frame func(spans [][]byte) []byte
	// dropped counts spans that were lost.
	dropped func(n int)

	mu    sync.Mutex
	spans [][]byte
	bytes int
}

// maxQueueBytes bounds what waits, beside the number of spans.
const maxQueueBytes = 8 << 20

// add adds a span, or drops it if too many wait.
func (q *spanQueue) add(span []byte) {
	q.mu.Lock()
	if len(q.spans) >= q.maxSpans || q.bytes+len(span) > maxQueueBytes {
		q.mu.Unlock()
		q.dropped(1)
		return
	}
	q.spans = append(q.spans, span)
	q.bytes += len(span)
	whole := len(q.spans) >= q.batch
	q.mu.Unlock()
	if whole {
		select {
		case q.full <- struct{}{}:
		default:
		}
	}
}

// next returns the next batch as an export. What could not be sent comes first in the
// next one, as far as there is room.
func (q *spanQueue) next(force bool) ([]byte, func(error)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.spans), q.batch)
	if n == 0 && !force {
		return nil, nil
	}
	batch := q.spans[:n:n]
	q.spans = q.spans[n:]
	for _, span := range batch {
		q.bytes -= len(span)
	}
	if len(q.spans) == 0 {
		q.spans = nil // not to hold on to what is sent
	}
	return q.frame(batch), func(err error) {
		switch {
		case err == nil || n == 0:
		case lost(err):
			q.dropped(n)
		default:
			q.putBack(batch)
		}
	}
}

func (q *spanQueue) putBack(batch [][]byte) {
	q.mu.Lock()
	kept := batch
	for len(kept) > 0 && len(kept)+len(q.spans) > q.maxSpans {
		kept = kept[1:]
	}
	for _, span := range kept {
		q.bytes += len(span)
	}
	for len(kept) > 0 && q.bytes > maxQueueBytes {
		q.bytes -= len(kept[0])
		kept = kept[1:]
	}
	all := make([][]byte, 0, len(kept)+len(q.spans))
	q.spans = append(append(all, kept...), q.spans...)
	q.mu.Unlock()
	if n := len(batch) - len(kept); n > 0 {
		q.dropped(n)
	}
}
