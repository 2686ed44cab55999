// Package modeltest tests that a dialect keeps the promises of package model. The
// dialect's test implements a fake provider, which writes neutral answers in the
// provider's protocol, and calls [Run].
package modeltest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
)

// Dialect is a dialect to be tested and its fake provider.
type Dialect struct {
	// New returns a model whose provider is at url, which has no path, and expects
	// key.
	New func(t *testing.T, url, key string) model.Model
	// Serve writes an answer in the provider's protocol, and flushes every delta.
	Serve func(w http.ResponseWriter, r *http.Request, answer Answer)

	// WithoutReasoning skips the tests of reasoning.
	WithoutReasoning bool
	// WithoutTemperature says that the model takes no temperature, which those that
	// reason refuse.
	WithoutTemperature bool
	// ToolCallData, ReasoningData and TextData are examples of data that the
	// provider wants back. The zero value skips the tests of that kind.
	ToolCallData, ReasoningData, TextData Data
}

// Data is an example of a provider's data.
type Data struct {
	// Value is the data as the model yields it.
	Value string
	// Sent is a part of the body of a request with the data.
	Sent string
}

// Answer is an answer of the fake provider.
type Answer struct {
	// Status is the status of an HTTP error. If zero, the answer is a stream.
	Status int
	// Message is the text of the error if Status is set or End is EndError.
	Message string
	// Deltas are the deltas of the stream.
	Deltas []model.Delta
	// End is how the stream ends. If zero, defaults to EndComplete.
	End End
}

// End is how a stream ends.
type End int

// The ends of streams.
const (
	// EndComplete ends a complete answer, whose last delta is of model.KindFinish.
	EndComplete End = iota
	// EndError ends the stream with an error.
	EndError
	// EndByServer is up to the suite, which breaks the connection or leaves it open.
	// Serve writes the deltas and returns.
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

// key is the key of all models.
const key = "sk-modeltest-0123456789abcdef"

// provider sends its answers in turn, and then repeats the last one.
type provider struct {
	*httptest.Server
	// left receives a value when an answer with EndByServer has ended.
	left chan struct{}

	mu     sync.Mutex
	bodies []string
}

// ender ends an answer with EndByServer.
type ender func(w http.ResponseWriter, r *http.Request)

// breakOff breaks the connection.
func breakOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// stayOpen leaves the connection open until the client closes it.
func stayOpen(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func newProvider(t *testing.T, dialect Dialect, end ender, answers ...Answer) *provider {
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

// ask returns the result of a request to a provider with the given answers.
func ask(t *testing.T, dialect Dialect, request *model.Request, end ender, answers ...Answer) (Result, *provider) {
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

// finished returns a complete answer.
func finished(reason model.FinishReason, deltas ...model.Delta) Answer {
	return Answer{Deltas: append(deltas, model.Delta{Kind: model.KindFinish, Finish: &model.Finish{Reason: reason}})}
}
