package memory

import (
	"cmp"
	"container/list"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
	"github.com/copilotkit-go/runtime/core/store/internal/day"
)

// meter counts what users spend. The store's mu guards it.
type meter struct {
	accounts map[string]*account
	// Each account is in one of two lists, least recently used first, so that however
	// many strangers come they don't displace what is kept of users.
	listed, unlisted list.List
}

// account is what is known of a user.
type account struct {
	user     string
	unlisted bool
	place    *list.Element
	used     time.Time
	// begun is when the runs of the last minute began, oldest first.
	begun []time.Time
	// tickets are those that are remembered, by id: held are those with a place, and
	// ended the others, the one that is forgotten next in front.
	tickets map[string]*ticket
	held    []*ticket
	ended   list.List
	// days are in order.
	days []spent
}

type ticket struct {
	id string
	// expires is when the place of a live run is free.
	expires  time.Time
	used     time.Time
	released bool
	spent    store.Tokens
	// ended is where the ticket is in the account's list, nil while it is held.
	ended *list.Element
}

type spent struct {
	day, runs int64
	tokens    store.Tokens
}

const (
	minute = time.Minute
	// ticketMemory is how long a ticket is remembered without a place, and maxEnded
	// how many of a user are.
	ticketMemory = time.Hour
	maxEnded     = 1000
	// strangerMemory is how long an unlisted account is kept: until its day is over.
	strangerMemory = day.Length
)

var _ store.Meter = (*Store)(nil)

// Admit implements [store.Meter].
func (s *Store) Admit(ctx context.Context, t store.Ticket, limits store.Limits) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	now := wall(time.Now())
	a := s.meter.accounts[t.User]
	if a != nil {
		a.expire(now)
		if a.tickets[t.ID] != nil {
			return nil // a repeated call
		}
		if err := a.check(limits, now); err != nil {
			return err
		}
	}
	a = s.account(t, now)
	if limits.RunsPerMinute > 0 {
		a.begun = append(a.begun, now)
	}
	a.hold(t, now)
	s.forgetAccounts(now)
	return nil
}

// Renew implements [store.Meter].
func (s *Store) Renew(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return s.count(ctx, t, spent, false)
}

// Release implements [store.Meter].
func (s *Store) Release(ctx context.Context, t store.Ticket, spent store.Tokens) error {
	return s.count(ctx, t, spent, true)
}

func (s *Store) count(ctx context.Context, t store.Ticket, total store.Tokens, release bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	now := wall(time.Now())
	a := s.account(t, now)
	held := a.tickets[t.ID]
	switch {
	case held == nil, !held.released && !release:
		held = a.hold(t, now)
	case held.released && !release:
		return nil
	}
	today := a.today(now)
	more := total.Beyond(held.spent)
	today.tokens = today.tokens.Plus(more)
	held.spent = held.spent.Plus(more)
	if release {
		held.released, held.used, held.expires = true, now, now
		a.live(now)
	}
	s.forgetAccounts(now)
	return nil
}

// Usage implements [store.Meter].
func (s *Store) Usage(ctx context.Context, query store.UsageQuery) (store.UsagePage, error) {
	first, last := day.Range(query.From, query.To)
	after := store.Usage{Day: day.Time(first)}
	if query.Cursor != "" {
		number, user, err := cursor.Parse(query.Cursor)
		if err != nil {
			return store.UsagePage{}, err
		}
		after = store.Usage{Day: day.Time(number), User: user}
	}
	var page store.UsagePage
	s.mu.Lock()
	if err := s.usable(ctx); err != nil {
		s.mu.Unlock()
		return store.UsagePage{}, err
	}
	oldest := max(first, day.Of(time.Now())-store.UsageDays+1)
	add := func(a *account) {
		for _, spent := range a.days {
			usage := store.Usage{User: a.user, Day: day.Time(spent.day), Runs: spent.runs, Tokens: spent.tokens}
			if spent.day < oldest || spent.day > last || query.Cursor != "" && compareUsage(usage, after) <= 0 {
				continue
			}
			page.Usage = append(page.Usage, usage)
		}
	}
	if query.All {
		for place := s.meter.listed.Front(); place != nil; place = place.Next() {
			add(place.Value.(*account))
		}
	} else if a := s.meter.accounts[query.User]; a != nil && !a.unlisted {
		add(a)
	}
	s.mu.Unlock()
	slices.SortFunc(page.Usage, compareUsage)
	if query.Limit > 0 && len(page.Usage) > query.Limit {
		page.Usage = page.Usage[:query.Limit:query.Limit]
		last := page.Usage[query.Limit-1]
		page.NextCursor = cursor.Encode(day.Of(last.Day), last.User)
	}
	return page, nil
}

func compareUsage(a, b store.Usage) int {
	return cmp.Or(a.Day.Compare(b.Day), strings.Compare(a.User, b.User))
}

// account returns the account of a ticket's user, and makes it if need be.
func (s *Store) account(t store.Ticket, now time.Time) *account {
	m := &s.meter
	a := m.accounts[t.User]
	if a == nil {
		a = &account{user: t.User, unlisted: t.Unlisted, tickets: make(map[string]*ticket)}
		a.place = m.list(a).PushBack(a)
		m.accounts[t.User] = a
	}
	a.used = now
	a.expire(now)
	m.list(a).MoveToBack(a.place)
	return a
}

func (m *meter) list(a *account) *list.List {
	if a.unlisted {
		return &m.unlisted
	}
	return &m.listed
}

// forgetAccounts forgets accounts that have nothing left to remember, and beyond
// MaxUsers the least recently used ones, but none with a live run.
func (s *Store) forgetAccounts(now time.Time) {
	for _, kept := range []struct {
		list *list.List
		age  time.Duration
	}{{&s.meter.listed, store.UsageDays * day.Length}, {&s.meter.unlisted, strangerMemory}} {
		for kept.list.Len() > 0 {
			a := kept.list.Front().Value.(*account)
			full := s.limits.MaxUsers > 0 && kept.list.Len() > s.limits.MaxUsers
			if !full && now.Sub(a.used) < kept.age || a.live(now) > 0 {
				break
			}
			kept.list.Remove(a.place)
			delete(s.meter.accounts, a.user)
		}
	}
}

// check returns a *store.LimitError if another run would be over a limit.
func (a *account) check(limits store.Limits, now time.Time) error {
	if n := len(a.days); n > 0 && limits.TokensPerDay > 0 && a.days[n-1].day == day.Of(now) {
		if tokens := a.days[n-1].tokens; tokens.Input+tokens.Output >= limits.TokensPerDay {
			return &store.LimitError{Limit: store.LimitTokensPerDay, RetryAfter: day.Left(now)}
		}
	}
	if over := len(a.begun) - limits.RunsPerMinute; limits.RunsPerMinute > 0 && over >= 0 {
		return &store.LimitError{Limit: store.LimitRunsPerMinute, RetryAfter: a.begun[over].Add(minute).Sub(now)}
	}
	if limits.ConcurrentRuns > 0 && a.live(now) >= limits.ConcurrentRuns {
		return &store.LimitError{Limit: store.LimitConcurrentRuns, RetryAfter: store.PlaceRetry}
	}
	return nil
}

// hold takes a place, or keeps it. A ticket that isn't known is counted as a run.
func (a *account) hold(t store.Ticket, now time.Time) *ticket {
	held := a.tickets[t.ID]
	if held == nil {
		held = &ticket{id: t.ID}
		a.tickets[t.ID] = held
		a.held = append(a.held, held)
		a.today(now).runs++
	}
	if held.ended != nil {
		a.ended.Remove(held.ended)
		held.ended = nil
		a.held = append(a.held, held)
	}
	held.used, held.expires = now, now.Add(t.TTL)
	return held
}

// live counts the runs that have a place.
func (a *account) live(now time.Time) int {
	a.held = slices.DeleteFunc(a.held, func(t *ticket) bool {
		over := !now.Before(t.expires)
		if over {
			t.ended = a.ended.PushBack(t)
		}
		return over
	})
	return len(a.held)
}

// expire forgets what is over.
func (a *account) expire(now time.Time) {
	passed := 0
	for passed < len(a.begun) && now.Sub(a.begun[passed]).Abs() >= minute {
		passed++
	}
	a.begun = slices.Delete(a.begun, 0, passed)
	oldest := day.Of(now) - store.UsageDays + 1
	if a.unlisted {
		oldest = day.Of(now)
	}
	a.days = slices.DeleteFunc(a.days, func(s spent) bool { return s.day < oldest })
	a.live(now)
	a.forgetTickets(now)
}

func (a *account) forgetTickets(now time.Time) {
	for front := a.ended.Front(); front != nil; front = a.ended.Front() {
		t := front.Value.(*ticket)
		if a.ended.Len() <= maxEnded && now.Sub(t.used) < ticketMemory {
			return
		}
		a.ended.Remove(front)
		delete(a.tickets, t.id)
	}
}

func (a *account) today(now time.Time) *spent {
	today := day.Of(now)
	if n := len(a.days); n == 0 || a.days[n-1].day < today {
		a.days = append(a.days, spent{day: today})
	}
	return &a.days[len(a.days)-1]
}
