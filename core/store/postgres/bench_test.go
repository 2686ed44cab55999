package postgres_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

// BenchmarkRun is what recording a run costs: time, and the transactions, the bytes of
// log and the messages that the server counts.
func BenchmarkRun(b *testing.B) {
	server := postgrestest.Start(b, "shared_preload_libraries=pg_stat_statements", "pg_stat_statements.max=1000", "max_connections=200")
	server.Exec(b, "CREATE EXTENSION pg_stat_statements")
	loads := append(storetest.Loads(), storetest.Load{Name: "500-paced", Deltas: 500, Pause: 10 * time.Millisecond, Gather: 25 * time.Millisecond})
	for name, url := range map[string]string{
		"postgres":  server.URL(),
		"pgbouncer": postgrestest.StartBouncer(b, server, "transaction"),
	} {
		s := open(b, url+"&prefix="+prefix())
		for _, load := range loads {
			b.Run(load.Name+"/"+name, func(b *testing.B) {
				statements, wal := work(b, server)
				storetest.Bench(b, s, load)
				statementsAfter, walAfter := work(b, server)
				b.ReportMetric((statementsAfter-statements)/float64(b.N), "statements/run")
				b.ReportMetric((walAfter-wal)/float64(b.N*load.Events()), "log-bytes/event")
			})
		}
	}
}

// work is how many statements of stores the server has done, and how many bytes it has
// logged.
func work(b *testing.B, server *postgrestest.Server) (statements, wal float64) {
	b.Helper()
	rows := server.Exec(b, `SELECT coalesce(sum(calls) FILTER (WHERE query ~ 'copilotkit\.|LISTEN|ping'), 0), pg_current_wal_insert_lsn() - '0/0' FROM pg_stat_statements`)
	statements, err := strconv.ParseFloat(rows[0][0], 64)
	if err != nil {
		b.Fatal(err)
	}
	if wal, err = strconv.ParseFloat(rows[0][1], 64); err != nil {
		b.Fatal(err)
	}
	return statements, wal
}

// BenchmarkThreads is what a thousand threads of ten runs each cost: their size on disk,
// and each call's time on them.
func BenchmarkThreads(b *testing.B) {
	server := postgrestest.Start(b)
	s := open(b, server.URL())
	key := func(n int) store.Key { return store.Key{Owner: "owner", ID: fmt.Sprint("thread ", n)} }
	const threads, runs, events = 1000, 10, 50
	for n := range threads {
		lease := beginOn(b, s, key(n), "run")
		result := &store.Result{Records: records(1+(runs-1)*events, events), MessageIDs: []string{"1", "2", "3"}, Snapshot: store.Snapshot{Messages: []byte(`[]`)}}
		for run := range runs - 1 {
			result.Earlier = append(result.Earlier, records(int64(1+run*events), events))
		}
		if err := lease.Finish(b.Context(), result); err != nil {
			b.Fatal(err)
		}
	}
	rows := server.Exec(b, "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'copilotkit' AND relkind = 'r'")
	size, err := strconv.ParseFloat(rows[0][0], 64)
	if err != nil {
		b.Fatal(err)
	}
	name := "name"
	for what, call := range map[string]func(n int) error{
		"list": func(int) error {
			page, err := s.Threads(b.Context(), store.Query{Owner: "owner"})
			if len(page.Threads) != threads {
				b.Fatalf("%d threads", len(page.Threads))
			}
			return err
		},
		"page": func(int) error { _, err := s.Threads(b.Context(), store.Query{Owner: "owner", Limit: 20}); return err },
		"rename": func(n int) error {
			_, err := s.UpdateThread(b.Context(), key(n%threads), store.Patch{Name: &name})
			return err
		},
		"read": func(n int) error { _, err := s.Read(b.Context(), key(n%threads), 0, false); return err },
	} {
		b.Run(what, func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				if err := call(n); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(size/threads/runs/events, "disk-bytes/event")
		})
	}
}

func BenchmarkAdmit(b *testing.B) {
	storetest.BenchMeter(b, open(b, postgrestest.Start(b).URL()))
}
