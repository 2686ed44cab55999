package otel

import (
	"errors"
	"sync"
	"time"
)

// breaker keeps an exporter that fails from being tried all the time.
type breaker struct {
	mu sync.Mutex
	// until is when a failing exporter may be tried again, zero for one that works.
	until time.Time
	// pause doubles with each failure.
	pause time.Duration
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
	return !b.until.IsZero()
}

// due reports whether it is time to try an exporter that has failed.
func (b *breaker) due() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.isDue()
}

func (b *breaker) isDue() bool {
	return !b.until.IsZero() && !b.probing && !time.Now().Before(b.until)
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
	b.until = time.Time{}
}

// done takes the outcome of an export, and reports whether it begins or ends an outage.
func (b *breaker) done(err error) (began, ended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if err == nil {
		ended = !b.until.IsZero()
		b.until, b.pause = time.Time{}, 0
		return false, ended
	}
	began = b.until.IsZero()
	b.pause = min(max(2*b.pause, firstPause), maxPause)
	wait := b.pause
	var refused *refusal
	if errors.As(err, &refused) && refused.after > 0 {
		wait = refused.after
	}
	b.until = time.Now().Add(wait)
	return began, false
}
