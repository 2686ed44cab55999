// Package vercel is the runtime on Vercel.
//
// vercel/server is the program that vercel.json deploys: a server on PORT, which
// the builder ships in its standalone mode. That streams.
//
// [Handler] is for a project that has Go functions of its own under api/. Vercel
// passes their answers on only when they are whole, so nothing streams there:
// the answer comes through, but all at once.
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
)

// runtime is built by the first request and kept by the instance. A function of
// Vercel's is a plain function, so that there is nowhere else to keep it.
var runtime = bundle.NewLazy(os.Environ)

// Handler answers a request of a function under api/, in one piece.
func Handler(w http.ResponseWriter, r *http.Request) { runtime.ServeHTTP(w, r) }
