package postgres_test

import (
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	// What a database administrator may set, and a name that no search finds.
	server.Exec(t, `CREATE ROLE odd SUPERUSER LOGIN;
		ALTER ROLE odd SET default_transaction_isolation = 'serializable';
		ALTER ROLE odd SET search_path = 'nowhere';
		ALTER ROLE odd SET timezone = 'Asia/Kathmandu';
		ALTER ROLE odd SET datestyle = 'German';
		ALTER ROLE odd SET bytea_output = 'escape';
		ALTER ROLE odd SET extra_float_digits = -15`)
	server.Exec(t, shadows)
	bouncer := postgrestest.StartBouncer(t, server, "transaction")
	tables := &used{server: server}
	two := func(t *testing.T, url string) (a, b store.Store) {
		url += "&retention=1h&max-runs=100&prefix=" + tables.take(t)
		return open(t, url), open(t, url)
	}
	for name, url := range map[string]string{
		"of two processes":                  server.URL(),
		"of two processes, behind a pooler": bouncer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.RunShared(t, func(t *testing.T) (a, b store.Store) { return two(t, url) })
		})
		t.Run(name+", as a meter", func(t *testing.T) {
			t.Parallel()
			storetest.RunMeter(t, func(t *testing.T) (a, b store.Store) { return two(t, url) })
		})
	}
	t.Run("and what is kept", func(t *testing.T) { whatIsKept(t, server) })
	t.Run("behind poolers of two kinds", func(t *testing.T) { poolers(t, server) })
	t.Run("stopped and sent to at once", func(t *testing.T) {
		t.Parallel()
		url := server.URL() + "&prefix=" + prefix()
		storetest.StopAndSend(t, 4, 60, open(t, url), open(t, url))
	})
	t.Run("in a game, with a role's settings", func(t *testing.T) {
		t.Parallel()
		url := server.URLFor("odd") + "&pool=1&prefix=" + prefix()
		storetest.Play(t, storetest.Game{Seed: 1, Open: func(t testing.TB) store.Store { return open(t, url) }})
	})
	t.Run("in a game, behind a pooler", func(t *testing.T) {
		t.Parallel()
		url := bouncer + "&prefix=" + prefix()
		storetest.Play(t, storetest.Game{Seed: 2, Impatient: true, Open: func(t testing.TB) store.Store { return open(t, url) }})
	})
}

func gameWithCrashes(t *testing.T, server *postgrestest.Server) {
	url := server.URL() + "&prefix=" + prefix()
	storetest.Play(t, storetest.Game{
		Seed: 3, Kills: 3,
		Open: func(t testing.TB) store.Store { return open(t, url) },
		Disturb: func() {
			server.Kill()
			server.Restart()
		},
	})
}

// prefix returns one that nobody else uses.
func prefix() string { return "p" + strings.ToLower(rand.Text()) + "_" }

func open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
