package builtin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func TestEveryDeltaIsAnEvent(t *testing.T) {
	for name, test := range map[string]struct {
		answer scriptedmodel.Answer
		want   []string
	}{
		"text": {
			scriptedmodel.Answer{Text: "One two"},
			[]string{
				`TEXT_MESSAGE_START {"messageId":"m1"}`,
				`TEXT_MESSAGE_CONTENT {"delta":"One ","messageId":"m1"}`,
				`TEXT_MESSAGE_CONTENT {"delta":"two","messageId":"m1"}`,
				`TEXT_MESSAGE_END {"messageId":"m1"}`,
				`RUN_FINISHED {"finishReason":"stop"}`,
			},
		},
		"nothing": {
			scriptedmodel.Answer{},
			[]string{`RUN_FINISHED {"finishReason":"stop"}`},
		},
		"a refusal is text, and the reason of the end": {
			scriptedmodel.Answer{Deltas: agenttest.Raws(`{"refusal":"No."}`)},
			[]string{
				`TEXT_MESSAGE_START {"messageId":"m1"}`,
				`TEXT_MESSAGE_CONTENT {"delta":"No.","messageId":"m1"}`,
				`TEXT_MESSAGE_END {"messageId":"m1"}`,
				`RUN_FINISHED {"finishReason":"content-filter"}`,
			},
		},
		"reasoning under its other name, once when both are given": {
			scriptedmodel.Answer{Deltas: agenttest.Raws(`{"reasoning":"a"}`, `{"reasoning":"b","reasoning_content":"b"}`, `{"content":"c"}`)},
			[]string{
				`REASONING_START {"messageId":"m1"}`,
				`REASONING_MESSAGE_START {"messageId":"m1"}`,
				`REASONING_MESSAGE_CONTENT {"delta":"a","messageId":"m1"}`,
				`REASONING_MESSAGE_CONTENT {"delta":"b","messageId":"m1"}`,
				`REASONING_MESSAGE_END {"messageId":"m1"}`,
				`REASONING_END {"messageId":"m1"}`,
				`TEXT_MESSAGE_START {"messageId":"m2"}`,
				`TEXT_MESSAGE_CONTENT {"delta":"c","messageId":"m2"}`,
				`TEXT_MESSAGE_END {"messageId":"m2"}`,
				`RUN_FINISHED {"finishReason":"stop"}`,
			},
		},
		"reasoning and nothing else is closed": {
			scriptedmodel.Answer{Deltas: agenttest.Raws(`{"reasoning_content":"a"}`), FinishReason: "length"},
			[]string{
				`REASONING_START {"messageId":"m1"}`,
				`REASONING_MESSAGE_START {"messageId":"m1"}`,
				`REASONING_MESSAGE_CONTENT {"delta":"a","messageId":"m1"}`,
				`REASONING_MESSAGE_END {"messageId":"m1"}`,
				`REASONING_END {"messageId":"m1"}`,
				`RUN_FINISHED {"finishReason":"length"}`,
			},
		},
		"thinking in a list of parts": {
			scriptedmodel.Answer{Deltas: agenttest.Raws(
				`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}`, `{"content":[{"type":"text","text":"so"}]}`)},
			[]string{
				`REASONING_START {"messageId":"m1"}`,
				`REASONING_MESSAGE_START {"messageId":"m1"}`,
				`REASONING_MESSAGE_CONTENT {"delta":"hm","messageId":"m1"}`,
				`REASONING_MESSAGE_END {"messageId":"m1"}`,
				`REASONING_END {"messageId":"m1"}`,
				`TEXT_MESSAGE_START {"messageId":"m2"}`,
				`TEXT_MESSAGE_CONTENT {"delta":"so","messageId":"m2"}`,
				`TEXT_MESSAGE_END {"messageId":"m2"}`,
				`RUN_FINISHED {"finishReason":"stop"}`,
			},
		},
		"tool calls that are all numbered 0": {
			scriptedmodel.Answer{Deltas: agenttest.Raws(
				`{"tool_calls":[{"index":0,"id":"a","function":{"name":"paint","arguments":"{\"color\":\"red\"}"}}]}`,
				`{"tool_calls":[{"index":0,"id":"b","function":{"name":"paint","arguments":"{\"color\":\"blue\"}"}}]}`)},
			[]string{
				`TOOL_CALL_START {"parentMessageId":"m1","toolCallId":"a","toolCallName":"paint"}`,
				`TOOL_CALL_ARGS {"delta":"{\"color\":\"red\"}","toolCallId":"a"}`,
				`TOOL_CALL_START {"parentMessageId":"m1","toolCallId":"b","toolCallName":"paint"}`,
				`TOOL_CALL_ARGS {"delta":"{\"color\":\"blue\"}","toolCallId":"b"}`,
				`TOOL_CALL_END {"toolCallId":"a"}`,
				`TOOL_CALL_END {"toolCallId":"b"}`,
				`RUN_FINISHED {"finishReason":"tool-calls"}`,
			},
		},
		"tool calls in turns": {
			scriptedmodel.Answer{Deltas: agenttest.Raws(
				`{"tool_calls":[{"index":0,"id":"a","function":{"name":"paint","arguments":"{\"color\":"}},{"index":1,"id":"b","function":{"name":"paint","arguments":"{\"color\":"}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}},{"index":1,"function":{"arguments":"2}"}}]}`)},
			[]string{
				`TOOL_CALL_START {"parentMessageId":"m1","toolCallId":"a","toolCallName":"paint"}`,
				`TOOL_CALL_ARGS {"delta":"{\"color\":","toolCallId":"a"}`,
				`TOOL_CALL_START {"parentMessageId":"m1","toolCallId":"b","toolCallName":"paint"}`,
				`TOOL_CALL_ARGS {"delta":"{\"color\":","toolCallId":"b"}`,
				`TOOL_CALL_ARGS {"delta":"1}","toolCallId":"a"}`,
				`TOOL_CALL_ARGS {"delta":"2}","toolCallId":"b"}`,
				`TOOL_CALL_END {"toolCallId":"a"}`,
				`TOOL_CALL_END {"toolCallId":"b"}`,
				`RUN_FINISHED {"finishReason":"tool-calls"}`,
			},
		},
		"arguments that are an object or missing": {
			scriptedmodel.Answer{Deltas: agenttest.Raws(
				`{"tool_calls":[{"id":"a","function":{"name":"paint","arguments":{"color":"red"}}}]}`,
				`{"tool_calls":[{"id":"b","function":{"name":"paint"}}]}`)},
			[]string{
				`TOOL_CALL_START {"parentMessageId":"m1","toolCallId":"a","toolCallName":"paint"}`,
				`TOOL_CALL_ARGS {"delta":"{\"color\":\"red\"}","toolCallId":"a"}`,
				`TOOL_CALL_START {"parentMessageId":"m1","toolCallId":"b","toolCallName":"paint"}`,
				`TOOL_CALL_END {"toolCallId":"a"}`,
				`TOOL_CALL_ARGS {"delta":"{}","toolCallId":"b"}`,
				`TOOL_CALL_END {"toolCallId":"b"}`,
				`RUN_FINISHED {"finishReason":"tool-calls"}`,
			},
		},
		"text after a tool call is a message of its own": {
			scriptedmodel.Answer{Deltas: append(append(agenttest.Raws(`{"content":"x"}`), scriptedmodel.ToolCall(0, "a", "paint", "{}")...), agenttest.Raw(`{"content":"y"}`))},
			[]string{
				`TEXT_MESSAGE_START {"messageId":"m1"}`,
				`TEXT_MESSAGE_CONTENT {"delta":"x","messageId":"m1"}`,
				`TEXT_MESSAGE_END {"messageId":"m1"}`,
				`TOOL_CALL_START {"parentMessageId":"m1","toolCallId":"a","toolCallName":"paint"}`,
				`TOOL_CALL_ARGS {"delta":"{}","toolCallId":"a"}`,
				`TEXT_MESSAGE_START {"messageId":"m2"}`,
				`TEXT_MESSAGE_CONTENT {"delta":"y","messageId":"m2"}`,
				`TEXT_MESSAGE_END {"messageId":"m2"}`,
				`TOOL_CALL_END {"toolCallId":"a"}`,
				`RUN_FINISHED {"finishReason":"tool-calls"}`,
			},
		},
		"keep-alives and event names are no errors": {
			scriptedmodel.Answer{Lines: []string{": PROCESSING\n\n", "event: chunk\n", "id: 7\n"}, Text: "ok"},
			[]string{
				`TEXT_MESSAGE_START {"messageId":"m1"}`,
				`TEXT_MESSAGE_CONTENT {"delta":"ok","messageId":"m1"}`,
				`TEXT_MESSAGE_END {"messageId":"m1"}`,
				`RUN_FINISHED {"finishReason":"stop"}`,
			},
		},
		"an end without a reason": {
			scriptedmodel.Answer{Lines: []string{"data: {\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}\n\ndata:\n\ndata: [DONE]\n\n"}, Break: true},
			[]string{
				`TEXT_MESSAGE_START {"messageId":"m1"}`,
				`TEXT_MESSAGE_CONTENT {"delta":"ok","messageId":"m1"}`,
				`TEXT_MESSAGE_END {"messageId":"m1"}`,
				`RUN_FINISHED {"finishReason":"other"}`,
			},
		},
		"tokens are counted": {
			scriptedmodel.Answer{Usage: agenttest.Raw(`{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":3}}`)},
			[]string{`RUN_FINISHED {"finishReason":"stop","usage":[{"cachedInputTokens":2,"inputTokens":5,"model":"scripted","outputTokens":7,"provider":"openai","reasoningTokens":3,"totalTokens":12}]}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			input := agenttest.Saying("Hi")
			input.Tools = []agui.Tool{agenttest.PaintTool()}
			events := agenttest.Run(t, scripted(t, test.answer).agent(t, builtin.Config{}), input)
			agenttest.WantLines(t, agenttest.Lines(t, events), test.want...)
		})
	}
}

func TestAnAnswerThatBreaksOffIsAnError(t *testing.T) {
	for name, answer := range map[string]scriptedmodel.Answer{
		"the connection is lost":      {Text: "Hel", Break: true},
		"a chunk isn't JSON":          {Lines: []string{"data: {\"choices\n\n"}},
		"an error after keep-alives":  {Lines: []string{": wait\n\n", "data: {\"error\":{\"message\":\"overloaded\"}}\n\n"}, Break: true},
		"an error of unusual shape":   {Lines: []string{"data: {\"error\":\"overloaded\"}\n\n"}, Break: true},
		"an error beside the choices": {Lines: []string{"data: {\"id\":\"x\",\"error\":{\"code\":502,\"message\":\"overloaded\"},\"choices\":[]}\n\n"}},
		"a tool call has no name":     {Deltas: agenttest.Raws(`{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{}"}}]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := agenttest.Collect(scripted(t, answer).agent(t, builtin.Config{}).Run(t.Context(), agenttest.Saying("Hi")))
			var failed *agent.Error
			if !errors.As(err, &failed) || failed.Code != "provider_unavailable" {
				t.Errorf("the run ended with %v", err)
			}
		})
	}
}

func TestReasoningIsClosedBeforeAnError(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Deltas: scriptedmodel.Reasoning("hm"), Break: true})
	events, err := agenttest.Collect(p.agent(t, builtin.Config{}).Run(t.Context(), agenttest.Saying("Hi")))
	if err == nil {
		t.Fatal("no error")
	}
	agenttest.WantLines(t, agenttest.Lines(t, events),
		`REASONING_START {"messageId":"m1"}`,
		`REASONING_MESSAGE_START {"messageId":"m1"}`,
		`REASONING_MESSAGE_CONTENT {"delta":"hm","messageId":"m1"}`,
		`REASONING_MESSAGE_END {"messageId":"m1"}`,
		`REASONING_END {"messageId":"m1"}`,
	)
}

func TestTheProvidersConnectionIsClosedAtOnce(t *testing.T) {
	left := func(t *testing.T, p provider) {
		t.Helper()
		select {
		case <-p.Left():
		case <-time.After(10 * time.Second):
			t.Fatal("the connection to the provider is still open")
		}
		if open := p.Status().Open; open != 0 {
			t.Errorf("%d answers are still open", open)
		}
	}
	t.Run("when the run is stopped", func(t *testing.T) {
		p := scripted(t, scriptedmodel.Answer{Text: "Hel", Hang: true})
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		stopped := errors.New("stopped by the user")
		var last error
		for event, err := range p.agent(t, builtin.Config{}).Run(ctx, agenttest.Saying("Hi")) {
			if _, ok := event.(agui.TextMessageContentEvent); ok {
				cancel(stopped)
			}
			last = err
		}
		left(t, p)
		if !errors.Is(last, stopped) {
			t.Errorf("the run ended with %v", last)
		}
	})
	t.Run("when nobody wants the events any more", func(t *testing.T) {
		p := scripted(t, scriptedmodel.Answer{Text: "Hel", Hang: true})
		for range p.agent(t, builtin.Config{}).Run(t.Context(), agenttest.Saying("Hi")) {
			break
		}
		left(t, p)
	})
}
