package platformtest

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// Model is a model that answers with a text, one word at a time, and can be held in the
// middle of it.
type Model struct {
	*scriptedmodel.Model
	url string

	mu   sync.Mutex
	hold *Hold
}

// NewModel starts a model that is closed when the test ends.
func NewModel(t testing.TB, text string) *Model {
	return NewScriptedModel(t, scriptedmodel.Answer{Text: text})
}

// NewScriptedModel starts a model that always sends the same answer.
func NewScriptedModel(t testing.TB, answer scriptedmodel.Answer) *Model {
	model := &Model{Model: scriptedmodel.New(scriptedmodel.Script{Answers: []scriptedmodel.Answer{answer}})}
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	model.url = server.URL + "/v1"
	return model
}

// Env returns the environment variables of a runtime that uses the model and lets
// everybody in.
func (m *Model) Env() []string {

	return []string{
		"OPENAI_API_KEY=sk-test-key", "OPENAI_BASE_URL=" + m.url,
		"COPILOTKIT_AUTH=none", "COPILOTKIT_PUBLIC_THREADS=on",
	}
}

// ServeHTTP answers one request.
func (m *Model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	hold := m.hold
	m.mu.Unlock()
	if hold != nil {
		w = &heldWriter{ResponseWriter: w, hold: hold, gone: r.Context().Done()}
	}
	m.Model.ServeHTTP(w, r)
}

// Hold holds the answers of a model.
type Hold struct {
	released chan struct{}
	once     sync.Once
}

// Hold makes all answers from now on wait after their first word, until they are
// released.
func (m *Model) Hold() *Hold {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hold = &Hold{released: make(chan struct{})}
	return m.hold
}

// Release lets the answers go on.
func (h *Hold) Release() { h.once.Do(func() { close(h.released) }) }

// heldWriter passes on the first write, and the others when the hold is released.
type heldWriter struct {
	http.ResponseWriter
	hold   *Hold
	gone   <-chan struct{}
	writes int
}

func (w *heldWriter) Write(p []byte) (int, error) {
	if w.writes++; w.writes > 1 {
		select {
		case <-w.hold.released:
		case <-w.gone:
		}
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap returns the writer inside, for [http.ResponseController].
func (w *heldWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
