// Command server is the runtime as Vercel deploys it: a server on 127.0.0.1 and
// PORT, behind the proxy that Vercel's Go builder puts before it.
package main

import (
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	server := &http.Server{
		Addr:    "127.0.0.1:" + port,
		Handler: bundle.Lazy(os.Environ),
		// The proxy is this server's only client; a slow one waits there.
		ReadHeaderTimeout: 10 * time.Second,
	}
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatalf("serve on %s: %v", server.Addr, err)
	}
}
