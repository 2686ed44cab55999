package main

import (
	"net/http"
	"time"
)

// settleTime is how long an answer waits after its request's body was read.
//
// The builder's proxy is Go's httputil.ReverseProxy. When the answer's first
// bytes come while it has not quite finished with the request's body, it now and
// then closes its connection in the middle of the answer: on a machine whose
// processors were busy, 14 of 480 streams broke off without the wait, and none
// of 960 with 3 or 10 ms. docs/vercel.md has what was seen on the wire.
const settleTime = 5 * time.Millisecond

// settled lets the proxy finish with the body of a request before it gets the
// head of the answer.
func settled(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w = &settlingWriter{ResponseWriter: w}
		}
		handler.ServeHTTP(w, r)
	})
}

type settlingWriter struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader sends the head, the first one after the wait.
func (w *settlingWriter) WriteHeader(status int) {
	if !w.begun {
		w.begun = true
		time.Sleep(settleTime)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the writer that can flush.
func (w *settlingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
