package main

import (
	"net/http"
	"time"
)

// settleTime is how long an answer is held back after the body of its request was read.
//
// The builder's proxy is Go's httputil.ReverseProxy. If an answer begins before the
// proxy has finished with the request's body, it sometimes closes its connection in
// the middle of the answer: on a busy machine, 14 of 480 streams broke off without the
// wait, and none of 960 with 3 or 10 ms. See docs/vercel.md.
const settleTime = 5 * time.Millisecond

// settled gives the proxy time to finish with the body of a request before it gets the
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

// WriteHeader sends the head; the first call waits.
func (w *settlingWriter) WriteHeader(status int) {
	if !w.begun {
		w.begun = true
		time.Sleep(settleTime)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the writer inside, for [http.ResponseController].
func (w *settlingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
