package postgres_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

// whatIsKept runs on a server that others use too.
func whatIsKept(t *testing.T, server *postgrestest.Server) {
	for name, test := range map[string]func(*testing.T, *postgrestest.Server){
		"threads beyond the retention are removed, but for those in use": retention,
		"only the newest runs are kept":                                  maxRuns,
		"a meter forgets what it needn't keep":                           forgottenUsage,
		"strings of any kind are kept":                                   oddStrings,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server)
		})
	}
}

func retention(t *testing.T, server *postgrestest.Server) {
	s := open(t, server.URL()+"&retention=1h&prefix="+prefix())
	table := "copilotkit." + s.Prefix() + "threads"
	key := func(id string) store.Key { return store.Key{Owner: "o", ID: id} }
	for n := range 250 {
		if _, err := s.CreateThread(t.Context(), key(fmt.Sprint("old ", n)), "agent", ""); err != nil {
			t.Fatal(err)
		}
	}
	live := beginOn(t, s, key("live"), "run")
	if _, err := s.CreateThread(t.Context(), key("new"), "agent", ""); err != nil {
		t.Fatal(err)
	}
	server.Exec(t, "UPDATE "+table+" SET updated = now() - interval '61 minutes' WHERE thread != 'new'")
	// Another instance, which hasn't looked yet.
	other := open(t, server.URL()+"&retention=1h&prefix="+s.Prefix())
	beginOn(t, other, key("other"), "run")
	retry(t, "until they are gone", func() error {
		if rows := server.Exec(t, "SELECT count(*) FROM "+table); rows[0][0] != "3" {
			return fmt.Errorf("%w: %s threads", store.ErrUnavailable, rows[0][0])
		}
		return nil
	})
	if err := live.Append(t.Context(), records(1, 1)); err != nil {
		t.Errorf("the live run: %v", err)
	}
}

func maxRuns(t *testing.T, server *postgrestest.Server) {
	s := open(t, server.URL()+"&max-runs=2&prefix="+prefix())
	for n := range 4 {
		lease := begin(t, s, fmt.Sprint("run ", n))
		next := lease.NextSeq()
		if err := lease.Append(t.Context(), records(next, 2)); err != nil {
			t.Fatal(err)
		}
		if err := lease.Finish(t.Context(), &store.Result{Records: records(next, 3)}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Read(t.Context(), thread, 0, false)
	if err != nil || len(page.Records) != 6 || page.Records[0].Seq != 7 {
		t.Errorf("%d records, %v", len(page.Records), err)
	}
}

func forgottenUsage(t *testing.T, server *postgrestest.Server) {
	first := open(t, server.URL()+"&prefix="+prefix())
	admit := func(s *postgres.Store, user, id string, unlisted bool) {
		t.Helper()
		ticket := store.Ticket{User: user, ID: id, TTL: time.Minute, Unlisted: unlisted}
		if err := s.Admit(t.Context(), ticket, store.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	for n, user := range []string{"ancient", "recent", "unlisted"} {
		admit(first, user, fmt.Sprint(n), user == "unlisted")
	}
	tables := "copilotkit." + first.Prefix()
	server.Exec(t, `UPDATE `+tables+`tickets SET used = now() - interval '2 hours', expires = now() - interval '2 hours';
		UPDATE `+tables+`usage SET day = day - CASE user_name WHEN 'ancient' THEN 92 WHEN 'recent' THEN 91 ELSE 1 END`)
	admit(open(t, server.URL()+"&prefix="+first.Prefix()), "now", "3", false)
	retry(t, "until it is forgotten", func() error {
		rows := server.Exec(t, "SELECT (SELECT count(*) FROM "+tables+"tickets), (SELECT string_agg(convert_from(user_name, 'UTF8'), ' ' ORDER BY user_name) FROM "+tables+"usage)")
		if got := strings.Join(rows[0], " "); got != "1 now recent" {
			return fmt.Errorf("%w: %s", store.ErrUnavailable, got)
		}
		return nil
	})
}

func oddStrings(t *testing.T, server *postgrestest.Server) {
	s := open(t, server.URL()+"&prefix="+prefix())
	for _, text := range []string{"\x00", "\xff\xfe invalid", strings.Repeat("huge ", 1<<18), "'; --", `\x00`, ""} {
		key := store.Key{Owner: text, ID: text}
		lease, err := s.Begin(t.Context(), store.BeginRequest{Key: key, AgentID: text, RunID: text, TTL: time.Minute, MessageIDs: []string{text, "other"}})
		if err != nil {
			t.Fatalf("%.20q: %v", text, err)
		}
		if err := lease.Finish(t.Context(), &store.Result{MessageIDs: []string{text}}); err != nil {
			t.Fatalf("%.20q: %v", text, err)
		}
		got, err := s.UpdateThread(t.Context(), key, store.Patch{Name: &text})
		if err != nil || got.Key != key || got.Name != text || got.AgentID != text {
			t.Errorf("%.20q: %v", text, err)
		}
		next, err := s.Begin(t.Context(), store.BeginRequest{Key: key, TTL: time.Minute, MessageIDs: []string{text, "other"}})
		if err != nil || next.ParentRunID() != text || len(next.Seen()) != 1 || !next.Seen()[text] {
			t.Errorf("%.20q: %v", text, err)
		}
		ticket := store.Ticket{User: text, ID: text, TTL: time.Minute}
		if err := s.Admit(t.Context(), ticket, store.Limits{RunsPerMinute: 1}); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
		if page, err := s.Usage(t.Context(), store.UsageQuery{User: text}); err != nil || len(page.Usage) != 1 || page.Usage[0].User != text {
			t.Errorf("%.20q: usage %v", text, err)
		}
	}
	list := store.Query{AllOwners: true, Limit: 1}
	for range 6 {
		page, err := s.Threads(t.Context(), list)
		if err != nil || len(page.Threads) != 1 {
			t.Fatalf("%d threads, %v", len(page.Threads), err)
		}
		list.Cursor = page.NextCursor
	}
	if list.Cursor != "" {
		t.Error("there are more threads than were made")
	}
}

// poolers checks that messages are known to arrive, or not to.
func poolers(t *testing.T, server *postgrestest.Server) {
	for mode, arrive := range map[string]bool{"transaction": false, "session": true} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			var log lines
			s, err := postgres.Open(t.Context(), postgrestest.StartBouncer(t, server, mode)+"&prefix="+prefix(),
				postgres.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			lease := begin(t, s, "run")
			for seq := int64(1); seq <= 20; seq++ {
				reader := follow(t, s, seq-1)
				if err := lease.Append(t.Context(), records(seq, 1)); err != nil {
					t.Fatal(err)
				}
				if page := within(t, reader); len(page.Records) != 1 {
					t.Fatalf("read %+v", page)
				}
			}
			waiting := awaitStop(t, lease)
			retry(t, "until it is known", func() error {
				if s.Listens() == arrive && (arrive || strings.Contains(log.String(), "pooler")) {
					return nil
				}
				return store.ErrUnavailable
			})
			if _, err := s.Stop(t.Context(), thread, ""); err != nil {
				t.Fatal(err)
			}
			if err := within(t, waiting); err != nil {
				t.Errorf("await stop: %v", err)
			}
			if said := strings.Count(log.String(), "pooler"); said != 1 && !arrive || said != 0 && arrive {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
