package bedrock_test

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
	"github.com/copilotkit-go/runtime/core/model/bedrock"
	"github.com/copilotkit-go/runtime/test/dialecttest"
)

func newModel(t testing.TB, config model.Config) *bedrock.Model {
	t.Helper()
	if config.LookupEnv == nil {
		config.LookupEnv = environment(nil)
	}
	m, err := bedrock.New(config)
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
func (n *network) model(t testing.TB, name string) *bedrock.Model {
	t.Helper()
	return newModel(t, model.Config{Model: "bedrock/" + name, LookupEnv: environment(map[string]string{"AWS_REGION": "eu-west-1"}), APIKey: "bedrock-api-key", HTTPClient: &http.Client{Transport: n}})
}

// said is the stream of a short answer.
var said = events(
	"messageStart", `{"role":"assistant"}`,
	"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"ok"},"p":"abcdef"}`,
	"contentBlockStop", `{"contentBlockIndex":0}`,
	"messageStop", `{"stopReason":"end_turn"}`,
	"metadata", `{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5},"metrics":{"latencyMs":7}}`)

// events returns a stream of events, each a type and a payload.
func events(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.Write(dialecttest.BedrockEvent(pairs[i], pairs[i+1]))
	}
	return b.String()
}

// exception returns an exception in a stream.
func exception(kind, message string) string {
	return string(dialecttest.BedrockFrame([][2]string{{":exception-type", kind}, {":content-type", "application/json"}, {":message-type", "exception"}}, []byte(`{"message":"`+message+`"}`)))
}

func stream(frames string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}},
		Body: io.NopCloser(strings.NewReader(frames)),
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
