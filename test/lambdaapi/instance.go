package lambdaapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Instance is one process of a function, with the Runtime API that it talks to.
type Instance struct {
	// Number is the number of the instance in its function, counted from 1.
	Number int
	// Started is when the process was started.
	Started time.Time

	function *Function
	server   *http.Server
	process  *exec.Cmd
	queue    chan *invocation
	// exited is closed when the process has exited; exitErr may be read then.
	exited  chan struct{}
	exitErr error

	mu sync.Mutex
	// initialized is how long the process took to ask for its first invocation.
	initialized time.Duration
	pending     map[string]*invocation
	last        int
	polls       int
	calls       []string
}

// invocation is one event on its way through an instance.
type invocation struct {
	id string
	// number is that of id.
	number   int
	event    []byte
	deadline time.Time
	answer   chan answer
}

type answer struct {
	response *Response
	err      error
}

// startInstance starts a process with its own Runtime API.
func startInstance(f *Function, number int) (*Instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the Runtime API: %w", err)
	}
	i := &Instance{
		Number:   number,
		Started:  time.Now(),
		function: f,
		queue:    make(chan *invocation, f.config.Concurrency),
		exited:   make(chan struct{}),
		pending:  make(map[string]*invocation),
	}
	i.server = &http.Server{Handler: i.runtimeAPI()}
	i.process = exec.Command(f.config.Bootstrap)
	i.process.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_NAME=copilotkit",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(f.config.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_REGION=eu-central-1",
		"_HANDLER=bootstrap",
		"TZ=:UTC",
	}, f.config.Env...)
	if f.config.Concurrency > 1 {
		i.process.Env = append(i.process.Env, "AWS_LAMBDA_MAX_CONCURRENCY="+strconv.Itoa(f.config.Concurrency))
	}
	i.process.Stdout, i.process.Stderr = f.config.Log, f.config.Log
	if err := i.process.Start(); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("start the bootstrap: %w", err)
	}
	// The first call of the process waits in the listener until now.
	go func() { _ = i.server.Serve(listener) }()
	go i.await()
	return i, nil
}

// await waits for the end of the process, and fails the invocations without answers.
func (i *Instance) await() {
	err := i.process.Wait()
	i.function.mu.Lock()
	i.function.running-- // before anybody hears of the end, and asks for another one
	i.function.mu.Unlock()

	i.mu.Lock()
	i.exitErr = fmt.Errorf("the process has ended: %w", errors.Join(err, errors.New(i.process.ProcessState.String())))
	close(i.exited)
	for id, inv := range i.pending {
		delete(i.pending, id)
		select {
		case inv.answer <- answer{err: i.exitErr}:
		default: // it has an answer, which breaks off
		}
	}
	i.mu.Unlock()
	select {
	case i.function.free <- i: // wakes who waits for an instance, to start another one
	default:
	}
}

// alive reports whether the process still runs.
func (i *Instance) alive() bool {
	select {
	case <-i.exited:
		return false
	default:
		return true
	}
}

// invoke sends the instance an invocation. It must have asked for one.
func (i *Instance) invoke(ctx context.Context, event []byte) (*Response, error) {
	inv := &invocation{
		event:    event,
		deadline: time.Now().Add(i.function.config.Timeout),
		answer:   make(chan answer, 1),
	}
	i.mu.Lock()
	if !i.alive() {
		i.mu.Unlock()
		return nil, i.exitErr
	}
	i.last++
	inv.id, inv.number = fmt.Sprintf("%d-%d", i.Number, i.last), i.last
	i.pending[inv.id] = inv
	i.polls--
	i.mu.Unlock()

	i.signal(syscall.SIGCONT)
	i.queue <- inv
	// The timer keeps running after the answer has begun, and after its end: at its
	// deadline Lambda kills a function that is still streaming, or hasn't asked for the
	// next event.
	timer := time.AfterFunc(i.function.config.Timeout, func() {
		if i.unfinished(inv) {
			i.record("timeout " + inv.id)
			i.kill()
		}
	})
	select {
	case answer := <-inv.answer:
		if answer.err != nil {
			timer.Stop()
			return nil, answer.err
		}
		return answer.response, nil
	case <-ctx.Done():
		// The function isn't notified: whatever it answers is discarded.
		go func() {
			if answer := <-inv.answer; answer.response != nil {
				_ = answer.response.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// unfinished reports whether an invocation has no whole answer yet, or its instance works
// on. Of several at the same time it can't be said which one that is for.
func (i *Instance) unfinished(inv *invocation) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, pending := i.pending[inv.id]
	return pending || i.function.config.Concurrency == 1 && i.polls == 0 && i.last == inv.number && i.alive()
}

// freeze stops the process if it has no invocation. mu must be held.
func (i *Instance) freeze() {
	if i.polls == i.function.config.Concurrency && len(i.pending) == 0 {
		i.signal(syscall.SIGSTOP)
	}
}

// end kills the process, and returns when it is gone.
func (i *Instance) end() {
	i.kill()
	<-i.exited
	_ = i.server.Close()
}

func (i *Instance) kill() { i.signal(syscall.SIGKILL) }

func (i *Instance) signal(s syscall.Signal) { _ = i.process.Process.Signal(s) }

// Init returns how long the process took to ask for its first invocation; zero before.
func (i *Instance) Init() time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.initialized
}

// Calls returns what the instance has done so far, in order: "next", "response
// begins 1-1", "response ends 1-1", "error 1-1", "timeout 1-1".
func (i *Instance) Calls() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.calls)
}

func (i *Instance) record(call string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls = append(i.calls, call)
}

// AwaitFrozen waits until the instance has asked for its next invocation and is
// stopped, or ctx ends.
func (i *Instance) AwaitFrozen(ctx context.Context) {
	for i.State() != "T" && ctx.Err() == nil && i.alive() {
		select {
		case <-ctx.Done():
		case <-time.After(time.Millisecond):
		}
	}
}

// State returns Linux's letter for the state of the process, such as T if it is
// stopped.
func (i *Instance) State() string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", i.process.Process.Pid))
	if err != nil {
		return ""
	}
	// The name before it is in parentheses and may contain spaces.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) == 0 {
		return ""
	}
	return fields[0]
}

// PeakMemory returns the peak memory of the process, in bytes, once it has exited.
func (i *Instance) PeakMemory() int64 {
	<-i.exited
	usage, ok := i.process.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return int64(usage.Maxrss) * 1024
}
