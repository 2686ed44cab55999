package dynamodb

import (
	"context"
	"errors"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

var _ store.Meter = (*Store)(nil)

// Admit takes one reading and one write of the user's account.
func (s *Store) Admit(ctx context.Context, t store.Ticket, limits store.Limits) error {
	err := s.account(ctx, t, func(a *account, now time.Time) error {
		if a.ticket(t.ID) != nil {
			return errNothing // a repeated call
		}
		if err := a.check(limits, now); err != nil {
			return err
		}
		a.hold(t, now, limits.RunsPerMinute > 0)
		return nil
	})
	return failed(ctx, "admit a run", err)
}

// Renew takes one reading and one write.
func (s *Store) Renew(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return failed(ctx, "renew an admission", s.count(ctx, t, spent, false))
}

// Release takes one reading and one write.
func (s *Store) Release(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return failed(ctx, "release an admission", s.count(ctx, t, spent, true))
}

func (s *Store) count(ctx context.Context, t store.Ticket, total store.Tokens, release bool) error {
	return s.account(ctx, t, func(a *account, now time.Time) error {
		known := a.ticket(t.ID)
		if known == nil {
			known = a.hold(t, now, false)
		}
		more := total.Beyond(known.Spent)
		if known.Released && (!release || more == store.Tokens{}) {
			return errNothing
		}
		known.Spent = known.Spent.Plus(more)
		a.spent = a.spent.Plus(more)
		known.Used, known.Until, known.Released = now.UnixMilli(), now.Add(t.TTL).UnixMilli(), release
		return nil
	})
}

// account changes a user's account in one step.
func (s *Store) account(ctx context.Context, t store.Ticket, do func(a *account, now time.Time) error) error {
	pk := s.accountPartition(t)
	leave, err := s.accounts.enter(ctx, pk)
	if err != nil {
		return err
	}
	defer leave()
	var last account
	for attempt := 0; ; attempt++ {
		found, err := s.get(ctx, pk, headItem)
		if err != nil {
			return err
		}
		before, err := parseAccount(found, t)
		if err != nil {
			return err
		}
		if before.version != "" && before.version == last.version {
			return nil // it was written, and the answer got lost
		}
		now := s.clock.time()
		next := before.at(now)
		if err := do(&next, now); errors.Is(err, errNothing) {
			return nil
		} else if err != nil {
			return err
		}
		if before.day < next.day && before.runs > 0 && !t.Unlisted {
			// The day that is over stays, as an item of its own.
			if err := s.put(ctx, before.past(s, pk), condition{}); err != nil {
				return err
			}
		}
		written, err := s.swapAccount(ctx, pk, before, next)
		if !errors.Is(err, errConflict) {
			return err
		}
		last = written
		if err := pause.Sleep(ctx, jitter(min(time.Duration(attempt+1)*4*time.Millisecond, 50*time.Millisecond))); err != nil {
			return err
		}
	}
}
