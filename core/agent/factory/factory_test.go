package factory_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/factory"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// provider is a scripted provider, for which there are agents.
type provider struct{ *agenttest.Provider }

func scripted(t *testing.T, answers ...scriptedmodel.Answer) provider {
	t.Helper()
	return provider{agenttest.NewProvider(t, answers...)}
}

// client returns a plain client of the library, as a factory's author has one.
func (p provider) client() *goopenai.Client {
	config := goopenai.DefaultConfig("sk-own-key")
	config.BaseURL = p.URL
	return goopenai.NewClientWithConfig(config)
}

// agent returns an agent whose model calls are made by hand.
func (p provider) agent(t *testing.T, config factory.Config) *factory.Agent {
	t.Helper()
	client := p.client()
	if config.Stream == nil {
		config.Stream = func(ctx context.Context, input *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error) {
			conversation, err := factory.ConvertInput(input)
			if err != nil {
				return nil, err
			}
			own, err := factory.Definitions(config.Tools)
			if err != nil {
				return nil, err
			}
			return client.CreateChatCompletionStream(ctx, goopenai.ChatCompletionRequest{
				Model:    "gpt-4o",
				Messages: conversation.Request("Be brief."),
				Tools:    slices.Concat(conversation.Tools, own, factory.StateTools()),
			})
		}
	}
	f, err := factory.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFactoryMakesItsOwnModelCall(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Deltas: slices.Concat(scriptedmodel.Reasoning("hm"), agenttest.Raws(`{"content":"Hello"}`), scriptedmodel.ToolCall(0, "c", "paint", "{}"))})
	input := agenttest.Saying("Hi")
	input.Tools = []agui.Tool{agenttest.PaintTool()}
	input.Context = []agui.Context{{Description: "The user", Value: "Ada"}}
	input.State = agenttest.Raw(`{"color":"red"}`)
	input.Messages = append([]agui.Message{{ID: "s", Role: agui.RoleSystem, Content: agui.TextContent("sys")}}, input.Messages...)
	agenttest.WantLines(t, agenttest.Lines(t, agenttest.Run(t, p.agent(t, factory.Config{}), input)),
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
	agenttest.WantLines(t, p.Messages(t, 0),
		`{"content":"Be brief.","role":"system"}`,
		`{"content":"sys","role":"system"}`,
		`{"content":"The user:\nAda","role":"system"}`,
		`{"content":"State of the application:\n`+"```json\\n{\\n  \\\"color\\\": \\\"red\\\"\\n}\\n```"+`","role":"system"}`,
		`{"content":"Hi","role":"user"}`,
	)
	if got := p.ToolNames(t, 0); !slices.Equal(got, []string{"paint", "AGUISendStateSnapshot", "AGUISendStateDelta"}) {
		t.Errorf("the model got the tools %v", got)
	}
	if len(input.Messages) != 2 {
		t.Error("the run's input was changed")
	}
}

func TestAFactoryRunsToolsAndStateBetweenItsCalls(t *testing.T) {
	p := scripted(t, agenttest.Calling("weather", `{"city":"Oslo"}`, "AGUISendStateDelta", `{"delta":[{"op":"add","path":"/a","value":1}]}`), scriptedmodel.Answer{Text: "ok"})
	events := agenttest.Run(t, p.agent(t, factory.Config{MaxSteps: 2, Tools: []agent.ServerTool{agenttest.WeatherTool()}}), agenttest.Saying("Hi"))
	if agenttest.Text(events) != "ok" || agenttest.Results(events)["call_1"] != `{"celsius":21}` {
		t.Errorf("said %q, results %v", agenttest.Text(events), agenttest.Results(events))
	}
	if !slices.ContainsFunc(events, func(e agui.Event) bool { return e.EventType() == agui.EventTypeStateDelta }) {
		t.Error("the state has not changed")
	}
	messages := p.Messages(t, 1)
	agenttest.WantLines(t, messages[len(messages)-2:],
		`{"content":"{\"celsius\":21}","role":"tool","tool_call_id":"call_1"}`,
		`{"content":"{\"success\":true,\"delta\":[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]}","role":"tool","tool_call_id":"call_2"}`)
}

func TestAFactorysRunIsPausedAndResumed(t *testing.T) {
	p := scripted(t, agenttest.Calling("approve", `{"what":"it"}`), scriptedmodel.Answer{Text: "ok"})
	f := p.agent(t, factory.Config{Tools: []agent.ServerTool{agenttest.ApproveTool()}})
	events := agenttest.Run(t, f, agenttest.Saying("Do it"))
	if end := events[len(events)-1].(agui.RunFinishedEvent); end.Outcome == nil || end.Outcome.Interrupts[0].ID != "call_1" {
		t.Errorf("the run ended with %+v", end)
	}
	input := agenttest.Paused()
	input.Messages[1].ToolCalls = input.Messages[1].ToolCalls[:1]
	input.Resume = []agui.ResumeEntry{{InterruptID: "call_1", Status: "resolved", Payload: agenttest.Raw(`{"approved":true}`)}}
	agenttest.Run(t, f, input)
	messages := p.Messages(t, 1)
	if got := messages[len(messages)-1]; got != `{"content":"{\"approved\":true}","role":"tool","tool_call_id":"call_1"}` {
		t.Errorf("the model got %s", got)
	}
}

func TestAFactorysFailuresAreToldSafely(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Status: 401, Body: agenttest.Raw(`{"error":{"message":"sk-own-key is wrong","type":"x"}}`)})
	failing := func(err error) func(context.Context, *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error) {
		return func(context.Context, *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error) { return nil, err }
	}
	for name, test := range map[string]struct {
		config factory.Config
		code   string
	}{
		"the provider's":      {factory.Config{}, "auth_failed"},
		"one that is safe":    {factory.Config{Stream: failing(&agent.Error{Code: "mine", Message: "Not today."})}, "mine"},
		"one that isn't":      {factory.Config{Stream: failing(errors.New("sk-own-key"))}, "provider_unavailable"},
		"no stream, no error": {factory.Config{Stream: failing(nil)}, "provider_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := agenttest.Collect(p.agent(t, test.config).Run(t.Context(), agenttest.Saying("Hi")))
			var failed *agent.Error
			if !errors.As(err, &failed) || failed.Code != test.code || strings.Contains(err.Error(), "sk-own-key") {
				t.Errorf("the run ended with %v", err)
			}
		})
	}
}

func TestAChunkThatIsTooLargeEndsTheRun(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Deltas: agenttest.Raws(`{"content":"` + strings.Repeat("x", agui.DefaultSSELimit) + `"}`)})
	events, err := agenttest.Collect(p.agent(t, factory.Config{}).Run(t.Context(), agenttest.Saying("Hi")))
	var failed *agent.Error
	if !errors.As(err, &failed) || failed.Code != "provider_unavailable" || len(events) != 0 {
		t.Errorf("the run ended with %v after %d events", err, len(events))
	}
}

func TestAFactorysStreamIsClosedWhenTheRunIsStopped(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Text: "Hel", Hang: true})
	for range p.agent(t, factory.Config{}).Run(t.Context(), agenttest.Saying("Hi")) {
		break
	}
	select {
	case <-p.Left():
	case <-time.After(10 * time.Second):
		t.Error("the connection to the provider is still open")
	}
}

func TestConvertInputSaysWhatItHasNoTypeFor(t *testing.T) {
	input := agenttest.Saying("")
	input.Messages[0].Content = agui.PartsContent(
		agui.InputContent{Type: "text", Text: "look"}, agui.InputContent{Type: "image", Source: data("image/png")})
	conversation, err := factory.ConvertInput(input)
	if err != nil {
		t.Fatal(err)
	}
	if got := agenttest.Compact(t, conversation.Messages); got != `[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aGVsbG8="}}]}]` {
		t.Errorf("got %s", got)
	}
	input.Messages[0].Content = agui.PartsContent(agui.InputContent{Type: "audio", Source: data("audio/wav")})
	_, err = factory.ConvertInput(input)
	var failed *agent.Error
	if !errors.As(err, &failed) || failed.Code != "unsupported_content" {
		t.Errorf("got %v", err)
	}
}

func data(mimeType string) *agui.InputContentSource {
	return &agui.InputContentSource{Type: "data", Value: "aGVsbG8=", MimeType: mimeType}
}
