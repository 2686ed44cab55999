// Package modeltest holds the promises that every dialect of package model has to
// keep. A dialect's test describes its provider once, by writing neutral answers in
// the provider's protocol, and calls [Run].
package modeltest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
)

// Dialect is a dialect to be tested, and how to play its provider.
type Dialect struct {
	// New returns a model whose provider is at url, the address of a server
	// without a path, and is called with key.
	New func(t *testing.T, url, key string) model.Model
	// Serve answers a request as the provider does. It flushes what it has
	// written, and returns where the answer's end is the suite's to play.
	Serve func(w http.ResponseWriter, r *http.Request, answer Answer)

	// WithoutReasoning says that the provider shows no reasoning.
	WithoutReasoning bool
	// ToolCallData, ReasoningData and TextData are examples of what the provider
	// wants back. The zero value means that it wants nothing of that kind.
	ToolCallData, ReasoningData, TextData Data
}

// Data is an example of a provider's data.
type Data struct {
	// Value is the data as the model yields it.
	Value string
	// Sent is a part of the body of the request that takes it back.
	Sent string
}

// Answer is what the provider says.
type Answer struct {
	// Status is an HTTP error with Message as the provider's words. 0 means a
	// stream.
	Status int
	// Message is the text of an error, of the answer or, with EndError, inside
	// of it.
	Message string
	// Deltas are what is streamed. The last one is of model.KindFinish where the
	// answer is complete.
	Deltas []model.Delta
	End    End
}

// End is how a streamed answer ends.
type End int

// The ends of an answer.
const (
	// EndComplete is the end in good order, after a delta of model.KindFinish.
	EndComplete End = iota
	// EndError is an error inside of the stream.
	EndError
	// EndByServer is an end that isn't the provider's to write: the connection
	// breaks, stays open, or brings a line without an end.
	EndByServer
)

// Run tests a dialect.
func Run(t *testing.T, dialect Dialect) {
	t.Run("answers", func(t *testing.T) { testAnswers(t, dialect) })
	t.Run("data goes back", func(t *testing.T) { testData(t, dialect) })
	t.Run("requests", func(t *testing.T) { testRequests(t, dialect) })
	t.Run("failures", func(t *testing.T) { testFailures(t, dialect) })
	t.Run("ends", func(t *testing.T) { testEnds(t, dialect) })
}

// key is what the suite's models are called with.
const key = "sk-modeltest-0123456789abcdef"

// provider is a provider that gives answers in turn, and the last one from then on.
type provider struct {
	*httptest.Server
	// left is sent the client's leave of an answer.
	left chan struct{}

	mu     sync.Mutex
	bodies []string
}

// after plays the end of an answer with EndByServer.
type after func(w http.ResponseWriter, r *http.Request)

// breakOff breaks the connection.
func breakOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// stayOpen says nothing more until the client leaves.
func stayOpen(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func newProvider(t *testing.T, dialect Dialect, end after, answers ...Answer) *provider {
	t.Helper()
	p := &provider{left: make(chan struct{}, 100)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		p.mu.Lock()
		answer := answers[min(len(p.bodies), len(answers)-1)]
		p.bodies = append(p.bodies, string(body))
		p.mu.Unlock()
		if answer.Status != 0 {
			w.Header().Set("Retry-After", "0")
		}
		dialect.Serve(w, r, answer)
		if answer.Status == 0 && answer.End == EndByServer {
			defer func() { p.left <- struct{}{} }()
			end(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// requests returns the bodies of the requests so far.
func (p *provider) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.bodies...)
}

// ask plays answers and returns what a request came to.
func ask(t *testing.T, dialect Dialect, request *model.Request, end after, answers ...Answer) (Result, *provider) {
	t.Helper()
	p := newProvider(t, dialect, end, answers...)
	return Ask(t.Context(), t, dialect.New(t, p.URL, key), request), p
}

// text returns deltas of text.
func text(pieces ...string) []model.Delta {
	var deltas []model.Delta
	for _, piece := range pieces {
		deltas = append(deltas, model.Delta{Kind: model.KindText, Text: piece})
	}
	return deltas
}

// finished ends deltas.
func finished(reason model.FinishReason, deltas ...model.Delta) Answer {
	return Answer{Deltas: append(deltas, model.Delta{Kind: model.KindFinish, Finish: &model.Finish{Reason: reason}})}
}
