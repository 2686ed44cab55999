// Package vercel is the runtime on Vercel.
//
// vercel/server is the program that vercel.json deploys: a server on PORT, in the
// builder's standalone mode. Its answers stream.
//
// [Handler] is for a project that has Go functions under api/. Vercel buffers their
// answers, so they arrive in one piece.
//
//	package handler
//
//	import (
//		"net/http"
//
//		"github.com/copilotkit-go/runtime/vercel"
//	)
//
//	func Handler(w http.ResponseWriter, r *http.Request) { vercel.Handler(w, r) }
package vercel

import (
	"net/http"
	"os"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// runtime is built by the first request and kept by the instance. It is a package
// variable because a Vercel function is a plain function.
var runtime = bundle.NewLazy(os.Environ, Options()...)

// Options returns what the platform makes different: Vercel's front end sets X-Forwarded-For
// to the client's address, takes requests of 4.5 MB, and serves static files itself.
func Options() []bundle.Option {
	platform := platforms.Vercel()
	return []bundle.Option{bundle.WithDefaults(platform.Defaults), bundle.WithoutFrontEnd(platform.FrontEnd), bundle.WithoutAgentCore()}
}

// Handler answers a request as a function under api/.
func Handler(w http.ResponseWriter, r *http.Request) { WithRequestID(runtime).ServeHTTP(w, r) }

// WithRequestID returns a handler whose requests have the id that Vercel's own lines of
// them have.
func WithRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(telemetry.WithRequestID(r.Context(), r.Header.Get("X-Vercel-Id"))))
	})
}
