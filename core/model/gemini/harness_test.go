package gemini_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/gemini"
)

func newModel(t testing.TB, config model.Config) *gemini.Model {
	t.Helper()
	if config.LookupEnv == nil {
		config.LookupEnv = environment(nil)
	}
	m, err := gemini.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func environment(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

// network answers requests in the place of a network, with its answers in turn and then
// the last one again, and keeps the requests.
type network struct {
	answers  []answer
	requests []*http.Request
	bodies   []string
}

type answer struct {
	status int
	body   string
}

const hello = `{"candidates":[{"content":{"parts":[{"text":"ok"}],"role":"model"},"finishReason":"STOP","index":0}],"modelVersion":"gemini-3-flash"}`

// streaming returns a network that answers with chunks.
func streaming(chunks ...string) *network {
	return &network{answers: []answer{{http.StatusOK, events(chunks...)}}}
}

func events(chunks ...string) string {
	var body strings.Builder
	for _, chunk := range chunks {
		body.WriteString("data: " + chunk + "\r\n\r\n")
	}
	return body.String()
}

func (n *network) client() *http.Client { return &http.Client{Transport: n} }

func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	n.requests, n.bodies = append(n.requests, request), append(n.bodies, string(sent))
	a := n.answers[min(len(n.requests), len(n.answers))-1]
	kind := "text/event-stream"
	if a.status != http.StatusOK {
		kind = "application/json"
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

// on returns a model on the network.
func (n *network) on(t testing.TB, name string) *gemini.Model {
	t.Helper()
	return newModel(t, model.Config{Model: name, APIKey: "k", HTTPClient: n.client(), LookupEnv: environment(map[string]string{"GOOGLE_CLOUD_PROJECT": "p"})})
}

// sent returns a field of the last body as JSON.
func (n *network) sent(t testing.TB, field string) string {
	t.Helper()
	var body map[string]json.RawMessage
	if err := json.Unmarshal([]byte(n.bodies[len(n.bodies)-1]), &body); err != nil {
		t.Fatal(err)
	}
	return string(body[field])
}

// saying returns a request in which the user says something. It is sent once.
func saying(text string) *model.Request {
	return &model.Request{
		Messages: []agui.Message{{ID: "m1", Role: agui.RoleUser, Content: agui.TextContent(text)}},
		History:  1,
		Settings: model.Settings{MaxRetries: new(int)},
	}
}

// code returns the code of a model's error, empty for none.
func code(err error) model.Code {
	if failed := (*model.Error)(nil); errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}

func pointer[T any](value T) *T { return &value }
