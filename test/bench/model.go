package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// model is an OpenAI-compatible endpoint that always sends the same bytes, so that it
// uses little processor time.
type model struct {
	url    string
	pace   atomic.Int64 // nanoseconds between two deltas, 0 for none
	server *http.Server
}

// startModel starts the model, behind HTTPS if secure isn't nil.
func startModel(secure *tls.Config) (*model, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &model{url: fmt.Sprintf("http://%s/v1", listener.Addr())}
	m.server = &http.Server{Handler: m, TLSConfig: secure}
	serve := m.server.Serve
	if secure != nil {
		m.url = "https" + strings.TrimPrefix(m.url, "http")
		serve = func(l net.Listener) error { return m.server.ServeTLS(l, "", "") }
	}
	go func() { _ = serve(listener) }()
	return m, nil
}

func (m *model) close() { _ = m.server.Close() }

const chunk = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{%s},"finish_reason":%s}]}` + "\n\n"

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := w.(http.Flusher)
	send := func(delta, finish string) {
		_, _ = fmt.Fprintf(w, chunk, delta, finish)
	}
	send(`"role":"assistant","content":""`, "null")
	pace := time.Duration(m.pace.Load())
	var tick <-chan time.Time
	if pace > 0 {
		ticker := time.NewTicker(pace)
		defer ticker.Stop()
		tick = ticker.C
	}
	for i := range deltas {
		// Each delta is a separate write, as from a real model.
		send(fmt.Sprintf(`"content":"word%d "`, i), "null")
		flusher.Flush()
		if tick == nil {
			continue
		}
		select {
		case <-tick:
		case <-r.Context().Done():
			return
		}
	}
	send("", `"stop"`)
	_, _ = w.Write([]byte("data: [DONE]\n\n"))
}
