// Command server is the runtime as Vercel deploys it: a server on 127.0.0.1 and PORT,
// behind the proxy of Vercel's Go builder. On SIGTERM it closes the runs under way with
// RUN_ERROR and exits; a second signal ends it at once.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/vercel"
)

const (
	// maxDuration is how long a request may take on Vercel. It must be the same as in
	// vercel.json.
	maxDuration = 300 * time.Second
	// shutdownGrace is how long runs may go on after SIGTERM. It is zero because it
	// isn't known how long the instance lives, and closing runs takes time too.
	shutdownGrace = 0
)

func main() {
	ctx, stop := bundle.UntilSignal()
	defer stop()

	bundle.LimitMemory()
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if err := serve(ctx, os.Environ, "127.0.0.1:"+port); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// serve answers requests at an address until ctx ends.
func serve(ctx context.Context, env bundle.Env, address string) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	runtime := bundle.NewLazy(env, vercel.Options()...)
	health := bundle.NewHealth(runtime.Ready, slog.New(bundle.JSONLogs(os.Stderr, slog.LevelInfo)))
	defer context.AfterFunc(ctx, health.Drain)()
	// Vercel also starts instances before there is a request for them. Requests that come
	// at once wait for no more than they need.
	var preparing sync.WaitGroup
	preparing.Go(func() { runtime.Prepare(ctx) })
	defer preparing.Wait()
	server := &http.Server{
		Handler: bundle.LimitUnreadBodies(health.Around(settled(bundle.WithDeadline(vercel.WithRequestID(runtime), maxDuration)))),
		// The proxy is the only client of this server; slow clients wait there.
		ReadHeaderTimeout: 10 * time.Second,
	}
	return bundle.Serve(ctx, server, listener, runtime, shutdownGrace)
}
