package redis

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
	"github.com/copilotkit-go/runtime/core/store/internal/day"
)

var _ store.Meter = (*Store)(nil)

// meterKeys are the names that a user's spending has in Redis. Those of one user are
// in one slot of a cluster; the list of who has spent something on which day is in
// another. All expire.
type meterKeys struct {
	// ticket is what is counted of one run, places are the runs that go on, by when
	// their place is free, begun those of the last minute, by when they began, and
	// usage is what was spent, by day.
	ticket, places, begun, usage string
	index                        string
}

func (s *Store) meterKeys(t store.Ticket) meterKeys {
	kind := "meter:"
	if t.Unlisted {
		kind = "meter-unlisted:"
	}
	// Escaped, so that no user can end the tag.
	base := s.prefix + kind + "{" + url.QueryEscape(t.User) + "}"
	return meterKeys{
		ticket: base + "ticket:" + t.ID,
		places: base + "places",
		begun:  base + "begun",
		usage:  base + "usage",
		index:  s.prefix + "usage",
	}
}

// all returns the keys in the order that the scripts expect.
func (k meterKeys) all(index bool) []string {
	all := []string{k.ticket, k.places, k.begun, k.usage}
	if index {
		all = append(all, k.index)
	}
	return all
}

// Admit takes one round trip, and another one in a cluster. The server's clock says
// what a minute and a day are.
func (s *Store) Admit(ctx context.Context, t store.Ticket, limits store.Limits) error {
	const doing = "admit a run"
	k := s.meterKeys(t)
	reply, err := s.run(ctx, s.scripts.admit, k.all(!s.cluster && !t.Unlisted), t.ID, milliseconds(t.TTL), t.User, flag(t.Unlisted),
		limits.RunsPerMinute, limits.ConcurrentRuns, limits.TokensPerDay).Slice()
	if err != nil {
		return failed(ctx, doing, err)
	}
	switch limit := store.Limit(text(reply, 0)); limit {
	case "ok":
		return failed(ctx, doing, s.addToUsers(ctx, k, t, text(reply, 1)))
	case store.LimitConcurrentRuns:
		return &store.LimitError{Limit: limit, RetryAfter: store.PlaceRetry}
	case store.LimitRunsPerMinute, store.LimitTokensPerDay:
		left, err := strconv.ParseInt(text(reply, 1), 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %w: %w", doing, errStored, err)
		}
		return &store.LimitError{Limit: limit, RetryAfter: time.Duration(left) * time.Millisecond}
	default:
		return fmt.Errorf("%s: %w: %q", doing, errStored, limit)
	}
}

// Renew takes one round trip, and another one in a cluster.
func (s *Store) Renew(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return failed(ctx, "renew an admission", s.spend(ctx, t, spent, false))
}

// Release takes one round trip, and another one in a cluster.
func (s *Store) Release(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return failed(ctx, "release an admission", s.spend(ctx, t, spent, true))
}

func (s *Store) spend(ctx context.Context, t store.Ticket, spent store.Tokens, release bool) error {
	k := s.meterKeys(t)
	reply, err := s.run(ctx, s.scripts.spend, k.all(!s.cluster && !t.Unlisted), t.ID, milliseconds(t.TTL), t.User, flag(t.Unlisted),
		flag(release), spent.Input, spent.Output, spent.Estimated).Slice()
	if err == nil {
		err = statusError(reply)
	}
	if err != nil {
		return err
	}
	return s.addToUsers(ctx, k, t, text(reply, 1))
}

// addToUsers puts a user into the list of a day's users. Outside of a cluster it does
// nothing, since the scripts do it.
func (s *Store) addToUsers(ctx context.Context, k meterKeys, t store.Ticket, today string) error {
	if !s.cluster || t.Unlisted {
		return nil
	}
	number, err := strconv.ParseInt(today, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: day %q", errStored, today)
	}
	_, err = s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		p.ZAdd(ctx, k.index, goredis.Z{Member: today + " " + t.User})
		p.ZRemRangeByLex(ctx, k.index, "-", "("+dayText(number-store.UsageDays+1))
		p.PExpire(ctx, k.index, store.UsageDays*day.Length)
		return nil
	})
	return err
}

// Usage takes one round trip for one user, and two for every hundred entries of all.
func (s *Store) Usage(ctx context.Context, query store.UsageQuery) (store.UsagePage, error) {
	page, err := s.usage(ctx, query)
	return page, failed(ctx, "list usage", err)
}

func (s *Store) usage(ctx context.Context, query store.UsageQuery) (store.UsagePage, error) {
	first, last := day.Range(query.From, query.To)
	var after *entry
	if query.Cursor != "" {
		number, user, err := cursor.Parse(query.Cursor)
		if err != nil {
			return store.UsagePage{}, err
		}
		after = &entry{number, user}
	}
	var page store.UsagePage
	for more := true; more; {
		var entries []store.Usage
		var err error
		if query.All {
			entries, after, more, err = s.usageOfAll(ctx, after, first, last)
		} else {
			entries, err = s.usageOf(ctx, query.User, after, first, last)
			more = false
		}
		if err != nil {
			return store.UsagePage{}, err
		}
		for _, usage := range entries {
			if query.Limit > 0 && len(page.Usage) == query.Limit {
				end := page.Usage[query.Limit-1]
				page.NextCursor = cursor.Encode(day.Of(end.Day), end.User)
				return page, nil
			}
			page.Usage = append(page.Usage, usage)
		}
	}
	return page, nil
}

// entry is one day of a user in the list of all.
type entry struct {
	day  int64
	user string
}

// usageOf returns what one user has spent.
func (s *Store) usageOf(ctx context.Context, user string, after *entry, first, last int64) ([]store.Usage, error) {
	days, err := s.client.HGetAll(ctx, s.meterKeys(store.Ticket{User: user}).usage).Result()
	if err != nil {
		return nil, err
	}
	var entries []store.Usage
	for number, value := range days {
		usage, err := parseUsage(user, number, value)
		if err != nil {
			return nil, err
		}
		if n := day.Of(usage.Day); n >= first && n <= last && (after == nil || n > after.day || n == after.day && user > after.user) {
			entries = append(entries, usage)
		}
	}
	slices.SortFunc(entries, func(a, b store.Usage) int { return a.Day.Compare(b.Day) })
	return entries, nil
}

// usageOfAll returns the next entries of the list of all, the last one's place, and
// whether there may be more.
func (s *Store) usageOfAll(ctx context.Context, after *entry, first, last int64) ([]store.Usage, *entry, bool, error) {
	const atOnce = 100
	from := "[" + dayText(first)
	if after != nil {
		from = "(" + dayText(after.day) + " " + after.user
	}
	to := "+"
	if last < day.Last {
		to = "(" + dayText(last+1)
	}
	members, err := s.client.ZRangeArgs(ctx, goredis.ZRangeArgs{
		Key: s.meterKeys(store.Ticket{}).index, Start: from, Stop: to, ByLex: true, Count: atOnce,
	}).Result()
	if err != nil || len(members) == 0 {
		return nil, after, false, err
	}
	values := make([]*goredis.StringCmd, len(members))
	_, err = s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for i, member := range members {
			number, user, _ := strings.Cut(member, " ")
			values[i] = p.HGet(ctx, s.meterKeys(store.Ticket{User: user}).usage, number)
		}
		return nil
	})
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, after, false, err
	}
	var entries []store.Usage
	for i, member := range members {
		number, user, _ := strings.Cut(member, " ")
		value, err := values[i].Result()
		if errors.Is(err, goredis.Nil) {
			continue // a crash came between the two steps
		}
		if err != nil {
			return nil, after, false, err
		}
		usage, err := parseUsage(user, number, value)
		if err != nil {
			return nil, after, false, err
		}
		entries = append(entries, usage)
	}
	number, user, _ := strings.Cut(members[len(members)-1], " ")
	last, err = strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, after, false, fmt.Errorf("%w: day %q", errStored, number)
	}
	return entries, &entry{last, user}, len(members) == atOnce, nil
}

// parseUsage reads a day as the scripts write it: runs, input, output, estimated.
func parseUsage(user, number, value string) (store.Usage, error) {
	usage := store.Usage{User: user}
	n, err := strconv.ParseInt(number, 10, 64)
	if err == nil {
		_, err = fmt.Sscan(value, &usage.Runs, &usage.Tokens.Input, &usage.Tokens.Output, &usage.Tokens.Estimated)
	}
	if err != nil {
		return usage, fmt.Errorf("%w: usage %q of day %q", errStored, value, number)
	}
	usage.Day = day.Time(n)
	return usage, nil
}

// dayText writes a day as the scripts do, so that it sorts.
func dayText(number int64) string { return fmt.Sprintf("%05d", max(number, 0)) }

func flag(set bool) string {
	if set {
		return "1"
	}
	return "0"
}
