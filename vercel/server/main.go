// Command server is the runtime as Vercel deploys it: a server on 127.0.0.1 and
// PORT, behind the proxy that Vercel's Go builder puts before it. On SIGTERM it
// ends the runs under way in good order; a second signal ends it at once.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
)

const (
	// maxDuration is when Vercel ends a request. vercel.json asks for it; where it
	// is changed there, it has to be changed here.
	maxDuration = 300 * time.Second
	// shutdownGrace is how long runs may go on after SIGTERM: not at all, since how
	// long the instance lives on isn't known, and ending runs takes some of it.
	shutdownGrace = 0
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the second one has its usual effect.
	context.AfterFunc(ctx, stop)

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
	runtime := bundle.NewLazy(env)
	server := &http.Server{
		Handler: settled(withDeadline(runtime, maxDuration)),
		// The proxy is this server's only client; a slow one waits there.
		ReadHeaderTimeout: 10 * time.Second,
	}
	return bundle.Serve(ctx, server, listener, runtime, shutdownGrace)
}

// withDeadline sets when a request will be cut off, so that the runtime can close
// a run in good order before that.
func withDeadline(handler http.Handler, after time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), after)
		defer cancel()
		handler.ServeHTTP(w, r.WithContext(ctx))
	})
}
