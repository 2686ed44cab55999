package sqlite_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestMeterSharedByTwoProcesses(t *testing.T) {
	t.Parallel()
	storetest.RunMeter(t, func(t *testing.T) (a, b store.Store) {
		shared := url(t, "usage.db")
		return open(t, shared), open(t, shared)
	})
}

// database opens the file beside its store.
func database(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", file+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestAFileOfTheFirstVersionIsBroughtToTheSecond(t *testing.T) {
	file := filepath.Join(t.TempDir(), "old.db")
	first, err := os.ReadFile("schema/1.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, statements := range []string{
		string(first),
		`INSERT INTO threads (owner, thread, name, agent, created, updated, kept) VALUES ('o', 't', 'A name', 'default', 1, 2, 1)`,
		`PRAGMA user_version = 1`,
	} {
		if _, err := database(t, file).ExecContext(t.Context(), statements); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, "sqlite://"+file)
	if thread, err := s.Thread(t.Context(), store.Key{Owner: "o", ID: "t"}); err != nil || thread.Name != "A name" {
		t.Errorf("got %+v and %v", thread, err)
	}
	if err := s.Admit(t.Context(), store.Ticket{User: "user", ID: "1", TTL: time.Minute}, store.Limits{}); err != nil {
		t.Error(err)
	}
}

// Time passes by moving what is in the file into the past.
func TestWhatIsOverIsForgotten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "usage.db")
	s := open(t, "sqlite://"+file)
	db := database(t, file)
	later := func(d time.Duration) {
		t.Helper()
		for _, statement := range []string{
			`UPDATE tickets SET begun = begun - $1, used = used - $1, expires = expires - $1`,
			`UPDATE usage SET day = day - $1 / 86400000000`,
		} {
			if _, err := db.ExecContext(t.Context(), statement, d.Microseconds()); err != nil {
				t.Fatal(err)
			}
		}
	}
	count := func(table string) (n int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	limits := store.Limits{RunsPerMinute: 1, TokensPerDay: 10}
	user := store.Ticket{User: "user", ID: "1", TTL: time.Minute}
	stranger := store.Ticket{User: "stranger", ID: "1", TTL: time.Minute, Unlisted: true}
	run := func(ticket store.Ticket) error {
		return errors.Join(s.Admit(t.Context(), ticket, limits), s.Release(t.Context(), ticket, store.Tokens{Input: 10}))
	}
	if err := errors.Join(run(user), run(stranger)); err != nil {
		t.Fatal(err)
	}
	later(59 * time.Second)
	user.ID = "2"
	over, ok := errors.AsType[*store.LimitError](s.Admit(t.Context(), user, store.Limits{RunsPerMinute: 1}))
	if !ok || over.Limit != store.LimitRunsPerMinute || over.RetryAfter > time.Second {
		t.Errorf("after 59 s: %v", over)
	}
	later(time.Second)
	if err := s.Admit(t.Context(), user, store.Limits{RunsPerMinute: 1}); err != nil {
		t.Errorf("after a minute: %v", err)
	}
	later(24 * time.Hour)
	user.ID = "3"
	if err := run(user); err != nil {
		t.Errorf("a day later: %v", err)
	}
	if tickets, usage := count("tickets"), count("usage"); tickets != 1 || usage != 2 {
		t.Errorf("a day later there are %d tickets and %d days", tickets, usage)
	}
	later((store.UsageDays - 1) * 24 * time.Hour)
	user.ID = "4"
	if err := run(user); err != nil {
		t.Fatal(err)
	}
	if page, err := s.Usage(t.Context(), store.UsageQuery{User: "user"}); err != nil || len(page.Usage) != 2 || count("usage") != 2 {
		t.Errorf("%d days later: %+v, %v", store.UsageDays-1, page, err)
	}
}

// A clock that is set back moves what is in the file into the future.
func TestAClockThatIsSetBackLocksNobodyOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "usage.db")
	s := open(t, "sqlite://"+file)
	user := store.Ticket{User: "user", ID: "1", TTL: time.Minute}
	limits := store.Limits{RunsPerMinute: 1, ConcurrentRuns: 1}
	if err := s.Admit(t.Context(), user, limits); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		back time.Duration
		over bool
	}{{10 * time.Second, true}, {time.Hour, false}} {
		_, err := database(t, file).ExecContext(t.Context(),
			`UPDATE tickets SET begun = begun + $1, used = used + $1, expires = expires + $1`, test.back.Microseconds())
		if err != nil {
			t.Fatal(err)
		}
		user.ID = test.back.String()
		if err := s.Admit(t.Context(), user, limits); (err != nil) != test.over {
			t.Errorf("%s back: got %v", test.back, err)
		}
	}
}

func BenchmarkAdmit(b *testing.B) {
	s, err := sqlite.Open(b.Context(), url(b, "bench.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	storetest.BenchMeter(b, s)
}
