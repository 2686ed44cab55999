// Package redistest starts real Redis servers for tests. Each is a process on a
// free port of 127.0.0.1, and ends with its test.
package redistest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
)

// Server is a redis-server process.
type Server struct {
	// Addr is host:port. It stays the same when the server is started again.
	Addr string

	t       testing.TB
	folder  string
	tls     bool
	args    []string
	command *exec.Cmd
	output  sync.WaitGroup
	log     lines
}

// Start runs redis-server with further options of its command line, such as
// "--appendonly", "yes". The test fails if it isn't installed.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, false, args)
}

func start(t testing.TB, tls bool, args []string) *Server {
	t.Helper()
	s := &Server{t: t, folder: t.TempDir(), tls: tls, args: args}
	t.Cleanup(s.Kill)
	// Somebody else may take the port before the server does.
	for range 5 {
		s.Addr = "127.0.0.1:" + freeport.Take(t)
		if s.start() {
			return s
		}
	}
	t.Fatalf("redis-server doesn't start:\n%s", s.log.String())
	return nil
}

// URL returns what to open a store with; append the query to it.
func (s *Server) URL() string { return "redis://" + s.Addr + "/0" }

// Kill ends the server with SIGKILL, as a crash does. Starting it again with
// [Server.Restart] brings back what it had on disk.
func (s *Server) Kill() {
	if s.command == nil {
		return
	}
	_ = s.command.Process.Kill()
	s.output.Wait()
	_ = s.command.Wait()
	s.command = nil
}

// Restart runs a killed server again, with its folder and on its port.
func (s *Server) Restart() {
	s.t.Helper()
	if !s.start() {
		s.t.Fatalf("redis-server doesn't start again:\n%s", s.log.String())
	}
}

// Hang stops the server's process, as a machine without a sign of life does, until
// resume is called: connections stay, and nothing is answered.
func (s *Server) Hang() (resume func()) {
	s.t.Helper()
	if err := s.command.Process.Signal(syscall.SIGSTOP); err != nil {
		s.t.Fatalf("stop redis-server: %v", err)
	}
	process := s.command.Process
	return func() { _ = process.Signal(syscall.SIGCONT) }
}

// start reports whether the server is ready for commands.
func (s *Server) start() bool {
	s.t.Helper()
	_ = os.Getenv("TEST_SERVERS") // so that Go tests again when they have changed
	program, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Fatal("redis-server isn't installed: run scripts/install-test-tools.sh, or install Debian's package redis-server")
	}
	host, port, _ := net.SplitHostPort(s.Addr)
	ports := []string{"--port", port}
	if s.tls {
		ports = []string{"--port", "0", "--tls-port", port}
	}
	args := []string{
		"--bind", host, "--dir", s.folder, "--save", "", "--daemonize", "no",
	}
	s.command = exec.Command(program, slices.Concat(args, ports, s.args)...)
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.command.Stderr = s.command.Stdout
	if err := s.command.Start(); err != nil {
		s.t.Fatalf("start redis-server: %v", err)
	}
	ready := make(chan bool, 1)
	s.output.Go(func() {
		s.read(stdout, ready)
	})
	select {
	case ok := <-ready:
		if !ok {
			s.Kill()
		}
		return ok
	case <-time.After(30 * time.Second):
		s.Kill()
		return false
	}
}

// read reads all output. It sends true when the server accepts connections, and
// false if it ends before.
func (s *Server) read(output io.Reader, ready chan<- bool) {
	sent := false
	scanner := bufio.NewScanner(output)
	for scanner.Scan() {
		s.log.add(scanner.Text())
		if !sent && strings.Contains(scanner.Text(), "Ready to accept connections") {
			sent = true
			ready <- true
		}
	}
	if !sent {
		ready <- false
	}
}

// lines keeps the last lines of a log.
type lines struct {
	mu   sync.Mutex
	last []string
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last = append(l.last, line); len(l.last) > 40 {
		l.last = l.last[1:]
	}
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprint(strings.Join(l.last, "\n"))
}
