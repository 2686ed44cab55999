package postgrestest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
)

// StartBouncer runs PgBouncer before a server, with a pool_mode such as "transaction",
// and returns what to open a store with; append more parameters to it. The test fails if
// it isn't installed.
func StartBouncer(t testing.TB, server *Server, mode string) string {
	t.Helper()
	dir := folder(t)
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Fatal("pgbouncer isn't installed: run scripts/install-test-tools.sh, or install Debian's package pgbouncer")
	}
	var p *process
	// Somebody else may take the port before it does.
	for range 5 {
		addr := "127.0.0.1:" + freeport.Take(t)
		config := filepath.Join(dir, "pgbouncer.ini")
		if err := os.WriteFile(config, []byte(bouncerConfig(addr, server.Addr, mode)), 0o644); err != nil {
			t.Fatal(err)
		}
		if p = run(t, program, []string{config}, "process up"); p.ready {
			t.Cleanup(func() { p.end(syscall.SIGQUIT) })
			return "postgres://postgres@" + addr + "/postgres?sslmode=disable"
		}
	}
	t.Fatalf("pgbouncer doesn't start:\n%s", p.log())
	return ""
}

func bouncerConfig(addr, server, mode string) string {
	host, port, _ := strings.Cut(addr, ":")
	serverHost, serverPort, _ := strings.Cut(server, ":")
	return fmt.Sprintf(`[databases]
* = host=%s port=%s user=postgres

[pgbouncer]
listen_addr = %s
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = %s
max_client_conn = 1000
default_pool_size = 20
`, serverHost, serverPort, host, port, mode)
}
