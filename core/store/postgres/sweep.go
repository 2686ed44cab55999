package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

const (
	// sweepInterval is how often an instance looks for what is kept no longer.
	sweepInterval = time.Minute
	// sweepSize is how much is removed in one transaction, and sweepRounds how many such
	// there are.
	sweepSize, sweepRounds = int64(100), 10
	// sweepTimeout is for all of it.
	sweepTimeout = 10 * time.Second
)

// interval records when something was last done, so that it isn't done all the time.
type interval struct {
	mu   sync.Mutex
	last time.Time
}

// passed reports whether it is time to do it, and takes it as done.
func (i *interval) passed() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if time.Since(i.last) < sweepInterval {
		return false
	}
	i.last = time.Now()
	return true
}

// sweep removes threads that are past the retention, but none with a live run, and none
// that somebody is writing to.
func (s *Store) sweep() {
	if s.limits.Age > 0 && s.swept.passed() {
		s.remove("old threads", query{sql: s.statements.sweep, args: []any{sweepSize, s.limits.Age}})
	}
}

// forgetSpent removes what a meter keeps no longer.
func (s *Store) forgetSpent() {
	if s.forgot.passed() {
		s.remove("old usage", query{sql: s.statements.forgetTickets, args: []any{sweepSize}},
			query{sql: s.statements.forgetUsage, args: []any{sweepSize, int64(store.UsageDays)}})
	}
}

// remove does what queries say until nothing is left to remove. It goes on beside the run
// that it was called for, whose request keeps the instance from being frozen.
func (s *Store) remove(what string, queries ...query) {
	s.background.start(func() {
		ctx, cancel := context.WithTimeout(s.background.ctx, sweepTimeout)
		defer cancel()
		for _, q := range queries {
			removed := sweepSize
			q.row = func(row) error {
				removed++
				return nil
			}
			for n := 0; n < sweepRounds && removed == sweepSize; n++ {
				err := s.do(ctx, func(int) []query {
					removed = 0
					return []query{q}
				})
				if err != nil {
					if s.background.ctx.Err() == nil {
						s.logger.Warn("can't remove "+what, "error", err)
					}
					return
				}
			}
		}
	})
}
