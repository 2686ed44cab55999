// The runtime in a server of net/http, beside other routes.
//
//	COPILOTKIT_MODEL=demo COPILOTKIT_AUTH=none go run ./nethttp
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func main() {
	runtime, err := bundle.New(context.Background(), os.Environ)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", newRouter(runtime)))
}

// newRouter mounts the runtime. The handler strips its base path itself, so no
// http.StripPrefix is needed.
func newRouter(runtime http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/copilotkit/", runtime)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok"))
	})
	return mux
}
