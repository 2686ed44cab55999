// Package lambdaapi plays AWS Lambda's part, so that tests can drive a
// function's real bootstrap on this machine. It starts the bootstrap as a
// process, hands it invocations through the Runtime API, takes streamed and
// buffered answers, and freezes the process between invocations as Lambda does.
// [Function.Handler] puts one of Lambda's front doors before it: a Function URL,
// an API Gateway or a load balancer, which turn HTTP requests into events.
//
// The protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
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
	// Env is the environment of the function, "NAME=value", besides what Lambda
	// sets itself. Nothing of this process's own environment is passed on.
	Env []string
	// MaxInstances is how many processes serve at the same time at most; 0 means
	// one. As on Lambda, another one starts when all are busy.
	MaxInstances int
	// Concurrency is how many invocations one instance serves at the same time;
	// 0 means one. More is what Lambda Managed Instances do.
	Concurrency int
	// Timeout is how long an invocation may take before its instance is killed;
	// 0 means 15 minutes, Lambda's most.
	Timeout time.Duration
	// Log gets what the instances print; nil means nowhere.
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
	if config.Timeout == 0 {
		config.Timeout = 15 * time.Minute
	}
	if config.Log == nil {
		config.Log = io.Discard
	}
	config.Log = &lockedWriter{w: config.Log}
	return &Function{
		config: config,
		// More polls than this are never open at a time; those of instances that
		// have exited stay in it until they are taken out.
		free: make(chan *Instance, 1024),
	}
}

// Invoke hands an event to an instance and returns the answer as soon as it
// begins. The answer's body must be closed. A function that reports an error
// fails with a [*FunctionError].
func (f *Function) Invoke(ctx context.Context, event []byte) (*Response, error) {
	instance, err := f.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return instance.invoke(ctx, event)
}

// acquire waits for an instance that has asked for an invocation, and starts
// one when all are busy and there may be more.
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

// startInstance starts one more instance, unless there are enough.
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

// Instances returns the instances that were ever started, oldest first.
func (f *Function) Instances() []*Instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*Instance(nil), f.instances...)
}

// Close kills the instances and waits until they are gone.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	for _, instance := range f.Instances() {
		instance.kill()
		<-instance.exited
		_ = instance.server.Close()
	}
}

// lockedWriter lets several processes print to one writer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
