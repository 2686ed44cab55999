package redis_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestMeterSharedByTwoProcesses(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	storetest.RunMeter(t, func(t *testing.T) (a, b store.Store) {
		url := server.URL() + "?prefix=" + rand.Text() + ":"
		return open(t, url), open(t, url)
	})
}

func TestMeterWithAUserWhoMayOnlyTouchItsKeys(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, strings.Fields(chatUser+" --user default off")...)
	url := strings.Replace(server.URL(), "redis://", "redis://chat:secret@", 1)
	storetest.RunMeter(t, func(t *testing.T) (a, b store.Store) {
		url := url + "?prefix=copilotkit:" + rand.Text() + ":"
		return open(t, url), open(t, url)
	})
}

func TestWhatAMeterKeepsExpires(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL())
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	defer client.Close()
	limits := store.Limits{RunsPerMinute: 9, ConcurrentRuns: 9, TokensPerDay: 9}
	for _, unlisted := range []bool{false, true} {
		for n := range 3 {
			ticket := store.Ticket{User: "user", ID: fmt.Sprint(n), TTL: time.Minute, Unlisted: unlisted}
			err := errors.Join(s.Admit(t.Context(), ticket, limits), s.Renew(t.Context(), ticket, store.Tokens{Input: 1}))
			if n == 0 {
				err = errors.Join(err, s.Release(t.Context(), ticket, store.Tokens{Input: 1}))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2*(3+3)+1 {
		t.Errorf("keys %q, %v", keys, err)
	}
	for _, key := range keys {
		longest := time.Hour + time.Minute
		switch {
		case strings.Contains(key, "unlisted") && strings.HasSuffix(key, "usage"):
			longest = 25 * time.Hour
		case strings.HasSuffix(key, "usage"):
			longest = store.UsageDays * 24 * time.Hour
		}
		if left, err := client.TTL(t.Context(), key).Result(); err != nil || left <= 0 || left > longest {
			t.Errorf("%s is kept for %v, %v", key, left, err)
		}
	}
}

func TestUsageOfAMeterIsKeptForItsTime(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL())
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	defer client.Close()
	today := time.Now().Unix() / 86400
	// What former days have left.
	for ago := int64(1); ago < 100; ago++ {
		number := fmt.Sprintf("%05d", today-ago)
		err := errors.Join(
			client.HSet(t.Context(), "copilotkit:meter:{user}usage", number, "1 2 3 4").Err(),
			client.ZAdd(t.Context(), "copilotkit:usage", goredis.Z{Member: number + " user"}).Err())
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Admit(t.Context(), store.Ticket{User: "user", ID: "1", TTL: time.Minute}, store.Limits{}); err != nil {
		t.Fatal(err)
	}
	for _, all := range []bool{false, true} {
		page, err := s.Usage(t.Context(), store.UsageQuery{User: "user", All: all})
		if err != nil || len(page.Usage) != store.UsageDays || page.Usage[0].Tokens != (store.Tokens{Input: 2, Output: 3, Estimated: 4}) {
			t.Errorf("all %v: %d days, %v", all, len(page.Usage), err)
		}
	}
	entries, err := client.ZCard(t.Context(), "copilotkit:usage").Result()
	if days, _ := client.HLen(t.Context(), "copilotkit:meter:{user}usage").Result(); err != nil || entries != store.UsageDays || days != store.UsageDays {
		t.Errorf("%d entries and %d days are kept, %v", entries, days, err)
	}
}

// Time passes by moving what is in the server into the past.
func TestAMinuteOfAMeterIsTheServers(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL())
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	defer client.Close()
	limits := store.Limits{RunsPerMinute: 2}
	admit := func(id string) error {
		return s.Admit(t.Context(), store.Ticket{User: "user", ID: id, TTL: time.Minute}, limits)
	}
	if err := errors.Join(admit("1"), admit("2")); err != nil {
		t.Fatal(err)
	}
	if err := client.ZIncrBy(t.Context(), "copilotkit:meter:{user}begun", -55_000, "1").Err(); err != nil {
		t.Fatal(err)
	}
	over, ok := errors.AsType[*store.LimitError](admit("3"))
	if !ok || over.RetryAfter > 5*time.Second {
		t.Fatalf("after 55 s: %v", over)
	}
	if err := client.ZIncrBy(t.Context(), "copilotkit:meter:{user}begun", -5000, "1").Err(); err != nil {
		t.Fatal(err)
	}
	if err := admit("3"); err != nil {
		t.Errorf("after a minute: %v", err)
	}
	if over, ok = errors.AsType[*store.LimitError](admit("4")); !ok || over.RetryAfter < 30*time.Second {
		t.Errorf("there is room for one run, not two: %v", over)
	}
}

func BenchmarkAdmit(b *testing.B) {
	storetest.BenchMeter(b, open(b, redistest.Start(b).URL()))
}

// An instance whose clock is decades behind (in a bubble it is the year 2000) counts as
// any other does.
func TestAMeterGoesByTheServersClock(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	right := open(t, server.URL())
	limits := store.Limits{RunsPerMinute: 2, TokensPerDay: 10}
	ticket := func(id string) store.Ticket { return store.Ticket{User: "user", ID: id, TTL: time.Minute} }
	today := time.Now().UTC().Truncate(24 * time.Hour)
	synctest.Test(t, func(t *testing.T) {
		wrong, err := redis.Open(t.Context(), server.URL(), redis.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer wrong.Close()
		if time.Since(today) > 0 {
			t.Fatal("the clock isn't wrong")
		}
		if err := errors.Join(wrong.Admit(t.Context(), ticket("1"), limits), wrong.Release(t.Context(), ticket("1"), store.Tokens{Input: 4})); err != nil {
			t.Fatal(err)
		}
	})
	if err := right.Admit(t.Context(), ticket("2"), limits); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		wrong, err := redis.Open(t.Context(), server.URL(), redis.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer wrong.Close()
		over, ok := errors.AsType[*store.LimitError](wrong.Admit(t.Context(), ticket("3"), limits))
		if !ok || over.Limit != store.LimitRunsPerMinute || over.RetryAfter > time.Minute {
			t.Errorf("a third run in a minute: %v", over)
		}
		if err := wrong.Release(t.Context(), ticket("2"), store.Tokens{Input: 6}); err != nil {
			t.Fatal(err)
		}
		over, ok = errors.AsType[*store.LimitError](wrong.Admit(t.Context(), ticket("3"), limits))
		if !ok || over.Limit != store.LimitTokensPerDay || over.RetryAfter > 24*time.Hour {
			t.Errorf("when the day's tokens are spent: %v", over)
		}
	})
	page, err := right.Usage(t.Context(), store.UsageQuery{All: true})
	if want := (store.Usage{User: "user", Day: today, Runs: 2, Tokens: store.Tokens{Input: 10}}); err != nil || len(page.Usage) != 1 || page.Usage[0] != want {
		t.Errorf("usage: %+v, %v", page, err)
	}
}
