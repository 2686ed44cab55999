// Package bundle is where a deployment is put together: environment in, runtime
// out.
//
//	handler, err := bundle.Handler(ctx, os.Environ)
//	if err != nil {
//		log.Fatal(err) // names the variable that is wrong
//	}
//	http.Handle("/api/copilotkit/", handler)
//
// custom.go is the place for agents and tools of your own. A program that
// imports this package instead of changing it passes options: [WithAgent],
// [WithTool] and the others. The README lists the variables.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/copilotkit-go/runtime/core"
)

// Handler builds the runtime that the environment describes. It opens no
// connection: stores, models and remote agents are first reached by the request
// that needs them. A variable that is missing, malformed or unknown is an
// [*EnvError] that names it.
func Handler(ctx context.Context, env Env, options ...Option) (*core.Handler, error) {
	settings, err := Read(env, nil)
	if err != nil {
		return nil, fmt.Errorf("read the environment: %w", err)
	}
	return New(ctx, settings, options...)
}

// Lazy builds the runtime at the first request and keeps it. A build that fails
// answers 500, logs the cause, and is tried again by the next request, with the
// environment as it is then.
func Lazy(env Env, options ...Option) *core.Lazy {
	build := func(ctx context.Context) (http.Handler, error) {
		return Handler(ctx, env, options...)
	}
	logger := collect(options).logger
	if logger == nil {
		logger = newLogger(slog.LevelInfo) // the environment may be what is wrong
	}
	return core.NewLazy(build, logger)
}

// New builds the runtime from settings that have been read.
func New(ctx context.Context, settings *Settings, options ...Option) (*core.Handler, error) {
	own, err := custom(settings)
	if err != nil {
		return nil, fmt.Errorf("add agents and tools: %w", err)
	}
	parts := collect(append(own, options...))
	if parts.logger == nil {
		parts.logger = newLogger(settings.LogLevel)
	}
	agents, err := buildAgents(settings, parts)
	if err != nil {
		return nil, err
	}
	transcriber, err := buildTranscriber(settings, parts)
	if err != nil {
		return nil, err
	}
	threads, err := openStore(ctx, settings, parts)
	if err != nil {
		return nil, err
	}
	runtime := &core.Runtime{
		Agents:      agents,
		Store:       threads,
		Transcriber: transcriber,
		NameThreads: settings.NameThreads,
		Development: settings.Development,
		Logger:      parts.logger,
	}
	runtime.Runner.CancelOnDisconnect = settings.CancelOnDisconnect
	runtime.Runner.FailOnStoreFailure = settings.FailOnStoreFailure
	runtime.Runner.SupersedeRuns = settings.SupersedeRuns
	handlerOptions := core.Options{
		BasePath:     settings.BasePath,
		MaxBodyBytes: settings.MaxBodyBytes,
	}
	if settings.SingleRoute {
		handlerOptions.Mode = core.SingleRoute
	}
	if len(settings.CORSOrigins) > 0 {
		handlerOptions.CORS = &core.CORS{Origins: settings.CORSOrigins}
	}
	for _, change := range parts.changes {
		change(runtime, &handlerOptions)
	}
	handler, err := core.NewHandler(runtime, handlerOptions)
	if err != nil {
		return nil, errors.Join(err, threads.Close())
	}
	return handler, nil
}

// newLogger is where logs go by default.
func newLogger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}
