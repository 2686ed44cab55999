package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

const (
	// headerTimeout is how long a client may take to send a request's headers.
	headerTimeout = 10 * time.Second
	// idleTimeout is how long a connection is kept between requests: longer than load
	// balancers keep theirs, Google's for 10 minutes. A request that comes while its connection
	// is being closed is lost, and so may be one that comes after the instance was frozen for
	// this long.
	idleTimeout = 620 * time.Second
)

// serve answers requests of this machine until ctx ends. Then runs have time to finish,
// and those that don't are closed. Messages for the user and logs go to out.
func serve(ctx context.Context, env bundle.Env, out io.Writer) error {
	settings, err := bundle.Read(env, platforms.Local().Defaults)
	if err != nil {
		return err
	}
	fellBack := settings.ModelIsDefault && settings.CheckKey() != nil
	if fellBack {
		settings.Model = bundle.DemoModel
	}
	return listenAndServe(ctx, settings, out, site{
		host:    "127.0.0.1",
		options: []bundle.Option{bundle.WithoutAgentCore()},
		handler: func(next http.Handler, _ *core.Runtime) http.Handler {
			return onlyLocal(settings, newMux(settings, next))
		},
		started: func(_ *slog.Logger, address net.Addr) { banner(out, settings, fellBack, address) },
	})
}

// site is what a server is beside its runtime.
type site struct {
	// host is the address to listen on, "" for all.
	host string
	// options are what its runtime has beside what all of them have.
	options []bundle.Option
	// handler returns what answers requests, given what answers those of the runtime.
	handler func(next http.Handler, runtime *core.Runtime) http.Handler
	// started says that the server listens.
	started func(*slog.Logger, net.Addr)
}

// listenAndServe answers requests until ctx ends, with the runtime that settings
// describe, and then closes it.
func listenAndServe(ctx context.Context, settings *bundle.Settings, out io.Writer, site site) error {
	bundle.LimitMemory()
	logger := newLogger(out, settings)
	options := slices.Concat(slices.Collect(maps.Values(signIns())), site.options,
		[]bundle.Option{bundle.WithLogger(logger), bundle.WithMetricsServer(), withSQLite(), withDynamoDB(logger)})
	runtime, err := bundle.NewFromSettings(ctx, settings, options...)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, site.host, settings.Port)
	if err != nil {
		return errors.Join(err, runtime.Close())
	}
	health := bundle.NewHealth(runtime.Ready, logger)
	server := &http.Server{
		Handler:           bundle.LimitUnreadBodies(health.Around(site.handler(endWatchers(ctx, runtime), runtime))),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	site.started(logger, listener.Addr())
	server.RegisterOnShutdown(sync.OnceFunc(func() {
		logger.Info("waiting for runs to finish; another signal ends them at once", "at most", settings.Shutdown.String())
	}))
	return bundle.Serve(drained(ctx, health, settings.Drain), server, listener, runtime, settings.Shutdown)
}

// newLogger returns a logger whose lines people read while they develop, and programs in
// production.
func newLogger(out io.Writer, settings *bundle.Settings) *slog.Logger {
	if settings.Development {
		return slog.New(telemetry.LogHandler(slog.NewTextHandler(out, &slog.HandlerOptions{Level: settings.LogLevel}), nil))
	}
	return slog.New(bundle.JSONLogs(out, settings.LogLevel))
}

// drained returns a context that ends a while after ctx, in which the server still takes
// requests, but no longer says that it is ready for more.
func drained(ctx context.Context, health *bundle.Health, delay time.Duration) context.Context {
	later, end := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		health.Drain()
		time.AfterFunc(delay, end)
	})
	return later
}

func listen(ctx context.Context, host string, port int) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is taken: set PORT to another", port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}

// endWatchers ends the streams of debug events when the shutdown begins, since they
// never end by themselves and no run depends on them.
func endWatchers(shutdown context.Context, runtime http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(strings.TrimRight(r.URL.Path, "/"), "/cpk-debug-events") {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(shutdown, cancel)()
			r = r.WithContext(ctx)
		}
		runtime.ServeHTTP(w, r)
	})
}

// banner writes where the server listens, which model answers, and how to choose
// another.
func banner(out io.Writer, settings *bundle.Settings, fellBack bool, address net.Addr) {
	base := strings.TrimSuffix(settings.BasePath, "/")
	fmt.Fprintf(out, "\n  CopilotKit runtime\n\n")
	if settings.Static != "" {
		fmt.Fprintf(out, "  Front end    http://%s/ from %s\n", address, settings.Static)
	}
	if where := playgroundPath(settings); where != "" {
		fmt.Fprintf(out, "  Playground   http://%s%s\n", address, where)
	}
	fmt.Fprintf(out, "  runtimeUrl   http://%s%s\n", address, base)
	fmt.Fprintf(out, "  Model        %s\n", modelLine(settings, fellBack))
	fmt.Fprintf(out, "  Threads      %s\n\n", threadsLine(settings))
}

func modelLine(settings *bundle.Settings, fellBack bool) string {
	if upstream, ok := settings.Agents["default"]; ok {
		return "none: the agent at " + upstream.URL.String() + " answers."
	}
	switch {
	case fellBack:
		return "demo, embedded in this program, because OPENAI_API_KEY is not set.\n" +
			"               OPENAI_API_KEY=… brings openai/gpt-4o, COPILOTKIT_MODEL=provider/model another."
	case settings.Model == bundle.DemoModel:
		return "demo, embedded in this program. Unset COPILOTKIT_MODEL for a real one."
	}
	return settings.Model
}

func threadsLine(settings *bundle.Settings) string {
	if s := settings.Intelligence; s.Key != "" {
		line := "kept by CopilotKit's Intelligence platform"
		if s.APIURL != "" {
			line = "kept by the Intelligence platform at " + s.APIURL
		}
		if s.User != "" {
			line += ", all of them the user " + s.User + "'s"
		}
		return line + "."
	}
	if settings.Store.Scheme() == "" {
		return "in memory, until this program ends. COPILOTKIT_STORE=sqlite:///path/file.db keeps them."
	}
	return settings.Store.String()
}
