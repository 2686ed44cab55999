package runner

import (
	"context"
	"time"
)

// deadline is when a caller's context ends, and how long before that its stream is
// ended, so that the end can be sent and recorded. The zero value is never.
type deadline struct {
	at     time.Time
	margin time.Duration
}

func (r *Runner) deadline(ctx context.Context) deadline {
	at, limited := ctx.Deadline()
	if !limited {
		return deadline{}
	}
	return deadline{at, min(r.options.DeadlineMargin, time.Until(at)/2)}
}

// afterFunc calls f in a goroutine of its own when the margin begins, unless stop
// is called before.
func (d deadline) afterFunc(f func()) (stop func()) {
	if d.at.IsZero() {
		return func() {}
	}
	timer := time.AfterFunc(time.Until(d.at)-d.margin, f)
	return func() { timer.Stop() }
}

// limit shortens a wait so that there is as much time for what follows it.
func (d deadline) limit(wait time.Duration) time.Duration {
	if d.at.IsZero() {
		return wait
	}
	return min(wait, time.Until(d.at)/2)
}

// apply returns ctx with this deadline.
func (d deadline) apply(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.at.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, d.at)
}
