package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// target is a program that serves the runtime's routes and prints their address on
// standard error, as "runtimeUrl http://…".
type target struct {
	name    string
	command []string
	// env is added to the environment.
	env []string
}

// process is a running target.
type process struct {
	command *exec.Cmd
	url     string
	// start is the time from the start of the process to its first answer.
	start time.Duration
}

// build makes a binary as `make build` does.
func build(ctx context.Context, binary, pkg string, flags ...string) error {
	arguments := append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", binary}, flags...)
	command := exec.CommandContext(ctx, "go", append(arguments, pkg)...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

var announced = regexp.MustCompile(`runtimeUrl\s+(\S+)`)

// launch starts the target and waits for its first answer.
func (t target) launch(ctx context.Context, model *model) (*process, error) {
	command := exec.CommandContext(ctx, t.command[0], t.command[1:]...)
	command.Env = append(modelEnv(model), "PORT=0", "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"),
		"NODE_ENV=production", "COPILOTKIT_TELEMETRY_DISABLED=true")
	command.Env = append(command.Env, t.env...)
	stderr, err := command.StderrPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := command.Start(); err != nil {
		return nil, err
	}
	running := &process{command: command}
	lines := bufio.NewScanner(stderr)
	for running.url == "" && lines.Scan() {
		if match := announced.FindStringSubmatch(lines.Text()); match != nil {
			running.url = match[1]
		}
	}
	if running.url == "" {
		return nil, fmt.Errorf("ended without naming its address: %w", command.Wait())
	}
	go func() {
		for lines.Scan() {
		}
	}()
	response, err := http.Get(running.url + "/info")
	if err != nil {
		return nil, fmt.Errorf("first request: %w", err)
	}
	_ = response.Body.Close()
	running.start = time.Since(began)
	return running, nil
}

// modelEnv is the environment of a program that answers with the model.
func modelEnv(model *model) []string {
	return []string{
		"OPENAI_API_KEY=none", "OPENAI_BASE_URL=" + model.url, "COPILOTKIT_ENV=production", "COPILOTKIT_AUTH=none",
	}
}

// end terminates the process and waits for it.
func (p *process) end() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(5*time.Second, func() { _ = p.command.Process.Kill() })
	_ = p.command.Wait()
	timer.Stop()
}

// cpu returns the processor time that the process has used so far.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The second field, the name, is in parentheses and may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system, ticksPerSecond = 11, 12, 100
	var ticks int64
	for _, field := range []int{user, system} {
		n, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// peak returns the most memory that the process has had so far, in bytes.
func (p *process) peak() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kilobytes * 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in the status of process %d", p.command.Process.Pid)
}
