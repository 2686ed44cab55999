// Command server is the runtime as Vercel deploys it: a server on 127.0.0.1 and
// PORT, behind the proxy that Vercel's Go builder puts before it.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// maxDuration is when Vercel ends a request. vercel.json asks for it; where it
// is changed there, it has to be changed here.
const maxDuration = 300 * time.Second

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	server := &http.Server{
		Addr:    "127.0.0.1:" + port,
		Handler: withDeadline(bundle.NewLazy(os.Environ), maxDuration),
		// The proxy is this server's only client; a slow one waits there.
		ReadHeaderTimeout: 10 * time.Second,
	}
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatalf("serve on %s: %v", server.Addr, err)
	}
}

// withDeadline tells the runtime when a request will be cut off, so that it can
// close a run in good order before that.
func withDeadline(handler http.Handler, after time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), after)
		defer cancel()
		handler.ServeHTTP(w, r.WithContext(ctx))
	})
}
