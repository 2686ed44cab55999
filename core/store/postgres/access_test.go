package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

func access(t *testing.T, server *postgrestest.Server) {
	t.Run("a role that may not make tables is told what to do, and works with those it is given", func(t *testing.T) {
		server.Exec(t, "CREATE ROLE plain LOGIN")
		s := open(t, server.URLFor("plain")+"&schema=given&prefix=a_")
		_, err := s.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "one", TTL: time.Minute})
		if err == nil || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "copilotkit store schema") {
			t.Errorf("without tables: %v", err)
		}
		script, err := postgres.Schema(server.URLFor("plain") + "&schema=given&prefix=a_")
		if err != nil {
			t.Fatal(err)
		}
		server.Exec(t, script)
		if _, err = s.Threads(t.Context(), store.Query{}); err == nil || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "the role needs USAGE on the schema given") {
			t.Errorf("without grants: %v", err)
		}
		server.Exec(t, "GRANT USAGE ON SCHEMA given TO plain; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA given TO plain")
		lease := begin(t, s, "one")
		if err := lease.Finish(t.Context(), &store.Result{Records: records(1, 3), MessageIDs: []string{"m"}}); err != nil {
			t.Error(err)
		}
		if err := s.Admit(t.Context(), store.Ticket{User: "u", ID: "1", TTL: time.Minute}, store.Limits{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("many that begin on an empty database make the tables once", func(t *testing.T) {
		url := server.URL() + "&schema=fresh"
		failed := make(chan error)
		for range 8 {
			s := open(t, url)
			go func() {
				_, err := s.Threads(t.Context(), store.Query{})
				failed <- err
			}()
		}
		for range 8 {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("tables of a newer version are left alone", func(t *testing.T) {
		begin(t, open(t, server.URL()+"&schema=newer"), "one")
		server.Exec(t, "UPDATE newer.version SET version = 99")
		_, err := open(t, server.URL()+"&schema=newer").Threads(t.Context(), store.Query{})
		if err == nil || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "use a newer one") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a database that isn't there is no outage, and its password isn't told", func(t *testing.T) {
		url := strings.Replace(strings.Replace(server.URL(), "/postgres?", "/none?", 1), "postgres@", "postgres:quite-secret@", 1)
		_, err := open(t, url).Threads(t.Context(), store.Query{})
		if err == nil || errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v", err)
		}
	})
}

func passwords(t *testing.T, server *postgrestest.Server) {
	server.Exec(t, "CREATE ROLE guarded LOGIN PASSWORD 'first'; GRANT CREATE ON DATABASE postgres TO guarded")
	server.RequirePasswords(t, "guarded")
	password, asked := "first", 0
	ask := func(_ context.Context, login postgres.Login) (string, error) {
		asked++
		if login.User != "guarded" || login.Database != "postgres" || login.Host != "127.0.0.1" || login.Port == 0 {
			t.Errorf("asked for %+v", login)
		}
		return password, nil
	}
	s, err := postgres.Open(t.Context(), server.URLFor("guarded")+"&schema=guarded&iam=test", postgres.Options{
		Logger: slog.New(slog.DiscardHandler), IAM: map[string]postgres.PasswordFunc{"test": ask},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lease := begin(t, s, "one")
	server.Exec(t, "ALTER ROLE guarded PASSWORD 'second'")
	password = "second"
	terminate(t, server, "true")
	if err := lease.Renew(t.Context()); err != nil || asked != 2 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	terminate(t, server, "true")
	password = "wrong and secret"
	err = lease.Renew(t.Context())
	if failure, ok := errors.AsType[*pgconn.PgError](err); !ok || failure.Code != "28P01" || errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("with a wrong one: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://u:secret@h/db?schema=Has%20Space":     "schema:",
		"postgres://u:secret@h/db?schema=":                "schema:",
		"postgres://u:secret@h/db?prefix=\"x":             "prefix:",
		"postgres://u:secret@h/db?prefix=9":               "prefix:",
		"postgres://u:secret@h/db?retention=1s":           "retention:",
		"postgres://u:secret@h/db?max-runs=-1":            "max-runs:",
		"postgres://u:secret@h/db?pool=0":                 "pool:",
		"postgres://u:secret@h/db?pool=many":              "pool:",
		"postgres://u:secret@h/db?iam=":                   "iam:",
		"postgres://u:secret@h/db?iam=aws":                `iam: this program has no "aws"`,
		"postgres://u:secret@h/db?pol=3":                  `unknown parameter "pol"`,
		"postgres://u:secret@h/db?sslmode=sometimes":      "sslmode",
		"postgres://u:secret@h/db?sslrootcert=/no/where":  "TLS",
		"postgres://u:secret@h/db?connect_timeout=secret": "connect_timeout",
		"postgres://u:secret@h:port/db":                   "not a valid URL",
		"postgres://u:se?cret@h/db":                       "%3F",
		"postgres://u:%zzsecret@h/db":                     "not a valid URL",
		"mysql://u:secret@h/db":                           "not a valid URL",
		"postgres://u:secret@h/db?target_session_attrs=x": "target_session_attrs",
	} {
		s, err := postgres.Open(t.Context(), url, postgres.Options{})
		if err == nil {
			s.Close()
			t.Errorf("%s is taken", url)
			continue
		}
		if text := err.Error(); !strings.Contains(text, want) || strings.Contains(text, "u:secret") || strings.Contains(text, "cret@") {
			t.Errorf("%s: %q, want %q in it", url, text, want)
		}
	}
	for _, url := range []string{
		"postgresql://h/db", "postgres:///db?host=/var/run", "postgres://u:p%3F%40@h:6432/db?sslmode=require&channel_binding=require",
		"postgres://u@h/db?options=endpoint%3Dx&application_name=chat&connect_timeout=2&schema=chat&prefix=a_&retention=720h&max-runs=50&pool=9",
	} {
		s, err := postgres.Open(t.Context(), url, postgres.Options{})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		s.Close()
	}
}
