package dialecttest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/anthropic"
	"github.com/copilotkit-go/runtime/core/model/bedrock"
	"github.com/copilotkit-go/runtime/core/model/gemini"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/core/model/openai"
	"github.com/copilotkit-go/runtime/core/model/responses"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/dialecttest"
)

// dialects has a row for each dialect: a model at the address of a provider, which has no
// path, and the provider's side.
var dialects = []struct {
	name      string
	providers model.Providers
	config    model.Config // its BaseURL follows the address
	serve     func(http.ResponseWriter, *http.Request, modeltest.Answer)
	strict    dialecttest.Strict
	// reasoningData is what the provider wants back with reasoning, "" for nothing.
	reasoningData string
}{
	{"OpenAI's chat completions", openai.Providers(), model.Config{Model: "openai/gpt-4o", BaseURL: "/v1", APIKey: "k"}, dialecttest.ChatCompletions, dialecttest.StrictChatCompletions, ""},
	{"Azure's", openai.Providers(), model.Config{Model: "azure/gpt-4o", APIKey: "k"}, dialecttest.ChatCompletions, dialecttest.StrictChatCompletions, ""},
	{"OpenAI's Responses", responses.Providers(), model.Config{Model: "openai-responses/gpt-5", BaseURL: "/v1", APIKey: "k"}, dialecttest.Responses, dialecttest.StrictResponses, `{"openai":{"encrypted":"gAAAA"}}`},
	{"Azure's Responses", responses.Providers(), model.Config{Model: "azure-responses/gpt-5", APIKey: "k"}, dialecttest.Responses, dialecttest.StrictResponses, `{"openai":{"encrypted":"gAAAA"}}`},
	{"Anthropic", anthropic.Providers(), model.Config{Model: "anthropic/claude-sonnet-4-5", APIKey: "k"}, dialecttest.Anthropic, dialecttest.StrictAnthropic, `{"anthropic":{"signature":"c2ln"}}`},
	{"Amazon Bedrock", bedrock.Providers(), model.Config{Model: "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", APIKey: "k"}, dialecttest.Bedrock, dialecttest.StrictBedrock, `{"bedrock":{"signature":"c2ln"}}`},
	{"Gemini", gemini.Providers(), model.Config{Model: "google/gemini-3-flash", APIKey: "k"}, dialecttest.Gemini, dialecttest.StrictGemini, `{"google":{"thought_signature":"c2ln"}}`},
	{"Vertex AI", gemini.Providers(), model.Config{Model: "vertex/gemini-2.5-pro", APIKey: "k"}, dialecttest.Gemini, dialecttest.StrictGemini, `{"google":{"thought_signature":"c2ln"}}`},
}

// TestTheSameConversationHasTheSameEvents plays a conversation with all that a thread can
// have over every dialect.
func TestTheSameConversationHasTheSameEvents(t *testing.T) {
	for _, dialect := range dialects {
		t.Run(dialect.name, func(t *testing.T) {
			p := &provider{serve: dialect.serve, strict: dialect.strict, hung: make(chan struct{}), data: dialect.reasoningData}
			server := httptest.NewServer(p)
			defer server.Close()
			config := dialect.config
			config.BaseURL = server.URL + config.BaseURL
			config.LookupEnv = func(string) (string, bool) { return "", false }
			m, err := dialect.providers.New(config)
			if err != nil {
				t.Fatal(err)
			}
			a, err := builtin.New(builtin.Config{
				Model: m, Prompt: "Be brief.", Tools: []agent.ServerTool{agenttest.WeatherTool()}, WithoutStateTools: true,
				Settings: model.Settings{MaxRetries: new(int)}, Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			play(t, p, a)
		})
	}
}

func play(t *testing.T, p *provider, a *builtin.Agent) {
	image := agui.InputContent{Type: "image", Source: &agui.InputContentSource{Type: "data", Value: "aW1hZ2U=", MimeType: "image/png"}}
	input := &agui.RunAgentInput{
		ThreadID: "t", RunID: "r1",
		Messages: []agui.Message{{ID: "u1", Role: agui.RoleUser, Content: agui.PartsContent(agui.InputContent{Type: "text", Text: "Where is this?"}, image)}},
		Tools:    []agui.Tool{{Name: "map/show", Parameters: agenttest.Raw(`{"type":"object","properties":{"city":{"type":"string"}}}`)}, {Name: "paint"}},
	}
	think := model.Delta{Kind: model.KindReasoning, Text: "A harbour."}
	call := func(number int, name, arguments string) []model.Delta {
		return []model.Delta{
			{Kind: model.KindToolCall, Call: number, ID: fmt.Sprintf("call_%s_%d", name, number), Name: name},
			{Kind: model.KindArguments, Call: number, Text: arguments},
		}
	}
	text := func(pieces ...string) (deltas []model.Delta) {
		for _, piece := range pieces {
			deltas = append(deltas, model.Delta{Kind: model.KindText, Text: piece})
		}
		return deltas
	}

	// Thinking, and a tool that runs here; then two that run in the front end, at once.
	p.answer(t, finished(model.FinishToolCalls, slices.Concat([]model.Delta{think}, text("Let me ", "look."), call(0, "weather", `{"city":"Oslo"}`))...))
	p.answer(t, finished(model.FinishToolCalls, slices.Concat(text("It is cold."), call(0, "map_show", `{"city":"Oslo"}`), call(1, "paint", `{"color":"red"}`))...))
	events := agenttest.Run(t, a, input)
	want(t, events,
		`REASONING_START {"messageId":"m1"}`, `REASONING_MESSAGE_START {"messageId":"m1"}`, `REASONING_MESSAGE_CONTENT {"delta":"A harbour.","messageId":"m1"}`, `REASONING_MESSAGE_END {"messageId":"m1"}`, `REASONING_END {"messageId":"m1"}`,
		`TEXT_MESSAGE_START {"messageId":"m2"}`, `TEXT_MESSAGE_CONTENT {"delta":"Let me ","messageId":"m2"}`, `TEXT_MESSAGE_CONTENT {"delta":"look.","messageId":"m2"}`, `TEXT_MESSAGE_END {"messageId":"m2"}`,
		`TOOL_CALL_START {"parentMessageId":"m2","toolCallId":"c1","toolCallName":"weather"}`, `TOOL_CALL_ARGS {"delta":"{\"city\":\"Oslo\"}","toolCallId":"c1"}`, `TOOL_CALL_END {"toolCallId":"c1"}`,
		`TOOL_CALL_RESULT {"content":"{\"celsius\":21}","messageId":"m3","toolCallId":"c1"}`,
		`TEXT_MESSAGE_START {"messageId":"m4"}`, `TEXT_MESSAGE_CONTENT {"delta":"It is cold.","messageId":"m4"}`, `TEXT_MESSAGE_END {"messageId":"m4"}`,
		`TOOL_CALL_START {"parentMessageId":"m4","toolCallId":"c2","toolCallName":"map/show"}`, `TOOL_CALL_ARGS {"delta":"{\"city\":\"Oslo\"}","toolCallId":"c2"}`,
		`TOOL_CALL_START {"parentMessageId":"m4","toolCallId":"c3","toolCallName":"paint"}`, `TOOL_CALL_ARGS {"delta":"{\"color\":\"red\"}","toolCallId":"c3"}`, `TOOL_CALL_END {"toolCallId":"c2"}`, `TOOL_CALL_END {"toolCallId":"c3"}`,
		`RUN_FINISHED {"finishReason":"tool-calls"}`)
	p.wasSent(t, "Be brief.", "Where is this?", "aW1hZ2U=", "Let me look.", "weather", "21")

	// The front end's results, and text.
	input.RunID, input.Messages = "r2", append(input.Messages, messages(events)...)
	for _, m := range messages(events) {
		for _, call := range m.ToolCalls {
			if call.Name != "weather" {
				input.Messages = append(input.Messages, agui.Message{ID: "t" + call.ID, Role: agui.RoleTool, ToolCallID: call.ID, Content: agui.TextContent("done with " + call.Name)})
			}
		}
	}
	p.answer(t, finished(model.FinishStop, text("Done.")...))
	events = agenttest.Run(t, a, input)
	want(t, events, `TEXT_MESSAGE_START {"messageId":"m1"}`, `TEXT_MESSAGE_CONTENT {"delta":"Done.","messageId":"m1"}`, `TEXT_MESSAGE_END {"messageId":"m1"}`, `RUN_FINISHED {"finishReason":"stop"}`)
	p.wasSent(t, "Let me look.", "It is cold.", "map_show", "done with map/show", "done with paint")

	// A stop in the middle of an answer.
	input.RunID, input.Messages = "r3", append(append(input.Messages, messages(events)...), agui.Message{ID: "u2", Role: agui.RoleUser, Content: agui.TextContent("Go on")})
	p.answer(t, modeltest.Answer{Deltas: text("Once"), End: modeltest.EndByServer})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stopped []agui.Event
	for event, err := range a.Run(ctx, input) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the stopped run ended with %v", err)
			}
			break
		}
		stopped = append(stopped, event)
		if _, ok := event.(agui.TextMessageContentEvent); ok {
			cancel()
		}
	}
	<-p.hung
	want(t, stopped, `TEXT_MESSAGE_START {"messageId":"m1"}`, `TEXT_MESSAGE_CONTENT {"delta":"Once","messageId":"m1"}`)

	// An error in the middle of one.
	p.answer(t, modeltest.Answer{Deltas: text("Twice"), End: modeltest.EndError, Message: "PRIVATE"})
	failed, err := agenttest.Collect(a.Run(t.Context(), input))
	want(t, failed, `TEXT_MESSAGE_START {"messageId":"m1"}`, `TEXT_MESSAGE_CONTENT {"delta":"Twice","messageId":"m1"}`)
	shown := (*agent.Error)(nil)
	if !errors.As(err, &shown) || shown.Code != string(model.CodeProviderUnavailable) || strings.Contains(shown.Message, "PRIVATE") {
		t.Errorf("the failed run ended with %v", err)
	}

	// And a refusal.
	p.answer(t, modeltest.Answer{Status: http.StatusUnauthorized, Message: "PRIVATE"})
	if _, err := agenttest.Collect(a.Run(t.Context(), input)); !errors.As(err, &shown) || shown.Code != string(model.CodeAuthFailed) {
		t.Errorf("the refused run ended with %v", err)
	}
}

// want checks the lines of events. Data that only some providers have isn't among them.
func want(t *testing.T, events []agui.Event, lines ...string) {
	t.Helper()
	var objects []map[string]any
	calls := map[any]string{}
	for _, event := range events {
		encoded, err := agui.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := json.Unmarshal(encoded.JSON(), &object); err != nil {
			t.Fatal(err)
		}
		if object["type"] == "REASONING_ENCRYPTED_VALUE" {
			continue
		}
		delete(object, "usage")
		if id, ok := object["toolCallId"]; ok {
			if calls[id] == "" {
				calls[id] = fmt.Sprintf("c%d", len(calls)+1)
			}
			object["toolCallId"] = calls[id]
		}
		objects = append(objects, object)
	}
	agenttest.WantLines(t, agenttest.ObjectLines(t, objects), lines...)
}

// messages returns the messages that events make, as a front end does.
func messages(events []agui.Event) (all []agui.Message) {
	find := func(id string, role agui.Role) *agui.Message {
		for i := range all {
			if all[i].ID == id {
				return &all[i]
			}
		}
		all = append(all, agui.Message{ID: id, Role: role})
		return &all[len(all)-1]
	}
	add := func(m *agui.Message, text string) { m.Content = agui.TextContent(m.Content.Text() + text) }
	calls := map[string]func(change func(*agui.ToolCall)){}
	for _, event := range events {
		switch e := event.(type) {
		case agui.ReasoningMessageContentEvent:
			add(find(e.MessageID, agui.RoleReasoning), e.Delta)
		case agui.TextMessageContentEvent:
			add(find(e.MessageID, agui.RoleAssistant), e.Delta)
		case agui.ToolCallStartEvent:
			m := find(e.ParentMessageID, agui.RoleAssistant)
			m.ToolCalls = append(m.ToolCalls, agui.ToolCall{ID: e.ToolCallID, Name: e.ToolCallName})
			at := len(m.ToolCalls) - 1
			calls[e.ToolCallID] = func(change func(*agui.ToolCall)) { change(&find(e.ParentMessageID, "").ToolCalls[at]) }
		case agui.ToolCallArgsEvent:
			calls[e.ToolCallID](func(call *agui.ToolCall) { call.Arguments += e.Delta })
		case agui.ToolCallResultEvent:
			m := find(e.MessageID, agui.RoleTool)
			m.ToolCallID, m.Content = e.ToolCallID, agui.TextContent(e.Content)
		case agui.ReasoningEncryptedValueEvent:
			if e.Subtype == "message" {
				find(e.EntityID, agui.RoleReasoning).EncryptedValue = e.EncryptedValue
			} else {
				calls[e.EntityID](func(call *agui.ToolCall) { call.EncryptedValue = e.EncryptedValue })
			}
		}
	}
	return all
}

func finished(reason model.FinishReason, deltas ...model.Delta) modeltest.Answer {
	return modeltest.Answer{Deltas: append(deltas, model.Delta{Kind: model.KindFinish, Finish: &model.Finish{Reason: reason}})}
}

// provider gives its answers in turn.
type provider struct {
	serve  func(http.ResponseWriter, *http.Request, modeltest.Answer)
	strict dialecttest.Strict
	// data ends reasoning.
	data string
	// hung gets a value when the client has left an answer that stays open.
	hung chan struct{}

	mu      sync.Mutex
	answers []modeltest.Answer
	last    string // the body of the last request
}

// answer adds an answer.
func (p *provider) answer(t *testing.T, answer modeltest.Answer) {
	t.Helper()
	for i, delta := range answer.Deltas {
		if delta.Kind == model.KindReasoning && p.data != "" {
			answer.Deltas = slices.Insert(answer.Deltas, i+1, model.Delta{Kind: model.KindReasoningData, Text: p.data})
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = append(p.answers, answer)
}

// wasSent checks that the last request has texts.
func (p *provider) wasSent(t *testing.T, texts ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range texts {
		if !strings.Contains(p.last, text) {
			t.Errorf("%q is missing in %s", text, p.last)
		}
	}
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.last = string(body)
	answer := modeltest.Answer{Status: http.StatusTeapot, Message: "nothing more to say"}
	if len(p.answers) > 0 {
		answer, p.answers = p.answers[0], p.answers[1:]
	}
	if err := p.strict(body); err != nil {
		answer = modeltest.Answer{Status: http.StatusBadRequest, Message: err.Error()}
	}
	p.mu.Unlock()
	p.serve(w, r, answer)
	if answer.Status == 0 && answer.End == modeltest.EndByServer {
		<-r.Context().Done()
		p.hung <- struct{}{}
	}
}
