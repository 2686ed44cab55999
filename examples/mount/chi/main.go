// The runtime in a chi router, beside other routes.
//
//	COPILOTKIT_MODEL=demo COPILOTKIT_AUTH=none go run ./chi
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func main() {
	runtime, err := bundle.New(context.Background(), os.Environ)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", newRouter(runtime)))
}

// newRouter mounts the runtime. Use Handle rather than Mount: the handler strips
// its base path itself.
func newRouter(runtime http.Handler) http.Handler {
	router := chi.NewRouter()
	router.Use(middleware.RequestID, middleware.Recoverer)
	router.Handle("/api/copilotkit/*", runtime)
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok"))
	})
	return router
}
