// Package postgrestest starts real PostgreSQL servers for tests, and PgBouncer before
// them. Each is a process on a free port of 127.0.0.1, and ends with its test.
package postgrestest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
)

// Server is a server of PostgreSQL.
type Server struct {
	// Addr is host:port. It stays the same when the server is started again.
	Addr string

	t       testing.TB
	folder  string
	args    []string
	process *process
}

// Start runs a server with further settings, such as "max_connections=5". Nothing is
// written to the disk for good: a server that is killed has lost nothing, a machine would
// have. The test fails if PostgreSQL isn't installed.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := &Server{t: t, folder: folder(t)}
	for _, setting := range append([]string{"fsync=off", "full_page_writes=off", "shared_buffers=32MB", "autovacuum=off", "wal_level=minimal", "max_wal_senders=0"}, settings...) {
		s.args = append(s.args, "-c", setting)
	}
	initialize := exec.Command(program(t, "initdb"), "--pgdata", filepath.Join(s.folder, "data"),
		"--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	drop(initialize)
	if output, err := initialize.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, output)
	}
	t.Cleanup(s.Kill)
	// Somebody else may take the port before the server does.
	for range 5 {
		s.Addr = "127.0.0.1:" + freeport.Take(t)
		if s.start() {
			return s
		}
	}
	t.Fatalf("postgres doesn't start:\n%s", s.process.log())
	return nil
}

// URL returns what to open a store with, as the superuser; append more parameters to it.
func (s *Server) URL() string { return s.URLFor("postgres") }

// URLFor returns the same for another role.
func (s *Server) URLFor(role string) string {
	return "postgres://" + role + "@" + s.Addr + "/postgres?sslmode=disable"
}

// Kill ends the server as a crash does: it goes back to what is in its log when it is
// started again with [Server.Restart].
func (s *Server) Kill() {
	if s.process != nil {
		s.process.end(syscall.SIGQUIT)
		s.process = nil
	}
}

// Restart runs a killed server again, with its folder and on its port.
func (s *Server) Restart() {
	s.t.Helper()
	if !s.start() {
		s.t.Fatalf("postgres doesn't start again:\n%s", s.process.log())
	}
}

// Exec runs statements as the superuser, and returns the rows of the last one as text.
func (s *Server) Exec(t testing.TB, statements string) [][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgconn.Connect(ctx, s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, statements).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
	var rows [][]string
	for _, row := range results[len(results)-1].Rows {
		texts := make([]string, len(row))
		for i, value := range row {
			texts[i] = string(value)
		}
		rows = append(rows, texts)
	}
	return rows
}

// start reports whether the server is ready.
func (s *Server) start() bool {
	s.t.Helper()
	host, port, _ := strings.Cut(s.Addr, ":")
	args := append([]string{"-D", filepath.Join(s.folder, "data"), "-h", host, "-p", port, "-k", s.folder}, s.args...)
	// It says so before recovery, too; then the connection below waits.
	s.process = run(s.t, program(s.t, "postgres"), args, "database system is ready to accept connections")
	return s.process.ready
}

// program returns where Debian has a program of PostgreSQL, the newest one.
func program(t testing.TB, name string) string {
	t.Helper()
	_ = os.Getenv("TEST_SERVERS") // so that Go tests again when they have changed
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return slices.Max(found)
	}
	found, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s isn't installed: run scripts/install-test-tools.sh, or install Debian's package postgresql", name)
	}
	return found
}

// folder returns a folder of the user that the server runs as.
func folder(t testing.TB) string {
	t.Helper()
	// Not the test's own, whose parent nobody else may enter.
	dir, err := os.MkdirTemp("", "postgrestest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if user := servant(); user != nil {
		if err := os.Chown(dir, int(user.Uid), int(user.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// RequirePasswords has a role give its password from now on.
func (s *Server) RequirePasswords(t testing.TB, role string) {
	t.Helper()
	rules := "host all " + role + " 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
	if err := os.WriteFile(filepath.Join(s.folder, "data", "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, "SELECT pg_reload_conf()")
	// It takes effect soon after.
	for deadline := time.Now().Add(30 * time.Second); ; {
		conn, err := pgconn.Connect(t.Context(), s.URLFor(role))
		if err != nil {
			return
		}
		conn.Close(t.Context())
		if time.Now().After(deadline) {
			t.Fatal("the server doesn't ask for passwords")
		}
	}
}
