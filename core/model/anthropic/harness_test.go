package anthropic_test

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
	"github.com/copilotkit-go/runtime/core/model/anthropic"
)

func newModel(t testing.TB, config model.Config) *anthropic.Model {
	t.Helper()
	if config.LookupEnv == nil {
		config.LookupEnv = environment(nil)
	}
	m, err := anthropic.New(config)
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

// network answers requests in the place of a network, each with the next answer, and
// keeps them.
type network struct {
	answers  []*http.Response
	requests []*http.Request
	bodies   []string
}

func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	n.requests, n.bodies = append(n.requests, request), append(n.bodies, string(body))
	if len(n.answers) == 0 {
		return stream(said), nil
	}
	answer := n.answers[0]
	n.answers = n.answers[1:]
	return answer, nil
}

// model returns a model behind this network.
func (n *network) model(t testing.TB, name string) *anthropic.Model {
	t.Helper()
	return newModel(t, model.Config{Model: "anthropic/" + name, APIKey: "sk-ant-key", HTTPClient: &http.Client{Transport: n}})
}

// sent returns a field of the last request as JSON, empty if there is none.
func (n *network) sent(t testing.TB, field string) string {
	t.Helper()
	var body map[string]json.RawMessage
	if err := json.Unmarshal([]byte(n.bodies[len(n.bodies)-1]), &body); err != nil {
		t.Fatal(err)
	}
	return string(body[field])
}

// said is the stream of a short answer.
const said = `data: {"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":3,"output_tokens":1}}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"ok"}}

data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}

data: {"type":"message_stop"}

`

func stream(lines string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body: io.NopCloser(strings.NewReader(lines)),
	}
}

func refusal(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)),
	}
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

// compact returns JSON without space.
func compact(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return b.String()
}

func pointer[T any](value T) *T { return &value }
