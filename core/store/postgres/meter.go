package postgres

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
	"github.com/copilotkit-go/runtime/core/store/internal/day"
)

var _ store.Meter = (*Store)(nil)

// Admit takes one round trip, as Renew and Release do. Calls for the same user wait for
// each other.
func (s *Store) Admit(ctx context.Context, t store.Ticket, limits store.Limits) error {
	var over *store.LimitError
	err := s.do(ctx, func(int) []query {
		over = nil
		return []query{s.lockUser(t.User), {
			sql:  s.statements.admit,
			args: append(ticketArgs(t), limits.TokensPerDay, int64(limits.RunsPerMinute), int64(limits.ConcurrentRuns)),
			row: func(row row) error {
				over = overLimit(row)
				return nil
			},
		}}
	})
	if err == nil {
		s.forgetSpent()
		if over != nil {
			err = over
		}
	}
	return s.failed(ctx, "admit a run", err)
}

// overLimit returns the limit that a verdict names.
func overLimit(row row) *store.LimitError {
	dayLeft, minuteLeft := time.Duration(row.int(4))*time.Microsecond, time.Duration(row.int(5))*time.Microsecond
	switch {
	case row.bool(0): // a repeated call
		return nil
	case row.bool(1):
		return &store.LimitError{Limit: store.LimitTokensPerDay, RetryAfter: dayLeft}
	case row.bool(2):
		return &store.LimitError{Limit: store.LimitRunsPerMinute, RetryAfter: min(minuteLeft, time.Minute)}
	case row.bool(3):
		return &store.LimitError{Limit: store.LimitConcurrentRuns, RetryAfter: store.PlaceRetry}
	}
	return nil
}

// Renew implements [store.Meter].
func (s *Store) Renew(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return s.failed(ctx, "renew an admission", s.count(ctx, t, spent, false))
}

// Release implements [store.Meter].
func (s *Store) Release(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return s.failed(ctx, "release an admission", s.count(ctx, t, spent, true))
}

// count adds what a run has spent beyond what is counted.
func (s *Store) count(ctx context.Context, t store.Ticket, total store.Tokens, release bool) error {
	return s.do(ctx, func(int) []query {
		return []query{s.lockUser(t.User), {
			sql:  s.statements.count,
			args: append(ticketArgs(t), total.Input, total.Output, total.Estimated, release),
		}}
	})
}

// ticketArgs are the first arguments of the statements about a ticket.
func ticketArgs(t store.Ticket) []any {
	return []any{hash(t.User), hash(t.ID), t.User, t.Unlisted, t.TTL}
}

// lockUser returns a statement that keeps others from counting for a user until the
// transaction is over. The number is that of other things too, which then wait as well.
func (s *Store) lockUser(user string) query {
	number := hash(s.names.channel + user)
	return query{sql: s.statements.lockUser, args: []any{int64(binary.BigEndian.Uint64(number[:8]))}}
}

// Usage takes one round trip.
func (s *Store) Usage(ctx context.Context, query store.UsageQuery) (store.UsagePage, error) {
	page, err := s.usage(ctx, query)
	return page, s.failed(ctx, "list usage", err)
}

func (s *Store) usage(ctx context.Context, asked store.UsageQuery) (store.UsagePage, error) {
	first, last := day.Range(asked.From, asked.To)
	where := conditions{}
	where.add("NOT unlisted AND day > "+today+" - @", int64(store.UsageDays))
	where.add("day BETWEEN @ AND @", first, last)
	if !asked.All {
		where.add("user_key = @", hash(asked.User))
	}
	if asked.Cursor != "" {
		number, user, err := cursor.Parse(asked.Cursor)
		if err != nil {
			return store.UsagePage{}, err
		}
		where.add("(day, user_name) > (@, @)", number, user)
	}
	sql := where.fill(s.statements.usage, asked.Limit)
	var page store.UsagePage
	err := s.do(ctx, func(int) []query {
		page = store.UsagePage{}
		return []query{{sql: sql, args: where.args, row: func(row row) error {
			if asked.Limit > 0 && len(page.Usage) == asked.Limit {
				end := page.Usage[asked.Limit-1]
				page.NextCursor = cursor.Encode(day.Of(end.Day), end.User)
				return nil
			}
			page.Usage = append(page.Usage, store.Usage{
				Day: day.Time(row.int(0)), User: row.string(1), Runs: row.int(2),
				Tokens: store.Tokens{Input: row.int(3), Output: row.int(4), Estimated: row.int(5)},
			})
			return nil
		}}}
	})
	if err != nil {
		return store.UsagePage{}, err
	}
	return page, nil
}
