package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
	"github.com/copilotkit-go/runtime/core/store/internal/day"
)

var _ store.Meter = (*Store)(nil)

// ticketMemory is how long a ticket is remembered without a sign of life.
const ticketMemory = time.Hour

// Admit implements [store.Meter].
func (s *Store) Admit(ctx context.Context, t store.Ticket, limits store.Limits) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		at := time.Now()
		_, err := counted(ctx, tx, t)
		if !errors.Is(err, sql.ErrNoRows) {
			return err // nil for a repeated call
		}
		if err := checkLimits(ctx, tx, t, limits, at); err != nil {
			return err
		}
		if err := forgetSpent(ctx, tx, at); err != nil {
			return err
		}
		return admit(ctx, tx, t, at)
	})
	return failed(ctx, "admit a run", err)
}

// Renew implements [store.Meter].
func (s *Store) Renew(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return failed(ctx, "renew an admission", s.count(ctx, t, spent, false))
}

// Release implements [store.Meter].
func (s *Store) Release(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return failed(ctx, "release an admission", s.count(ctx, t, spent, true))
}

// count adds what a run has spent beyond what is counted.
func (s *Store) count(ctx context.Context, t store.Ticket, total store.Tokens, release bool) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		at := time.Now()
		before, err := counted(ctx, tx, t)
		if errors.Is(err, sql.ErrNoRows) {
			err = admit(ctx, tx, t, at)
		}
		if err != nil || before.released && !release {
			return err
		}
		more := total.Beyond(before.tokens)
		sum := before.tokens.Plus(more)
		var expires any
		if !release {
			expires = at.UnixMicro() + t.TTL.Microseconds()
		}
		if _, err := tx.ExecContext(ctx,
			`UPDATE tickets SET used = ?, expires = ?, input = ?, output = ?, estimated = ? WHERE user = ? AND id = ?`,
			at.UnixMicro(), expires, sum.Input, sum.Output, sum.Estimated, t.User, t.ID); err != nil {
			return err
		}
		return spend(ctx, tx, t, at, 0, more)
	})
}

// ticketState is what is remembered of a ticket.
type ticketState struct {
	tokens   store.Tokens
	released bool
}

// counted returns what is remembered of a ticket, or sql.ErrNoRows.
func counted(ctx context.Context, tx *sql.Tx, t store.Ticket) (state ticketState, err error) {
	err = tx.QueryRowContext(ctx,
		`SELECT input, output, estimated, expires IS NULL FROM tickets WHERE user = ? AND id = ?`, t.User, t.ID,
	).Scan(&state.tokens.Input, &state.tokens.Output, &state.tokens.Estimated, &state.released)
	return state, err
}

// checkLimits returns a *store.LimitError if another run would be over a limit. What is
// in a future that can't be was written before the clock was set back: it doesn't count,
// or it would until the clock is there again.
func checkLimits(ctx context.Context, tx *sql.Tx, t store.Ticket, limits store.Limits, at time.Time) error {
	if limits.TokensPerDay > 0 {
		var tokens int64
		err := tx.QueryRowContext(ctx, `SELECT input + output FROM usage WHERE day = ? AND user = ?`, day.Of(at), t.User).Scan(&tokens)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if tokens >= limits.TokensPerDay {
			return &store.LimitError{Limit: store.LimitTokensPerDay, RetryAfter: day.Left(at)}
		}
	}
	if limits.RunsPerMinute > 0 {
		// The one that has to be a minute ago for another to begin.
		var begun int64
		err := tx.QueryRowContext(ctx,
			`SELECT begun FROM tickets WHERE user = ? AND begun > ? AND begun <= ? ORDER BY begun DESC LIMIT 1 OFFSET ?`,
			t.User, at.Add(-time.Minute).UnixMicro(), at.Add(time.Minute).UnixMicro(), limits.RunsPerMinute-1).Scan(&begun)
		if err == nil {
			left := min(time.UnixMicro(begun).Add(time.Minute).Sub(at), time.Minute)
			return &store.LimitError{Limit: store.LimitRunsPerMinute, RetryAfter: left}
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if limits.ConcurrentRuns > 0 {
		var live int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM tickets WHERE user = ? AND expires > ? AND expires <= ?`,
			t.User, at.UnixMicro(), at.Add(t.TTL+time.Minute).UnixMicro()).Scan(&live)
		if err != nil {
			return err
		}
		if live >= limits.ConcurrentRuns {
			return &store.LimitError{Limit: store.LimitConcurrentRuns, RetryAfter: store.PlaceRetry}
		}
	}
	return nil
}

// admit adds a ticket, and counts its run.
func admit(ctx context.Context, tx *sql.Tx, t store.Ticket, at time.Time) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO tickets (user, id, begun, used, expires) VALUES (?, ?, ?, ?, ?)`,
		t.User, t.ID, at.UnixMicro(), at.UnixMicro(), at.UnixMicro()+t.TTL.Microseconds()); err != nil {
		return err
	}
	return spend(ctx, tx, t, at, 1, store.Tokens{})
}

// spend adds to what the user has spent today.
func spend(ctx context.Context, tx *sql.Tx, t store.Ticket, at time.Time, runs int, more store.Tokens) error {
	if runs == 0 && more == (store.Tokens{}) {
		return nil
	}
	_, err := tx.ExecContext(ctx,
		`INSERT INTO usage (day, user, unlisted, runs, input, output, estimated) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET runs = runs + excluded.runs, input = input + excluded.input,
			output = output + excluded.output, estimated = estimated + excluded.estimated`,
		day.Of(at), t.User, t.Unlisted, runs, more.Input, more.Output, more.Estimated)
	return err
}

// forgetSpent removes what is kept no longer.
func forgetSpent(ctx context.Context, tx *sql.Tx, at time.Time) error {
	today := day.Of(at)
	if _, err := tx.ExecContext(ctx, `DELETE FROM usage WHERE day <= ?`, today-store.UsageDays); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM usage WHERE unlisted = 1 AND day < ?`, today); err != nil {
		return err
	}
	old := at.Add(-ticketMemory).UnixMicro()
	_, err := tx.ExecContext(ctx, `DELETE FROM tickets WHERE used < ? AND (expires IS NULL OR expires < ?)`, old, old)
	return err
}

// Usage implements [store.Meter].
func (s *Store) Usage(ctx context.Context, query store.UsageQuery) (store.UsagePage, error) {
	page, err := s.usage(ctx, query)
	return page, failed(ctx, "list usage", err)
}

func (s *Store) usage(ctx context.Context, query store.UsageQuery) (store.UsagePage, error) {
	first, last := day.Range(query.From, query.To)
	first = max(first, day.Of(time.Now())-store.UsageDays+1)
	where, args := `unlisted = 0 AND day BETWEEN ? AND ?`, []any{first, last}
	if !query.All {
		where += ` AND user = ?`
		args = append(args, query.User)
	}
	if query.Cursor != "" {
		number, user, err := cursor.Parse(query.Cursor)
		if err != nil {
			return store.UsagePage{}, err
		}
		where += ` AND (day, user) > (?, ?)`
		args = append(args, number, user)
	}
	limit := -1
	if query.Limit > 0 {
		limit = query.Limit + 1 // to see whether there is more
	}
	rows, err := s.reader.QueryContext(ctx,
		`SELECT day, user, runs, input, output, estimated FROM usage WHERE `+where+` ORDER BY day, user LIMIT ?`,
		append(args, limit)...)
	if err != nil {
		return store.UsagePage{}, err
	}
	defer rows.Close()
	var page store.UsagePage
	for rows.Next() {
		if query.Limit > 0 && len(page.Usage) == query.Limit {
			end := page.Usage[query.Limit-1]
			page.NextCursor = cursor.Encode(day.Of(end.Day), end.User)
			break
		}
		var usage store.Usage
		var number int64
		if err := rows.Scan(&number, &usage.User, &usage.Runs,
			&usage.Tokens.Input, &usage.Tokens.Output, &usage.Tokens.Estimated); err != nil {
			return store.UsagePage{}, err
		}
		usage.Day = day.Time(number)
		page.Usage = append(page.Usage, usage)
	}
	return page, rows.Err()
}
