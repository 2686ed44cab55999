package postgrestest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a server's.
type process struct {
	command *exec.Cmd
	ready   bool
	output  sync.WaitGroup

	mu    sync.Mutex
	lines []string
}

// run starts a program, and waits until its output says that it is ready, or that it has
// ended.
func run(t testing.TB, program string, args []string, ready string) *process {
	t.Helper()
	p := &process{command: exec.Command(program, args...)}
	drop(p.command)
	output, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.command.Stdout = p.command.Stderr
	if err := p.command.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	said := make(chan bool, 1)
	p.output.Go(func() { p.read(output, ready, said) })
	select {
	case p.ready = <-said:
	case <-time.After(30 * time.Second):
	}
	if !p.ready {
		p.end(syscall.SIGKILL)
	}
	return p
}

// read reads all output. It sends true when there is a line that has ready in it, and
// false if it ends before.
func (p *process) read(output io.Reader, ready string, said chan<- bool) {
	sent := false
	scanner := bufio.NewScanner(output)
	for scanner.Scan() {
		p.mu.Lock()
		if p.lines = append(p.lines, scanner.Text()); len(p.lines) > 40 {
			p.lines = p.lines[1:]
		}
		p.mu.Unlock()
		if !sent && strings.Contains(scanner.Text(), ready) {
			sent = true
			said <- true
		}
	}
	if !sent {
		said <- false
	}
}

// end ends the process and waits for it.
func (p *process) end(signal os.Signal) {
	_ = p.command.Process.Signal(signal)
	p.output.Wait()
	_ = p.command.Wait()
}

// log returns the last lines of the output.
func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// servant returns the user that servers run as, nil for this one: they refuse to be run
// by root.
func servant() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
}

// drop has a command run as that user.
func drop(command *exec.Cmd) {
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Credential: servant()}
}
