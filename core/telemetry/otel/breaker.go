package otel

import (
	"errors"
	"sync"
	"time"
)

// breaker keeps an exporter that fails from being tried all the time.
type breaker struct {
	mu sync.Mutex
	// failed is when a failing exporter failed last, by the wall clock: the other one stands
	// still while a platform freezes the instance. It is zero for one that works.
	failed time.Time
	// pause doubles with each failure; wait is how long it isn't tried.
	pause, wait time.Duration
	// probing is set while somebody tries.
	probing bool
}

const (
	firstPause = 5 * time.Second
	maxPause   = time.Minute
)

// open reports whether the exporter is known to fail.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.failed.IsZero()
}

// due reports whether it is time to try an exporter that has failed.
func (b *breaker) due() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.isDue()
}

func (b *breaker) isDue() bool {
	return !b.failed.IsZero() && !b.probing && time.Since(b.failed).Abs() >= b.wait
}

// probe does the same, and the caller then has to try, and to tell the outcome to done.
func (b *breaker) probe() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	due := b.isDue()
	b.probing = b.probing || due
	return due
}

// reset has an exporter that has failed be tried at once.
func (b *breaker) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = time.Time{}
}

// done takes the outcome of an export, and reports whether it begins or ends an outage.
func (b *breaker) done(err error) (began, ended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if err == nil {
		ended = !b.failed.IsZero()
		b.failed, b.pause = time.Time{}, 0
		return false, ended
	}
	began = b.failed.IsZero()
	b.pause = min(max(2*b.pause, firstPause), maxPause)
	b.wait = b.pause
	var refused *refusal
	if errors.As(err, &refused) && refused.after > 0 {
		b.wait = refused.after
	}
	b.failed = time.Now().Round(0)
	return began, false
}
