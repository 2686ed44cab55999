package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

// RunMeter checks a [store.Meter]. Open returns two stores on the same backend, as two
// processes open them, or one store twice. Each is closed when its test ends.
func RunMeter(t *testing.T, open func(t *testing.T) (a, b store.Store)) {
	t.Helper()
	for _, test := range meterTests {
		t.Run(test.name, func(t *testing.T) {
			a, b := open(t)
			t.Cleanup(func() {
				if err := errors.Join(a.Close(), b.Close()); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			m := &meterSuite{suite: &suite{T: t, Store: a, Other: b}}
			var ok, also bool
			if m.meter, ok = a.(store.Meter); !ok {
				t.Fatalf("%T is no store.Meter", a)
			}
			if m.other, also = b.(store.Meter); !also {
				t.Fatalf("%T is no store.Meter", b)
			}
			// No test is to run over midnight, where days are counted.
			if left := time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)); left < time.Minute {
				_ = pause.Sleep(t.Context(), left+time.Second)
			}
			test.run(m)
		})
	}
}

// meterSuite is one test: a meter, and another one on the same backend.
type meterSuite struct {
	*suite
	meter, other store.Meter
}

type meterTest struct {
	name string
	run  func(m *meterSuite)
}

func ticket(user, id string) store.Ticket { return store.Ticket{User: user, ID: id, TTL: longTTL} }

func (m *meterSuite) admit(t store.Ticket, limits store.Limits) {
	m.Helper()
	if err := m.meter.Admit(m.context(), t, limits); err != nil {
		m.Fatalf("admit %s of %q: %v", t.ID, t.User, err)
	}
}

// refused checks that a run is over a limit, on both stores.
func (m *meterSuite) refused(t store.Ticket, limits store.Limits, limit store.Limit, atMost time.Duration) {
	m.Helper()
	for _, meter := range []store.Meter{m.meter, m.other} {
		err := meter.Admit(m.context(), t, limits)
		over, ok := errors.AsType[*store.LimitError](err)
		if !ok || over.Limit != limit || over.RetryAfter <= 0 || over.RetryAfter > atMost {
			m.Fatalf("admit %s of %q: got %v, want the limit %s", t.ID, t.User, err, limit)
		}
	}
}

func (m *meterSuite) release(t store.Ticket, spent store.Tokens) {
	m.Helper()
	if err := m.other.Release(m.context(), t, spent); err != nil {
		m.Fatalf("release %s of %q: %v", t.ID, t.User, err)
	}
}

func (m *meterSuite) renew(t store.Ticket, spent store.Tokens) {
	m.Helper()
	if err := m.meter.Renew(m.context(), t, spent); err != nil {
		m.Fatalf("renew %s of %q: %v", t.ID, t.User, err)
	}
}

func (m *meterSuite) list(query store.UsageQuery) store.UsagePage {
	m.Helper()
	page, err := m.other.Usage(m.context(), query)
	if err != nil {
		m.Fatalf("usage: %v", err)
	}
	return page
}

// spent checks what a user has spent today.
func (m *meterSuite) spent(user string, runs int64, tokens store.Tokens) {
	m.Helper()
	page := m.list(store.UsageQuery{User: user})
	today := time.Now().UTC().Truncate(24 * time.Hour)
	want := []store.Usage{{User: user, Day: today, Runs: runs, Tokens: tokens}}
	if !slices.Equal(page.Usage, want) || page.NextCursor != "" {
		m.Fatalf("%q has spent %+v, want %+v", user, page, want)
	}
}

const user = "user: {a} b\x00é"

var meterTests = []meterTest{
	{"without limits all are let in, and counted", func(m *meterSuite) {
		for n := range 5 {
			m.admit(ticket(user, fmt.Sprint(n)), store.Limits{})
		}
		m.release(ticket(user, "0"), store.Tokens{Input: 10, Output: 20, Estimated: 5})
		m.release(ticket(user, "1"), store.Tokens{Input: 1})
		m.spent(user, 5, store.Tokens{Input: 11, Output: 20, Estimated: 5})
	}},
	{"so many runs at once and no more", func(m *meterSuite) {
		limits := store.Limits{ConcurrentRuns: 2}
		m.admit(ticket(user, "1"), limits)
		m.admit(ticket(user, "2"), limits)
		m.refused(ticket(user, "3"), limits, store.LimitConcurrentRuns, time.Minute)
		m.admit(ticket("another", "3"), limits)
		m.release(ticket(user, "1"), store.Tokens{})
		m.admit(ticket(user, "3"), limits)
		m.refused(ticket(user, "4"), limits, store.LimitConcurrentRuns, time.Minute)
		m.spent(user, 3, store.Tokens{})
	}},
	{"so many runs a minute and no more", func(m *meterSuite) {
		limits := store.Limits{RunsPerMinute: 3, ConcurrentRuns: 1}
		for n := range 3 {
			m.admit(ticket(user, fmt.Sprint(n)), limits)
			m.release(ticket(user, fmt.Sprint(n)), store.Tokens{})
		}
		m.refused(ticket(user, "3"), limits, store.LimitRunsPerMinute, time.Minute)
		m.refused(ticket(user, "4"), limits, store.LimitRunsPerMinute, time.Minute)
		m.admit(ticket("another", "3"), limits)
		// A larger limit has room.
		m.admit(ticket(user, "3"), store.Limits{RunsPerMinute: 4})
	}},
	{"so many tokens a day and no more", func(m *meterSuite) {
		limits := store.Limits{TokensPerDay: 100}
		m.admit(ticket(user, "1"), limits)
		m.release(ticket(user, "1"), store.Tokens{Input: 40, Output: 59})
		m.admit(ticket(user, "2"), limits)
		m.release(ticket(user, "2"), store.Tokens{Output: 1})
		m.refused(ticket(user, "3"), limits, store.LimitTokensPerDay, 24*time.Hour)
		m.admit(ticket("another", "3"), limits)
		// The limit that takes longest is named.
		limits.RunsPerMinute, limits.ConcurrentRuns = 1, 1
		m.refused(ticket(user, "3"), limits, store.LimitTokensPerDay, 24*time.Hour)
		m.spent(user, 2, store.Tokens{Input: 40, Output: 60})
	}},
	{"what is refused isn't counted", func(m *meterSuite) {
		limits := store.Limits{RunsPerMinute: 2, ConcurrentRuns: 1}
		m.admit(ticket(user, "1"), limits)
		for n := range 10 {
			m.refused(ticket(user, fmt.Sprint("refused ", n)), limits, store.LimitConcurrentRuns, time.Minute)
		}
		m.release(ticket(user, "1"), store.Tokens{})
		m.admit(ticket(user, "2"), limits)
		m.spent(user, 2, store.Tokens{})
	}},
	{"a repeated call counts once", func(m *meterSuite) {
		limits := store.Limits{RunsPerMinute: 2, ConcurrentRuns: 2}
		for range 3 {
			m.admit(ticket(user, "1"), limits)
			m.renew(ticket(user, "1"), store.Tokens{Input: 5, Output: 1, Estimated: 6})
		}
		for range 3 {
			m.release(ticket(user, "1"), store.Tokens{Input: 7, Output: 1, Estimated: 6})
		}
		// An older renewal that comes late takes no place, and nothing back.
		m.renew(ticket(user, "1"), store.Tokens{Input: 5})
		m.admit(ticket(user, "1"), limits)
		m.spent(user, 1, store.Tokens{Input: 7, Output: 1, Estimated: 6})
		limits.ConcurrentRuns = 1
		m.admit(ticket(user, "2"), limits)
		m.refused(ticket(user, "3"), limits, store.LimitRunsPerMinute, time.Minute)
		// What comes to light after the end is counted too.
		m.release(ticket(user, "1"), store.Tokens{Input: 10, Output: 4, Estimated: 6})
		m.spent(user, 2, store.Tokens{Input: 10, Output: 4, Estimated: 6})
	}},
	{"the place of a dead run is free when its term is over", func(m *meterSuite) {
		limits := store.Limits{ConcurrentRuns: 1}
		dead := store.Ticket{User: user, ID: "dead", TTL: briefTTL}
		m.admit(dead, limits)
		m.renew(dead, store.Tokens{Input: 3})
		m.awaitPlace(ticket(user, "next"), limits)
		// What it had said until then is counted.
		m.spent(user, 2, store.Tokens{Input: 3})
		m.refused(ticket(user, "third"), limits, store.LimitConcurrentRuns, time.Minute)
	}},
	{"a run that was thought dead goes on", func(m *meterSuite) {
		limits := store.Limits{ConcurrentRuns: 2}
		frozen := store.Ticket{User: user, ID: "frozen", TTL: briefTTL}
		m.admit(frozen, limits)
		m.admit(ticket(user, "one"), limits)
		m.awaitPlace(ticket(user, "two"), limits)
		frozen.TTL = longTTL
		m.renew(frozen, store.Tokens{Output: 4})
		m.release(ticket(user, "one"), store.Tokens{})
		m.refused(ticket(user, "three"), limits, store.LimitConcurrentRuns, time.Minute)
		m.release(frozen, store.Tokens{Output: 5})
		m.admit(ticket(user, "three"), limits)
		m.spent(user, 4, store.Tokens{Output: 5})
	}},
	{"a run is renewed for longer than its term", func(m *meterSuite) {
		limits := store.Limits{ConcurrentRuns: 1}
		for ttl := 4 * briefTTL; ; ttl *= 4 {
			held := time.Now()
			run := store.Ticket{User: user, ID: fmt.Sprint("run ", ttl), TTL: ttl}
			m.admit(run, limits)
			late := false
			for n := 0; n < 5 && !late; n++ {
				_ = pause.Sleep(m.Context(), ttl/4)
				renewing := time.Now()
				m.renew(run, store.Tokens{})
				late = time.Since(held) >= ttl // a machine that is too slow gets a longer term
				held = renewing
			}
			err := m.other.Admit(m.context(), ticket(user, fmt.Sprint("other ", ttl)), limits)
			over, ok := errors.AsType[*store.LimitError](err)
			if ok && over.Limit == store.LimitConcurrentRuns {
				return
			}
			if !late && time.Since(held) < ttl {
				m.Fatalf("a run that is renewed lost its place: %v", err)
			}
			m.release(run, store.Tokens{})
			m.release(ticket(user, fmt.Sprint("other ", ttl)), store.Tokens{})
		}
	}},
	{"a run that the meter didn't see begin is counted", func(m *meterSuite) {
		limits := store.Limits{ConcurrentRuns: 1}
		m.renew(ticket(user, "1"), store.Tokens{Input: 1})
		m.refused(ticket(user, "2"), limits, store.LimitConcurrentRuns, time.Minute)
		m.release(ticket(user, "1"), store.Tokens{Input: 2})
		m.release(ticket(user, "3"), store.Tokens{Input: 2})
		m.spent(user, 2, store.Tokens{Input: 4})
	}},
	{"of fifty that race for seven places seven get in", func(m *meterSuite) {
		for _, limits := range []store.Limits{{ConcurrentRuns: 7}, {RunsPerMinute: 7}} {
			var in atomic.Int64
			var group sync.WaitGroup
			user := fmt.Sprint(limits)
			for n := range 50 {
				group.Go(func() {
					meter := []store.Meter{m.meter, m.other}[n%2]
					err := meter.Admit(m.context(), ticket(user, fmt.Sprint(n)), limits)
					if err == nil {
						in.Add(1)
					} else if _, over := errors.AsType[*store.LimitError](err); !over {
						m.Errorf("admit: %v", err)
					}
				})
			}
			group.Wait()
			if in.Load() != 7 {
				m.Fatalf("%d got in where there are 7 places", in.Load())
			}
			m.spent(user, 7, store.Tokens{})
		}
	}},
	{"all usage is listed by day and user, in pages", func(m *meterSuite) {
		var users []string
		for n := range 120 { // a store may read a hundred at once
			users = append(users, fmt.Sprintf("user %03d", n))
		}
		for n, user := range users {
			m.admit(ticket(user, "1"), store.Limits{})
			m.release(ticket(user, "1"), store.Tokens{Input: int64(n)})
		}
		today := time.Now()
		for _, limit := range []int{0, 1, 50, 100, 120} {
			query := store.UsageQuery{All: true, Limit: limit, From: today, To: today}
			var got []string
			for pages := 0; ; pages++ {
				page := m.list(query)
				if limit > 0 && len(page.Usage) > limit || pages > len(users) {
					m.Fatalf("page %d has %d entries, at most %d are wanted", pages, len(page.Usage), limit)
				}
				for _, usage := range page.Usage {
					if usage.Tokens.Input != int64(len(got)) || usage.Runs != 1 {
						m.Fatalf("got %+v at %d", usage, len(got))
					}
					got = append(got, usage.User)
				}
				if query.Cursor = page.NextCursor; query.Cursor == "" {
					break
				}
			}
			if !slices.Equal(got, users) {
				m.Fatalf("in pages of %d: got %d users, want %d", limit, len(got), len(users))
			}
		}
		yesterday, tomorrow := today.AddDate(0, 0, -1), today.AddDate(0, 0, 1)
		for name, query := range map[string]store.UsageQuery{
			"of yesterday": {All: true, To: yesterday}, "of tomorrow": {All: true, From: tomorrow},
			"of a user, tomorrow": {User: users[0], From: tomorrow}, "of nobody": {User: "nobody"},
			"of the far future": {All: true, From: today.AddDate(5000, 0, 0)},
		} {
			if page := m.list(query); len(page.Usage) > 0 || page.NextCursor != "" {
				m.Errorf("%s: got %d entries", name, len(page.Usage))
			}
		}
		if _, err := m.meter.Usage(m.context(), store.UsageQuery{All: true, Cursor: "!"}); !errors.Is(err, store.ErrBadCursor) {
			m.Errorf("a bad cursor: got %v", err)
		}
	}},
	{"who is unlisted has limits, and isn't listed", func(m *meterSuite) {
		stranger := store.Ticket{User: "address", ID: "1", TTL: longTTL, Unlisted: true}
		limits := store.Limits{TokensPerDay: 10}
		m.admit(stranger, limits)
		m.release(stranger, store.Tokens{Output: 10})
		stranger.ID = "2"
		m.refused(stranger, limits, store.LimitTokensPerDay, 24*time.Hour)
		m.admit(ticket("listed", "1"), limits)
		if page := m.list(store.UsageQuery{All: true}); len(page.Usage) != 1 || page.Usage[0].User != "listed" {
			m.Errorf("all: got %+v", page.Usage)
		}
		if page := m.list(store.UsageQuery{User: "address"}); len(page.Usage) != 0 {
			m.Errorf("its own: got %+v", page.Usage)
		}
	}},
	{"a closed store counts nothing", func(m *meterSuite) {
		if err := m.Store.Close(); err != nil {
			m.Fatal(err)
		}
		m.wantError("admit", m.meter.Admit(m.context(), ticket(user, "1"), store.Limits{}), store.ErrUnavailable)
		m.wantError("renew", m.meter.Renew(m.context(), ticket(user, "1"), store.Tokens{}), store.ErrUnavailable)
		m.wantError("release", m.meter.Release(m.context(), ticket(user, "1"), store.Tokens{}), store.ErrUnavailable)
		_, err := m.meter.Usage(m.context(), store.UsageQuery{All: true})
		m.wantError("usage", err, store.ErrUnavailable)
	}},
}

// awaitPlace admits a run as soon as there is a place.
func (m *meterSuite) awaitPlace(t store.Ticket, limits store.Limits) {
	m.Helper()
	for ctx := m.context(); ; {
		err := m.meter.Admit(ctx, t, limits)
		if err == nil {
			return
		}
		if over, ok := errors.AsType[*store.LimitError](err); !ok || over.Limit != store.LimitConcurrentRuns {
			m.Fatalf("admit %s: %v", t.ID, err)
		}
		_ = pause.Sleep(ctx, 10*time.Millisecond)
	}
}

// BenchMeter measures what counting a run costs: its admission and its release.
func BenchMeter(b *testing.B, meter store.Meter) {
	limits := store.Limits{RunsPerMinute: 1 << 30, ConcurrentRuns: 1 << 30, TokensPerDay: 1 << 50}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		t := ticket(fmt.Sprint("user ", n%500), fmt.Sprint(n))
		if err := meter.Admit(b.Context(), t, limits); err != nil {
			b.Fatal(err)
		}
		if err := meter.Release(b.Context(), t, store.Tokens{Input: 10, Output: 10}); err != nil {
			b.Fatal(err)
		}
	}
}
