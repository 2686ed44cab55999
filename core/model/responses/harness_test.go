package responses_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/responses"
)

func newModel(t testing.TB, config model.Config) *responses.Model {
	t.Helper()
	if config.LookupEnv == nil {
		config.LookupEnv = environment(nil)
	}
	m, err := responses.New(config)
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

// network answers requests in the place of a network, with the same events each time
// unless there are answers, and keeps the requests.
type network struct {
	events   string
	answers  []*http.Response
	requests []*http.Request
	bodies   []string
}

const completed = `data: {"type":"response.completed","response":{"model":"gpt-5-2025-08-07","error":null}}` + "\n\n"

func (n *network) client() *http.Client { return &http.Client{Transport: n} }

func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	n.requests, n.bodies = append(n.requests, request), append(n.bodies, string(body))
	if len(n.answers) > 0 {
		answer := n.answers[0]
		n.answers = n.answers[1:]
		return answer, nil
	}
	return answer(200, "text/event-stream", n.events), nil
}

func answer(status int, contentType, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}
}

// of returns a model with a name on the network.
func (n *network) of(t testing.TB, name string) *responses.Model {
	return newModel(t, model.Config{Model: name, APIKey: "sk-test-key", HTTPClient: n.client()})
}

// sent returns the body of the last request, compact and with its fields sorted.
func (n *network) sent(t testing.TB) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(n.bodies[len(n.bodies)-1]), &value); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
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
