package store

import (
	"context"
	"fmt"
	"time"
)

// Meter counts what users spend. A [Store] may implement it; what it counts holds for
// everybody who shares the store. As a Store it is safe for concurrent use, and its
// errors wrap [ErrUnavailable] if trying later can help.
//
// All calls for one admission have the same [Ticket], and each may be repeated when
// its outcome isn't known: nothing is counted twice while the meter remembers the
// ticket, which is for an hour after the last call for it.
type Meter interface {
	// Admit lets a run in, in one step: it checks all limits, counts the run, and
	// takes one of the user's places for concurrent runs, which is free again when
	// ticket.TTL is over unless it is renewed. It returns a [*LimitError] for a run
	// that is over a limit: then nothing is counted, so that who asks all the time
	// is let in as soon as who waits.
	Admit(ctx context.Context, ticket Ticket, limits Limits) error
	// Renew keeps the place of a run for another TTL, and counts what the run has
	// spent until now: so of a run whose instance dies only the last is missing. A
	// place that had become free meanwhile is taken again, since the run goes on. It
	// does nothing after Release.
	Renew(ctx context.Context, ticket Ticket, spent Tokens) error
	// Release frees the place of a run, and counts what the run has spent in all.
	// Another Release with more adds the difference.
	Release(ctx context.Context, ticket Ticket, spent Tokens) error
	// Usage lists what users have spent, by day and then by user. Days are kept for
	// [UsageDays].
	Usage(ctx context.Context, query UsageQuery) (UsagePage, error)
}

// UsageDays is how many days a [Meter] keeps what users have spent, today included.
const UsageDays = 92

// Ticket is one admission of a run.
type Ticket struct {
	// User is whose limits count. It may be any string.
	User string
	// ID tells the tickets of a user apart. It mustn't come from a client, which could
	// use it twice.
	ID string
	// TTL is how long a place is taken without a sign of life.
	TTL time.Duration
	// Unlisted is set if the user is nobody in particular, such as an address: what it
	// has spent is kept for today's limit alone, and Usage doesn't list it.
	Unlisted bool
}

// Limits bound what a user spends. A field that is zero sets no limit.
type Limits struct {
	// RunsPerMinute is how many runs may begin within any 60 seconds.
	RunsPerMinute int
	// ConcurrentRuns is how many runs may go on at the same time.
	ConcurrentRuns int
	// TokensPerDay is how many tokens, of input and output together, may be spent
	// before the last run of a day (in UTC) is let in.
	TokensPerDay int64
}

// Limit names one of [Limits].
type Limit string

// The names of limits.
const (
	LimitRunsPerMinute  Limit = "runs_per_minute"
	LimitConcurrentRuns Limit = "concurrent_runs"
	LimitTokensPerDay   Limit = "tokens_per_day"
)

// LimitError says that a run is over a limit.
type LimitError struct {
	// Limit is the limit that takes longest to have room again.
	Limit Limit
	// RetryAfter is when that will be. A place for a concurrent run becomes free at
	// any time; then it is a guess.
	RetryAfter time.Duration
}

// Error names the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("store: over the limit %s, try again in %s", e.Limit, e.RetryAfter)
}

// PlaceRetry is the RetryAfter of [LimitConcurrentRuns].
const PlaceRetry = 5 * time.Second

// Tokens counts what a run has spent. None is negative.
type Tokens struct {
	Input, Output int64
	// Estimated is how many of both are estimates, since the provider hasn't counted.
	Estimated int64
}

// Beyond returns what t has more than before: nothing where it has less.
func (t Tokens) Beyond(before Tokens) Tokens {
	return Tokens{
		Input:     max(t.Input-before.Input, 0),
		Output:    max(t.Output-before.Output, 0),
		Estimated: max(t.Estimated-before.Estimated, 0),
	}
}

// Plus returns the sum.
func (t Tokens) Plus(more Tokens) Tokens {
	return Tokens{t.Input + more.Input, t.Output + more.Output, t.Estimated + more.Estimated}
}

// Usage is what a user has spent on a day. A run counts on the day when it begins,
// tokens on the day when they are counted.
type Usage struct {
	User string
	// Day is the day's beginning in UTC.
	Day    time.Time
	Runs   int64
	Tokens Tokens
}

// UsageQuery says what usage to list.
type UsageQuery struct {
	// User is whose usage is listed. It is not used with All.
	User string
	// All lists that of all users.
	All bool
	// From and To are the first and the last day, as any time on it. If zero, there is
	// no bound.
	From, To time.Time
	// Limit is the most entries of a page. If zero, there is no limit.
	Limit int
	// Cursor is the NextCursor of the page before. If empty, the list begins.
	Cursor string
}

// UsagePage is one page of a list.
type UsagePage struct {
	Usage []Usage
	// NextCursor is "" on the last page.
	NextCursor string
}
