package platformtest

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Log collects the output of an artefact.
type Log struct {
	mu      sync.Mutex
	printed bytes.Buffer
	changed chan struct{}
}

// Write records output.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return l.printed.Write(p)
}

// String returns the output so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.printed.String()
}

// Await waits until the output contains a text. The pipe from the process may lag
// behind the process's answers.
func (l *Log) Await(t testing.TB, part string) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		l.mu.Lock()
		if strings.Contains(l.printed.String(), part) {
			l.mu.Unlock()
			return
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-deadline.C:
			t.Fatalf("%q was never logged: %s", part, l)
		}
	}
}

// StartServer runs a program that serves HTTP on 127.0.0.1 and the port, until the test
// ends, together with the programs that it starts. Its environment is env, PATH, HOME
// and PORT.
func StartServer(t testing.TB, dir, program string, port string, env []string) *Deployment {
	t.Helper()
	command := exec.Command(program)
	command.Dir = dir
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PORT=" + port}, env...)
	return StartCommand(t, command, port)
}

// StartCommand is StartServer for a command with an environment and attributes of its
// own.
func StartCommand(t testing.TB, command *exec.Cmd, port string) *Deployment {
	t.Helper()
	d := &Deployment{URL: "http://127.0.0.1:" + port, Log: &Log{}}
	command.Stdout, command.Stderr = d.Log, d.Log
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	if err := command.Start(); err != nil {
		t.Fatalf("start %s: %v", command.Path, err)
	}
	exited, cancel := context.WithCancelCause(context.Background())
	go func() { cancel(command.Wait()) }()
	d.OnStop = sync.OnceFunc(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		<-exited.Done()
		http.DefaultClient.CloseIdleConnections()
	})
	signal := func(signal syscall.Signal) func() {
		return func() { _ = syscall.Kill(-command.Process.Pid, signal) }
	}
	d.Terminate, d.Freeze, d.Thaw = signal(syscall.SIGTERM), signal(syscall.SIGSTOP), signal(syscall.SIGCONT)
	d.Await = func() error {
		<-exited.Done()
		if cause := context.Cause(exited); cause != context.Canceled {
			return cause
		}
		return nil
	}
	t.Cleanup(d.OnStop)
	awaitServer(t, exited, d)
	return d
}

// awaitServer waits until a server answers at the address.
func awaitServer(t testing.TB, exited context.Context, d *Deployment) {
	t.Helper()
	for {
		connection, err := net.Dial("tcp", strings.TrimPrefix(d.URL, "http://"))
		if err == nil {
			_ = connection.Close()
			return
		}
		select {
		case <-exited.Done():
			t.Fatalf("the program ended at once: %v\n%s", context.Cause(exited), d.Log)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
