package openai_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/openai"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// client is a plain client of the library, as a factory's author has one.
func (p *provider) client() *goopenai.Client {
	config := goopenai.DefaultConfig("sk-own-key")
	config.BaseURL = p.url
	return goopenai.NewClientWithConfig(config)
}

// factory makes an agent whose model calls are made by hand.
func (p *provider) factory(t *testing.T, config openai.FactoryConfig) *openai.Factory {
	t.Helper()
	client := p.client()
	if config.Stream == nil {
		config.Stream = func(ctx context.Context, input *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error) {
			conversation, err := openai.ConvertInput(input)
			if err != nil {
				return nil, err
			}
			own, err := openai.Definitions(config.Tools)
			if err != nil {
				return nil, err
			}
			return client.CreateChatCompletionStream(ctx, goopenai.ChatCompletionRequest{
				Model:    "gpt-4o",
				Messages: conversation.Request("Be brief."),
				Tools:    slices.Concat(conversation.Tools, own, openai.StateTools()),
			})
		}
	}
	f, err := openai.NewFactory(config)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFactoryMakesItsOwnModelCall(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Deltas: slices.Concat(scriptedmodel.Reasoning("hm"), raws(`{"content":"Hello"}`), scriptedmodel.ToolCall(0, "c", "paint", "{}"))})
	input := saying("Hi")
	input.Tools = []agui.Tool{paintTool()}
	input.Context = []agui.Context{{Description: "The user", Value: "Ada"}}
	input.State = raw(`{"color":"red"}`)
	input.Messages = append([]agui.Message{{ID: "s", Role: agui.RoleSystem, Content: agui.TextContent("sys")}}, input.Messages...)
	wantLines(t, lines(t, run(t, p.factory(t, openai.FactoryConfig{}), input)),
		`REASONING_START {"messageId":"m1"}`,
		`REASONING_MESSAGE_START {"messageId":"m1"}`,
		`REASONING_MESSAGE_CONTENT {"delta":"hm","messageId":"m1"}`,
		`REASONING_MESSAGE_END {"messageId":"m1"}`,
		`REASONING_END {"messageId":"m1"}`,
		`TEXT_MESSAGE_START {"messageId":"m2"}`,
		`TEXT_MESSAGE_CONTENT {"delta":"Hello","messageId":"m2"}`,
		`TEXT_MESSAGE_END {"messageId":"m2"}`,
		`TOOL_CALL_START {"parentMessageId":"m2","toolCallId":"c","toolCallName":"paint"}`,
		`TOOL_CALL_ARGS {"delta":"{}","toolCallId":"c"}`,
		`TOOL_CALL_END {"toolCallId":"c"}`,
		`RUN_FINISHED {"finishReason":"tool-calls"}`,
	)
	wantLines(t, p.messages(t, 0),
		`{"content":"Be brief.","role":"system"}`,
		`{"content":"sys","role":"system"}`,
		`{"content":"The user:\nAda","role":"system"}`,
		`{"content":"State of the application:\n`+"```json\\n{\\n  \\\"color\\\": \\\"red\\\"\\n}\\n```"+`","role":"system"}`,
		`{"content":"Hi","role":"user"}`,
	)
	if got := p.toolNames(t, 0); !slices.Equal(got, []string{"paint", "AGUISendStateSnapshot", "AGUISendStateDelta"}) {
		t.Errorf("the model got the tools %v", got)
	}
	if len(input.Messages) != 2 {
		t.Error("the run's input was changed")
	}
}

func TestAFactoryRunsToolsAndStateBetweenItsCalls(t *testing.T) {
	p := scripted(t, calling("weather", `{"city":"Oslo"}`, "AGUISendStateDelta", `{"delta":[{"op":"add","path":"/a","value":1}]}`), scriptedmodel.Answer{Text: "ok"})
	events := run(t, p.factory(t, openai.FactoryConfig{MaxSteps: 2, Tools: []agent.ServerTool{weatherTool()}}), saying("Hi"))
	if text(events) != "ok" || results(events)["call_1"] != `{"celsius":21}` {
		t.Errorf("said %q, results %v", text(events), results(events))
	}
	if !slices.ContainsFunc(events, func(e agui.Event) bool { return e.EventType() == agui.EventTypeStateDelta }) {
		t.Error("the state has not changed")
	}
	messages := p.messages(t, 1)
	wantLines(t, messages[len(messages)-2:],
		`{"content":"{\"celsius\":21}","role":"tool","tool_call_id":"call_1"}`,
		`{"content":"{\"success\":true,\"delta\":[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]}","role":"tool","tool_call_id":"call_2"}`)
}

func TestAFactorysRunIsPausedAndResumed(t *testing.T) {
	p := scripted(t, calling("approve", `{"what":"it"}`), scriptedmodel.Answer{Text: "ok"})
	f := p.factory(t, openai.FactoryConfig{Tools: []agent.ServerTool{approveTool()}})
	events := run(t, f, saying("Do it"))
	if end := events[len(events)-1].(agui.RunFinishedEvent); end.Outcome == nil || end.Outcome.Interrupts[0].ID != "call_1" {
		t.Errorf("the run ended with %+v", end)
	}
	input := paused()
	input.Messages[1].ToolCalls = input.Messages[1].ToolCalls[:1]
	input.Resume = []agui.ResumeEntry{{InterruptID: "call_1", Status: "resolved", Payload: raw(`{"approved":true}`)}}
	run(t, f, input)
	messages := p.messages(t, 1)
	if got := messages[len(messages)-1]; got != `{"content":"{\"approved\":true}","role":"tool","tool_call_id":"call_1"}` {
		t.Errorf("the model got %s", got)
	}
}

func TestAFactorysFailuresAreToldSafely(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Status: 401, Body: raw(`{"error":{"message":"sk-own-key is wrong","type":"x"}}`)})
	failing := func(err error) func(context.Context, *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error) {
		return func(context.Context, *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error) { return nil, err }
	}
	for name, test := range map[string]struct {
		config openai.FactoryConfig
		code   string
	}{
		"the provider's":      {openai.FactoryConfig{}, "auth_failed"},
		"one that is safe":    {openai.FactoryConfig{Stream: failing(&agent.Error{Code: "mine", Message: "Not today."})}, "mine"},
		"one that isn't":      {openai.FactoryConfig{Stream: failing(errors.New("sk-own-key"))}, "provider_unavailable"},
		"no stream, no error": {openai.FactoryConfig{Stream: failing(nil)}, "provider_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := collect(p.factory(t, test.config).Run(t.Context(), saying("Hi")))
			var told *agent.Error
			if !errors.As(err, &told) || told.Code != test.code || strings.Contains(err.Error(), "sk-own-key") {
				t.Errorf("the run ended with %v", err)
			}
		})
	}
}

func TestAFactorysStreamIsClosedWhenTheRunIsStopped(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Text: "Hel", Hang: true})
	for range p.factory(t, openai.FactoryConfig{}).Run(t.Context(), saying("Hi")) {
		break
	}
	select {
	case <-p.Left():
	case <-time.After(10 * time.Second):
		t.Error("the connection to the provider is still open")
	}
}

func TestConvertInputSaysWhatItHasNoTypeFor(t *testing.T) {
	input := saying("")
	input.Messages[0].Content = agui.PartsContent(
		agui.InputContent{Type: "text", Text: "look"}, agui.InputContent{Type: "image", Source: data("image/png")})
	conversation, err := openai.ConvertInput(input)
	if err != nil {
		t.Fatal(err)
	}
	if got := compact(t, conversation.Messages); got != `[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aGVsbG8="}}]}]` {
		t.Errorf("got %s", got)
	}
	input.Messages[0].Content = agui.PartsContent(agui.InputContent{Type: "audio", Source: data("audio/wav")})
	_, err = openai.ConvertInput(input)
	var told *agent.Error
	if !errors.As(err, &told) || told.Code != "unsupported_content" {
		t.Errorf("got %v", err)
	}
}
