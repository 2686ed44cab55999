package dialecttest_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

// open returns an agent of each dialect, whose provider checks what it is sent.
func open(t *testing.T, each func(t *testing.T, name string, p *provider, a *builtin.Agent)) {
	for _, dialect := range dialects {
		t.Run(dialect.name, func(t *testing.T) {
			p := &provider{serve: dialect.serve, strict: dialect.strict, data: dialect.reasoningData}
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
				Model: m, Overridable: []builtin.Property{builtin.PropertyToolChoice}, ForwardSystemMessages: true, ForwardDeveloperMessages: true,
				Settings: model.Settings{MaxRetries: new(int), ReasoningEffort: "low", Temperature: new(0.5)}, Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			each(t, dialect.name, p, a)
		})
	}
}

func said(role agui.Role, text string) agui.Message {
	return agui.Message{ID: "m", Role: role, Content: agui.TextContent(text)}
}

func showed(parts ...agui.InputContent) agui.Message {
	return agui.Message{ID: "m", Role: agui.RoleUser, Content: agui.PartsContent(parts...)}
}

func called(ids ...string) agui.Message {
	m := agui.Message{ID: "m", Role: agui.RoleAssistant}
	for _, id := range ids {
		m.ToolCalls = append(m.ToolCalls, agui.ToolCall{ID: id, Name: "paint", Arguments: `{"color":"red"}`})
	}
	return m
}

func result(id, text string) agui.Message {
	return agui.Message{ID: "m", Role: agui.RoleTool, ToolCallID: id, Content: agui.TextContent(text)}
}

// TestEveryThreadIsSentInAFormThatItsProviderTakes sends what clients may make of a
// thread.
func TestEveryThreadIsSentInAFormThatItsProviderTakes(t *testing.T) {
	user, image := said(agui.RoleUser, "Hi"), agui.InputContent{Type: "image", Source: &agui.InputContentSource{Type: "data", Value: "aW1hZ2U=", MimeType: "image/png"}}
	text := func(text string) agui.InputContent { return agui.InputContent{Type: "text", Text: text} }
	document := func(data string) agui.InputContent {
		return agui.InputContent{Type: "document", Source: &agui.InputContentSource{Type: "data", Value: data, MimeType: "text/plain"}}
	}
	long := called("c1")
	long.ToolCalls[0].Name = strings.Repeat("long.", 30)
	nameless := called("c1")
	nameless.ToolCalls[0].Name = ""
	wrong := called("c1")
	wrong.ToolCalls[0].Arguments = `["no object"]`
	var many []agui.Message
	for i := range 150 {
		id := fmt.Sprint("c", i)
		many = append(many, user, called(id), result(id, "done"), said(agui.RoleAssistant, "ok"))
	}
	threads := map[string][]agui.Message{
		"the assistant first":               {said(agui.RoleAssistant, "Hello"), user},
		"a call first":                      {called("c1"), result("c1", "done"), user},
		"only the assistant":                {said(agui.RoleAssistant, "Hello")},
		"the assistant last":                {user, said(agui.RoleAssistant, "Hello \n")},
		"only instructions":                 {said(agui.RoleSystem, "Be brief"), said(agui.RoleDeveloper, "Be kind")},
		"blank instructions":                {said(agui.RoleSystem, " "), user},
		"empty instructions":                {said(agui.RoleSystem, ""), user},
		"an empty text":                     {said(agui.RoleUser, "")},
		"white space":                       {said(agui.RoleUser, " \n\t")},
		"an empty text within":              {user, said(agui.RoleAssistant, "Hello"), said(agui.RoleUser, ""), said(agui.RoleAssistant, "Yes?"), user},
		"an answer without words":           {user, said(agui.RoleAssistant, ""), user},
		"a blank answer":                    {user, said(agui.RoleAssistant, "\n"), user},
		"an image with an empty text":       {showed(text(""), image)},
		"an empty text part alone":          {showed(text(""))},
		"no parts":                          {showed()},
		"an empty document":                 {showed(document("IA=="))},
		"a document alone":                  {showed(document("aGVsbG8="))},
		"the user twice":                    {user, user},
		"the assistant twice":               {user, said(agui.RoleAssistant, "a"), said(agui.RoleAssistant, "b"), user},
		"a call without its result":         {user, called("c1", "c2"), result("c2", "done"), user},
		"a call at the end":                 {user, called("c1")},
		"a result before its call":          {user, result("c1", "done"), called("c1"), user},
		"a result without its call":         {user, result("c9", "done"), user},
		"a result at the beginning":         {result("c9", "done"), user},
		"a result twice":                    {user, called("c1"), result("c1", "a"), result("c1", "b"), user},
		"an empty result":                   {user, called("c1"), result("c1", "")},
		"a result after the user's words":   {user, called("c1"), user, result("c1", "done")},
		"results in another order":          {user, called("c1", "c2"), result("c2", "b"), result("c1", "a")},
		"a message twice":                   {user, called("c1"), result("c1", "a"), called("c1"), result("c1", "a"), user},
		"an id twice in a message":          {user, called("c1", "c1"), result("c1", "a"), user},
		"a call without an id":              {user, called("", ""), result("", "a"), user},
		"an id that only another takes":     {user, called("ü:1", strings.Repeat("x", 100)), result("ü:1", "a"), user},
		"a tool that isn't there any more":  {user, long, result("c1", "a"), user},
		"a call without a name":             {user, nameless, result("c1", "a"), user},
		"arguments that are no object":      {user, wrong, result("c1", "a"), user},
		"activity":                          {user, said(agui.RoleActivity, "x"), user},
		"hundreds of messages":              append(many, user),
		"only instructions and reasoning":   {said(agui.RoleSystem, "Be brief"), said(agui.RoleReasoning, "Hm")},
		"reasoning that has led to nothing": {user, said(agui.RoleReasoning, "Hm"), user},
	}
	open(t, func(t *testing.T, dialect string, p *provider, a *builtin.Agent) {
		for name, thread := range threads {
			for _, withTools := range []bool{true, false} {
				p.answer(t, finished(model.FinishStop, model.Delta{Kind: model.KindText, Text: "ok"}))
				input := &agui.RunAgentInput{ThreadID: "t", RunID: "r", Messages: slices.Clone(thread)}
				if withTools {
					input.Tools = []agui.Tool{{Name: "paint", Parameters: agenttest.Raw(`{"type":"object","properties":{"color":{"type":"string"}}}`)}}
				}
				if _, err := agenttest.Collect(a.Run(t.Context(), input)); err != nil {
					t.Errorf("%s, with tools %v: %.600v", name, withTools, err)
				}
				p.answers = nil
			}
		}
	})
}

// TestAThreadMovesFromAnyModelToAnyOther has each model go on with the thread of another,
// thinking, calls and all.
func TestAThreadMovesFromAnyModelToAnyOther(t *testing.T) {
	threads := map[string][]agui.Message{}
	open(t, func(t *testing.T, dialect string, p *provider, a *builtin.Agent) {
		input := &agui.RunAgentInput{ThreadID: "t", RunID: "r", Messages: []agui.Message{said(agui.RoleUser, "Hi")}, Tools: []agui.Tool{{Name: "paint"}}}
		p.answer(t, finished(model.FinishToolCalls,
			model.Delta{Kind: model.KindReasoning, Text: "Hm."}, model.Delta{Kind: model.KindText, Text: "I paint."},
			model.Delta{Kind: model.KindToolCall, ID: "call_1", Name: "paint"}, model.Delta{Kind: model.KindToolCall, Call: 1, ID: "call_2", Name: "paint"}))
		thread := append(input.Messages, messages(agenttest.Run(t, a, input))...)
		threads[dialect] = append(thread, result("call_1", "done"), result("call_2", "done"))
	})
	forged := map[string]string{
		"another form": `["anthropic"]`, "no JSON": "{", "a list within": `{"anthropic":[],"bedrock":[],"openai":[],"google":[],"vertex":[]}`,
		"numbers":                         `{"anthropic":{"signature":1},"bedrock":{"redacted":2},"openai":{"encrypted":3},"google":{"thought_signature":4}}`,
		"what only the provider can tell": `{"anthropic":{"signature":"Zm9yZ2Vk","after":99},"bedrock":{"redacted":"Zm9yZ2Vk"},"openai":{"encrypted":"Zm9yZ2Vk"},"google":{"thought_signature":"Zm9yZ2Vk"}}`,
		"no base64":                       `{"anthropic":{"redacted":"?"},"bedrock":{"redacted":"not base64!"},"openai":{"encrypted":"?"},"google":{"thought_signature":"?"}}`,
		"millions of bytes":               `{"anthropic":{"signature":"` + strings.Repeat("x", 5<<20) + `"}}`,
	}
	for name, value := range forged {
		call := called("c1")
		call.ToolCalls[0].EncryptedValue, call.EncryptedValue = value, value
		thought := said(agui.RoleReasoning, "Hm")
		thought.EncryptedValue = value
		threads[name] = []agui.Message{said(agui.RoleUser, "Hi"), thought, call, result("c1", "done"), said(agui.RoleUser, "Go on")}
	}
	open(t, func(t *testing.T, dialect string, p *provider, a *builtin.Agent) {
		for from, thread := range threads {
			for _, end := range []int{len(thread), len(thread) - 1} {
				input := &agui.RunAgentInput{ThreadID: "t", RunID: "r", Messages: slices.Clone(thread[:end]), Tools: []agui.Tool{{Name: "paint"}}}
				p.answer(t, finished(model.FinishStop, model.Delta{Kind: model.KindText, Text: "ok"}))
				if _, err := agenttest.Collect(a.Run(t.Context(), input)); err != nil {
					t.Errorf("from %s: %.600v", from, err)
				}
				p.answers = nil
				// And a tool that must be called.
				input.ForwardedProps = json.RawMessage(`{"toolChoice":{"type":"tool","toolName":"paint"}}`)
				p.answer(t, modeltest.Answer{Deltas: finished(model.FinishStop, model.Delta{Kind: model.KindText, Text: "ok"}).Deltas})
				if _, err := agenttest.Collect(a.Run(t.Context(), input)); err != nil {
					t.Errorf("from %s, with a forced tool: %.600v", from, err)
				}
				p.answers = nil
			}
		}
	})
}
