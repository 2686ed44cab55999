package openai_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// provider is a scripted provider on a real port.
type provider struct {
	*scriptedmodel.Model
	url string
}

func scripted(t testing.TB, answers ...scriptedmodel.Answer) *provider {
	t.Helper()
	script := scriptedmodel.New(scriptedmodel.Script{Answers: answers})
	server := httptest.NewServer(script)
	t.Cleanup(server.Close)
	return &provider{Model: script, url: server.URL + "/v1"}
}

// model returns a model of this provider.
func (p *provider) model(t testing.TB) *openai.Model {
	t.Helper()
	return newModel(t, model.Config{Model: "openai/gpt-4o", APIKey: "sk-test-key", BaseURL: p.url})
}

// sent returns the messages of the first request, each as compact JSON.
func (p *provider) sent(t testing.TB) []string {
	t.Helper()
	requests := p.Requests()
	if len(requests) == 0 {
		t.Fatal("the provider got no request")
	}
	var body struct{ Messages []any }
	if err := json.Unmarshal(requests[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, message := range body.Messages {
		messages = append(messages, compact(t, message))
	}
	return messages
}

func newModel(t testing.TB, config model.Config) *openai.Model {
	t.Helper()
	if config.LookupEnv == nil {
		config.LookupEnv = environment(nil)
	}
	m, err := openai.New(config)
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

// network answers requests in the place of a network and keeps the last one.
type network struct {
	answer  func(*http.Request) *http.Response
	request *http.Request
	body    map[string]any
	count   int
}

func (n *network) client() *http.Client { return &http.Client{Transport: n} }

func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	n.request, n.count = request, n.count+1
	n.body = nil
	if err := json.NewDecoder(request.Body).Decode(&n.body); err != nil {
		return nil, err
	}
	if n.answer != nil {
		return n.answer(request), nil
	}
	return stream(`{"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}`), nil
}

// answering returns a network that gives one answer.
func answering(response *http.Response) *network {
	return &network{answer: func(*http.Request) *http.Response { return response }}
}

func stream(chunk string) *http.Response {
	return body("data: " + chunk + "\n\ndata: [DONE]\n\n")
}

func body(lines string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body: io.NopCloser(strings.NewReader(lines)),
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

// answer is what the deltas of an answer come to.
type answer struct {
	text, reasoning string
	calls           []toolCall
	finish          model.Finish
}

type toolCall struct{ id, name, arguments, data string }

// ask returns the answer to a request, or the error that it ended with.
func ask(t testing.TB, m model.Model, request *model.Request) (a answer, err error) {
	t.Helper()
	for delta, err := range m.Stream(t.Context(), request) {
		if err != nil {
			return a, err
		}
		switch delta.Kind {
		case model.KindText:
			a.text += delta.Text
		case model.KindReasoning:
			a.reasoning += delta.Text
		case model.KindToolCall:
			a.calls = append(a.calls, toolCall{id: delta.ID, name: delta.Name})
		case model.KindArguments:
			a.calls[delta.Call].arguments += delta.Text
		case model.KindToolCallData:
			a.calls[delta.Call].data = delta.Text
		case model.KindFinish:
			a.finish = *delta.Finish
		}
	}
	return a, nil
}

// mustAsk returns the answer to a request that must not fail.
func mustAsk(t testing.TB, m model.Model, request *model.Request) answer {
	t.Helper()
	a, err := ask(t, m, request)
	if err != nil {
		t.Fatalf("the answer ended with %v", err)
	}
	return a
}

// code returns the code of a model's error, empty for none.
func code(err error) model.Code {
	if failed := (*model.Error)(nil); errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}

func compact(t testing.TB, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

func pointer[T any](value T) *T { return &value }
