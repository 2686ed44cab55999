package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/openai"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// provider is a scripted provider on a real port.
type provider struct {
	*scriptedmodel.Model
	url string
}

func scripted(t testing.TB, answers ...scriptedmodel.Answer) *provider {
	t.Helper()
	model := scriptedmodel.New(scriptedmodel.Script{Answers: answers})
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	return &provider{Model: model, url: server.URL + "/v1"}
}

// agent makes an agent of this provider; what config leaves out is filled in.
func (p *provider) agent(t testing.TB, config openai.Config) *openai.Agent {
	t.Helper()
	if config.Model == "" {
		config.Model = "openai/gpt-4o"
	}
	if config.APIKey == "" {
		config.APIKey = "sk-test-key"
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Settings.MaxRetries == nil {
		config.Settings.MaxRetries = new(int)
	}
	config.BaseURL, config.Env = p.url, noEnvironment
	a, err := openai.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func noEnvironment(string) (string, bool) { return "", false }

// request is the body of the request with that index.
func (p *provider) request(t testing.TB, i int) map[string]any {
	t.Helper()
	requests := p.Requests()
	if i >= len(requests) {
		t.Fatalf("the provider got %d requests, not %d", len(requests), i+1)
	}
	var body map[string]any
	if err := json.Unmarshal(requests[i].Body, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

// messages are the messages of a request, each as compact JSON.
func (p *provider) messages(t testing.TB, i int) []string {
	t.Helper()
	var result []string
	for _, message := range p.request(t, i)["messages"].([]any) {
		result = append(result, compact(t, message))
	}
	return result
}

// toolNames are the names of the tools in a request.
func (p *provider) toolNames(t testing.TB, i int) []string {
	t.Helper()
	var names []string
	tools, _ := p.request(t, i)["tools"].([]any)
	for _, tool := range tools {
		names = append(names, tool.(map[string]any)["function"].(map[string]any)["name"].(string))
	}
	return names
}

func compact(t testing.TB, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// saying is the input of a run in which the user says something.
func saying(text string) *agui.RunAgentInput {
	return &agui.RunAgentInput{
		ThreadID: "thread-1", RunID: "run-1",
		Messages: []agui.Message{{ID: "m1", Role: agui.RoleUser, Content: agui.TextContent(text)}},
	}
}

// collect ranges over a run to its end.
func collect(events iter.Seq2[agui.Event, error]) (all []agui.Event, err error) {
	for event, e := range events {
		if e != nil {
			return all, e
		}
		all = append(all, event)
	}
	return all, nil
}

// run plays a run that must not fail.
func run(t testing.TB, a agent.Agent, input *agui.RunAgentInput) []agui.Event {
	t.Helper()
	events, err := collect(a.Run(t.Context(), input))
	if err != nil {
		t.Fatalf("the run failed: %v", err)
	}
	return events
}

// lines gives events as a line each, with ids numbered in the order they come in.
func lines(t testing.TB, events []agui.Event) []string {
	t.Helper()
	var objects []map[string]any
	for _, event := range events {
		encoded, err := agui.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := json.Unmarshal(encoded.JSON(), &object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objectLines(t, objects)
}

// objectLines is lines for events that are JSON already.
func objectLines(t testing.TB, objects []map[string]any) []string {
	t.Helper()
	numbers := map[any]string{}
	var result []string
	for _, object := range objects {
		kind := object["type"]
		for _, key := range []string{"type", "timestamp", "threadId", "runId", "role"} {
			delete(object, key)
		}
		for _, key := range []string{"messageId", "parentMessageId"} {
			if id, ok := object[key]; ok {
				if numbers[id] == "" {
					numbers[id] = fmt.Sprintf("m%d", len(numbers)+1)
				}
				object[key] = numbers[id]
			}
		}
		line := fmt.Sprint(kind)
		if len(object) > 0 {
			line += " " + compact(t, object)
		}
		result = append(result, line)
	}
	return result
}

func wantLines(t testing.TB, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got:\n%s\nwant:\n%s", g, w)
	}
}

// text is what the events say.
func text(events []agui.Event) string {
	var b strings.Builder
	for _, event := range events {
		if content, ok := event.(agui.TextMessageContentEvent); ok {
			b.WriteString(content.Delta)
		}
	}
	return b.String()
}

// results are the tool results in the events, by tool call.
func results(events []agui.Event) map[string]string {
	found := map[string]string{}
	for _, event := range events {
		if result, ok := event.(agui.ToolCallResultEvent); ok {
			found[result.ToolCallID] = result.Content
		}
	}
	return found
}

// logged is a logger and what it wrote.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, nil)), &b
}

type city struct {
	City string `json:"city" jsonschema:"the name of the city"`
}

type weather struct {
	Celsius int `json:"celsius"`
}

func weatherTool() agent.ServerTool {
	return agent.Tool("weather", "The weather in a city", func(_ context.Context, in city) (weather, error) {
		return weather{Celsius: 20 + len(in.City) - 3}, nil
	})
}

func paintTool() agui.Tool {
	return agui.Tool{Name: "paint", Description: "Paint the page", Parameters: json.RawMessage(
		`{"type":"object","properties":{"color":{"type":"string"}},"required":["color"]}`)}
}
