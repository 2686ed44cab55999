package memory_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestMeter(t *testing.T) {
	storetest.RunMeter(t, func(*testing.T) (a, b store.Store) {
		s := memory.New(memory.Limits{})
		return s, s
	})
}

func limitOf(t *testing.T, err error) (store.Limit, time.Duration) {
	t.Helper()
	over, ok := errors.AsType[*store.LimitError](err)
	if err != nil && !ok {
		t.Fatal(err)
	}
	if over == nil {
		return "", 0
	}
	return over.Limit, over.RetryAfter
}

func TestNoMinuteHasMoreRunsThanAreAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Limits{})
		limits := store.Limits{RunsPerMinute: 10}
		var begun []time.Time
		// A client that tries all the time, for ten minutes.
		for n := range 10 * 60 * 10 {
			err := m.Admit(t.Context(), store.Ticket{User: "user", ID: fmt.Sprint(n), TTL: time.Second}, limits)
			switch limit, after := limitOf(t, err); limit {
			case "":
				begun = append(begun, time.Now())
			case store.LimitRunsPerMinute:
				if want := time.Until(begun[len(begun)-10].Add(time.Minute)); after != want {
					t.Fatalf("it is to try again in %v, and there is room in %v", after, want)
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
		if len(begun) != 100 {
			t.Errorf("%d runs began in ten minutes", len(begun))
		}
		for i := 10; i < len(begun); i++ {
			if begun[i].Sub(begun[i-10]) < time.Minute {
				t.Fatalf("eleven runs began within %v", begun[i].Sub(begun[i-10]))
			}
		}
	})
}

func TestADayEndsAtMidnightUTC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Limits{})
		day := time.Now().UTC().Truncate(24 * time.Hour)
		time.Sleep(time.Until(day.Add(24*time.Hour - time.Second)))
		limits := store.Limits{TokensPerDay: 100}
		over := store.Ticket{User: "user", ID: "over midnight", TTL: time.Minute}
		for _, ticket := range []store.Ticket{{User: "user", ID: "before", TTL: time.Minute}, over} {
			if err := m.Admit(t.Context(), ticket, limits); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Release(t.Context(), store.Ticket{User: "user", ID: "before"}, store.Tokens{Input: 60, Output: 40}); err != nil {
			t.Fatal(err)
		}
		next := store.Ticket{User: "user", ID: "next", TTL: time.Minute}
		if limit, after := limitOf(t, m.Admit(t.Context(), next, limits)); limit != store.LimitTokensPerDay || after != time.Second {
			t.Errorf("a second before midnight: %q, try again in %v", limit, after)
		}
		time.Sleep(time.Second)
		if err := m.Admit(t.Context(), next, limits); err != nil {
			t.Errorf("at midnight: %v", err)
		}
		if err := m.Release(t.Context(), over, store.Tokens{Output: 7}); err != nil {
			t.Fatal(err)
		}
		page, err := m.Usage(t.Context(), store.UsageQuery{User: "user"})
		if err != nil || len(page.Usage) != 2 ||
			page.Usage[0] != (store.Usage{User: "user", Day: day, Runs: 2, Tokens: store.Tokens{Input: 60, Output: 40}}) ||
			page.Usage[1] != (store.Usage{User: "user", Day: day.Add(24 * time.Hour), Runs: 1, Tokens: store.Tokens{Output: 7}}) {
			t.Errorf("usage: %+v, %v", page, err)
		}
	})
}

func TestUsageIsKeptForItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Limits{})
		for n := range 200 {
			for _, user := range []string{"daily", fmt.Sprint("only on day ", n)} {
				ticket := store.Ticket{User: user, ID: fmt.Sprint(n), TTL: time.Minute}
				if err := errors.Join(m.Admit(t.Context(), ticket, store.Limits{}), m.Release(t.Context(), ticket, store.Tokens{Input: 1})); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(24 * time.Hour)
		}
		page, err := m.Usage(t.Context(), store.UsageQuery{All: true})
		// Today nobody has done anything yet.
		if err != nil || len(page.Usage) != 2*(store.UsageDays-1) {
			t.Errorf("%d days are listed, %v", len(page.Usage), err)
		}
	})
}

func TestStrangersDoNotFillTheMemory(t *testing.T) {
	m := memory.New(memory.Limits{MaxUsers: 1000})
	limits := store.Limits{RunsPerMinute: 5, ConcurrentRuns: 2, TokensPerDay: 10}
	regular := store.Ticket{User: "regular", ID: "1", TTL: time.Minute}
	live := store.Ticket{User: "live", ID: "1", TTL: time.Minute, Unlisted: true}
	for _, ticket := range []store.Ticket{regular, live} {
		if err := m.Admit(t.Context(), ticket, limits); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Release(t.Context(), regular, store.Tokens{Input: 10}); err != nil {
		t.Fatal(err)
	}
	stranger := func(n int) {
		ticket := store.Ticket{User: fmt.Sprint("address ", n), ID: "1", TTL: time.Minute, Unlisted: true}
		if err := errors.Join(m.Admit(t.Context(), ticket, limits), m.Release(t.Context(), ticket, store.Tokens{Input: 10})); err != nil {
			t.Fatal(err)
		}
		if n%500 == 0 { // the live run is renewed
			if err := m.Renew(t.Context(), live, store.Tokens{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := range 2000 {
		stranger(n)
	}
	before := heap()
	for n := range 100_000 {
		stranger(2000 + n)
	}
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("a hundred thousand strangers took %d bytes", grown)
	}
	regular.ID, live.ID = "2", "2"
	if limit, _ := limitOf(t, m.Admit(t.Context(), regular, limits)); limit != store.LimitTokensPerDay {
		t.Errorf("a user's count was displaced by strangers: %q", limit)
	}
	if limit, _ := limitOf(t, m.Admit(t.Context(), live, store.Limits{ConcurrentRuns: 1})); limit != store.LimitConcurrentRuns {
		t.Errorf("a live run was forgotten: %q", limit)
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestTicketsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Limits{})
		ticket := store.Ticket{User: "user", ID: "1", TTL: time.Minute}
		for n := range 3 {
			if err := errors.Join(m.Admit(t.Context(), ticket, store.Limits{}), m.Release(t.Context(), ticket, store.Tokens{Input: 5})); err != nil {
				t.Fatal(err)
			}
			page, err := m.Usage(t.Context(), store.UsageQuery{All: true, From: time.Now(), To: time.Now()})
			if want := int64(1 + n/2); err != nil || page.Usage[0].Runs != want || page.Usage[0].Tokens.Input != 5*want {
				t.Errorf("after %d: %+v, %v", n, page.Usage, err)
			}
			time.Sleep(40 * time.Minute)
			if n == 1 {
				time.Sleep(40 * time.Minute)
			}
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	storetest.BenchMeter(b, memory.New(memory.Limits{}))
}
