// Package lambdaapi simulates AWS Lambda, so that tests can run the real bootstrap of a
// function on this machine. It starts the bootstrap as a process, sends it invocations
// through the Runtime API, accepts streamed and buffered answers, and freezes the
// process between invocations as Lambda does. [Function.Handler] puts one of Lambda's
// front doors before it: a Function URL, an API Gateway or a load balancer, which
// convert HTTP requests to events.
//
// Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package lambdaapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Config describes a function.
type Config struct {
	// Bootstrap is the path of the binary.
	Bootstrap string
	// Env is the environment of the function, "NAME=value", in addition to what Lambda
	// sets. It doesn't inherit the environment of this process.
	Env []string
	// MaxInstances is the most processes at the same time. As on Lambda, another one
	// starts when all are busy. If zero, defaults to 1.
	MaxInstances int
	// Concurrency is how many invocations an instance serves at the same time; more
	// than one, as on Lambda Managed Instances. If zero, defaults to 1.
	Concurrency int
	// Timeout is how long an invocation may take before its instance is killed. If
	// zero, defaults to 15 minutes, Lambda's maximum.
	Timeout time.Duration
	// Memory is what the function has, in MB. The instances are told, and nothing
	// enforces it. If zero, defaults to 128.
	Memory int
	// Initialized, unless nil, is called with the id of a process that asks for its
	// first invocation: from then on Lambda gives it the processor time of its memory.
	Initialized func(process int)
	// Log receives the output of the instances. If nil, it is discarded.
	Log io.Writer
}

// Function is a deployed function.
type Function struct {
	config Config
	// free has one entry for each poll for the next invocation.
	free chan *Instance

	mu        sync.Mutex
	instances []*Instance
	running   int
	closed    bool
}

// New returns a function. Its first instance starts with the first invocation.
func New(config Config) *Function {
	config.MaxInstances = max(config.MaxInstances, 1)
	config.Concurrency = max(config.Concurrency, 1)
	if config.Memory == 0 {
		config.Memory = 128
	}
	if config.Timeout == 0 {
		config.Timeout = 15 * time.Minute
	}
	if config.Log == nil {
		config.Log = io.Discard
	}
	config.Log = &lockedWriter{w: config.Log}
	return &Function{
		config: config,
		// There are never more open polls than this. Those of instances that have
		// exited stay in the channel until they are received.
		free: make(chan *Instance, 1024),
	}
}

// Invoke sends an event to an instance and returns the answer as soon as it begins.
// The answer must be closed. If the function reports an error, Invoke returns a
// [*FunctionError].
func (f *Function) Invoke(ctx context.Context, event []byte) (*Response, error) {
	instance, err := f.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return instance.invoke(ctx, event)
}

// Provision starts an instance before there is an event for it, as provisioned
// concurrency does, and returns it when it has asked for its first invocation.
func (f *Function) Provision(ctx context.Context) (*Instance, error) {
	instance, err := f.acquire(ctx)
	if err == nil {
		f.free <- instance
	}
	return instance, err
}

// acquire waits for an instance that has asked for an invocation. It starts another
// one if all are busy and there may be more.
func (f *Function) acquire(ctx context.Context) (*Instance, error) {
	for {
		select {
		case instance := <-f.free:
			if instance.alive() {
				return instance, nil
			}
			continue
		default:
		}
		started, err := f.startInstance()
		if err != nil {
			return nil, err
		}
		var exited <-chan struct{}
		if started != nil {
			exited = started.exited
		}
		select {
		case instance := <-f.free:
			if instance.alive() {
				return instance, nil
			}
		case <-exited:
			return nil, fmt.Errorf("instance %d exited before its first invocation: %w", started.Number, started.exitErr)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// startInstance starts another instance, unless there are MaxInstances.
func (f *Function) startInstance() (*Instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errors.New("the function is closed")
	}
	if f.running == f.config.MaxInstances {
		return nil, nil
	}
	instance, err := startInstance(f, len(f.instances)+1)
	if err != nil {
		return nil, err
	}
	f.instances = append(f.instances, instance)
	f.running++
	return instance, nil
}

// Instances returns all instances that were started, oldest first.
func (f *Function) Instances() []*Instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*Instance(nil), f.instances...)
}

// Replace waits until the instances are idle, or ctx ends, and kills them, as Lambda does
// with those that it needs no more. The next invocation starts another one.
func (f *Function) Replace(ctx context.Context) {
	for _, instance := range f.Instances() {
		instance.AwaitFrozen(ctx)
		instance.end()
	}
}

// Close kills the instances and waits until they are gone.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	for _, instance := range f.Instances() {
		instance.end()
	}
}

// lockedWriter makes a writer safe for the output of several processes.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
