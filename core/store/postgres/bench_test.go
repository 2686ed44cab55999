package postgres_test

import (
	"strconv"
	"testing"
	"time"

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
	rows := server.Exec(b, `SELECT coalesce(sum(calls) FILTER (WHERE query ~ 'copilotkit"?\.|LISTEN|ping'), 0), pg_current_wal_insert_lsn() - '0/0' FROM pg_stat_statements`)
	statements, err := strconv.ParseFloat(rows[0][0], 64)
	if err != nil {
		b.Fatal(err)
	}
	if wal, err = strconv.ParseFloat(rows[0][1], 64); err != nil {
		b.Fatal(err)
	}
	return statements, wal
}

// BenchmarkThreads is what lists and changes of threads cost.
func BenchmarkThreads(b *testing.B) {
	storetest.BenchThreads(b, open(b, postgrestest.Start(b).URL()))
}

func BenchmarkAdmit(b *testing.B) {
	storetest.BenchMeter(b, open(b, postgrestest.Start(b).URL()))
}
