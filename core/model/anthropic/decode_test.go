package anthropic_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// events returns a stream of events.
func events(events ...string) string {
	var b strings.Builder
	for _, event := range events {
		fmt.Fprintf(&b, "data: %s\n\n", event)
	}
	return b.String()
}

const (
	start = `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[],"usage":{"input_tokens":12,"cache_creation_input_tokens":5,"cache_read_input_tokens":100,"output_tokens":1}}}`
	stop  = `{"type":"message_stop"}`
)

func ended(reason string) string {
	return `{"type":"message_delta","delta":{"stop_reason":"` + reason + `","stop_sequence":null},"usage":{"output_tokens":30}}`
}

// text returns the event of a piece of a block of text.
func text(index int, piece string) string {
	return fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%q}}`, index, piece)
}

// answers returns what comes of a stream.
func answers(t testing.TB, lines string) modeltest.Result {
	t.Helper()
	n := &network{answers: []*http.Response{stream(lines)}}
	return modeltest.Ask(t.Context(), t, n.model(t, "claude-sonnet-4-5"), saying("Hi"))
}

// The stream is that of the documentation of extended thinking with tools.
func TestAStreamWithThinkingAndACall(t *testing.T) {
	got := answers(t, `event: message_start
data: `+start+`

event: ping
data: {"type": "ping"}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"The user asks for \"the\" weather."}           }

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0     }

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"EmwKAhgB"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}        }

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"I look \u2014 "}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"now."}    }

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_01","name":"get_weather","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"location\":"}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":" \"Paris\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89,"output_tokens_details":{"thinking_tokens":40}}}

event: message_stop
data: {"type":"message_stop"}

`)
	count := func(n int64) *int64 { return &n }
	want := modeltest.Result{
		Text: "I look — now.", Reasoning: `The user asks for "the" weather.`,
		ReasoningData: []string{`{"anthropic":{"signature":"EqQBCgIYAhIM"}}`, `{"anthropic":{"redacted":"EmwKAhgB"}}`},
		Calls:         []modeltest.Call{{ID: "toolu_01", Name: "get_weather", Arguments: `{"location": "Paris"}`}},
		Finish: &model.Finish{
			Reason: model.FinishToolCalls, Model: model.Name{Provider: "anthropic", Model: "claude-sonnet-4-5-20250929"},
			Usage: &model.Usage{
				InputTokens: count(117), OutputTokens: count(89), TotalTokens: count(206), ReasoningTokens: count(40),
				CachedInputTokens: count(100), CacheWriteInputTokens: count(5),
			},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestStreamsThatAreUnusual(t *testing.T) {
	call := func(index int, id, input string) string {
		return fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"tool_use","id":%q,"name":"f","input":%s}}`, index, id, input)
	}
	arguments := func(index int, piece string) string {
		return fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"input_json_delta","partial_json":%q}}`, index, piece)
	}
	thought := func(index int, kind, field, piece string) string {
		return fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":%q,%q:%q}}`, index, kind, field, piece)
	}
	for name, test := range map[string]struct {
		events []string
		want   modeltest.Result
	}{
		"events and blocks of tomorrow": {[]string{
			start, `{"type":"new_event","index":0}`, `{"type":"content_block_start","index":0,"content_block":{"type":"new_block","text":"x"}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"new_delta","text":"x"}}`, arguments(0, "x"), text(1, "ok"), `{"type":"content_block_stop","index":0}`, ended("end_turn"), stop,
		}, modeltest.Result{Text: "ok"}},
		"tools of the server": {[]string{
			start, `{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}`,
			arguments(0, `{"query":"x"}`), `{"type":"content_block_stop","index":0}`,
			`{"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}}`, text(2, "ok"), ended("pause_turn"), stop,
		}, modeltest.Result{Text: "ok"}},
		"blocks that are interleaved": {[]string{
			start, call(1, "a", "{}"), call(0, "b", "{}"), arguments(1, `{"x"`), arguments(0, `{"y"`), arguments(1, `:1}`), arguments(0, `:2}`), ended("tool_use"), stop,
		}, modeltest.Result{Calls: []modeltest.Call{{ID: "a", Name: "f", Arguments: `{"x":1}`}, {ID: "b", Name: "f", Arguments: `{"y":2}`}}}},
		"huge and negative indexes": {[]string{
			start, text(99999999, "o"), text(-1, "k"), call(1<<60, "a", "{}"), arguments(1<<60, `{}`), ended("tool_use"), stop,
		}, modeltest.Result{Text: "ok", Calls: []modeltest.Call{{ID: "a", Name: "f", Arguments: `{}`}}}},
		"the index of an earlier call": {[]string{
			start, call(0, "a", "{}"), arguments(0, `{}`), call(0, "b", `{"x": 1}`), ended("tool_use"), stop,
		}, modeltest.Result{Calls: []modeltest.Call{{ID: "a", Name: "f", Arguments: `{}`}, {ID: "b", Name: "f", Arguments: `{"x": 1}`}}}},
		"content with the beginning of a block": {[]string{
			start, `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"Hm.","signature":"s"}}`,
			`{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"o"}}`, text(1, "k"), ended("end_turn"), stop,
		}, modeltest.Result{Reasoning: "Hm.", ReasoningData: []string{`{"anthropic":{"signature":"s"}}`}, Text: "ok"}},
		"values of other types": {[]string{
			start, `{"type":"content_block_delta","index":"0","delta":{"type":"text_delta","text":7}}`, `{"type":"content_block_delta","index":0,"delta":[]}`,
			`{"type":"message_start","message":"x"}`, `{"type":"content_block_start","content_block":7}`, `[]`, `7`, `null`, `{"type":{}}`, text(0, "ok"),
			`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":"many"}}`, stop,
		}, modeltest.Result{Text: "ok"}},
		"a signature without thoughts": {[]string{
			start, `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}`, thought(0, "signature_delta", "signature", "a"), thought(0, "signature_delta", "signature", "b"), text(1, "ok"), ended("end_turn"), stop,
		}, modeltest.Result{ReasoningData: []string{`{"anthropic":{"signature":"ab"}}`}, Text: "ok"}},
		"thoughts between text and a call": {[]string{
			start, thought(0, "thinking_delta", "thinking", "Hm."), thought(0, "signature_delta", "signature", "a"), text(1, "ok"),
			thought(2, "thinking_delta", "thinking", "So."), thought(2, "signature_delta", "signature", "b"), call(3, "a", "{}"), ended("tool_use"), stop,
		}, modeltest.Result{
			Reasoning: "Hm.So.", ReasoningData: []string{`{"anthropic":{"signature":"a"}}`, `{"anthropic":{"signature":"b","after":1}}`},
			Text: "ok", Calls: []modeltest.Call{{ID: "a", Name: "f"}},
		}},
		"halves of characters": {[]string{
			start, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ud83d"}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ude80"}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ud83d"}}`, ended("end_turn"), stop,
		}, modeltest.Result{Text: "🚀\ufffd"}},
		"no message_stop":             {[]string{start, text(0, "ok"), ended("end_turn")}, modeltest.Result{Text: "ok"}},
		"no reason":                   {[]string{start, text(0, "ok"), stop}, modeltest.Result{Text: "ok"}},
		"the end of another protocol": {[]string{start, text(0, "ok"), `[DONE]`}, modeltest.Result{Text: "ok"}},
		"no usage":                    {[]string{`{"type":"message_start"}`, text(0, "ok"), `{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`, stop}, modeltest.Result{Text: "ok"}},
		"all that comes after it":     {[]string{start, text(0, "ok"), ended("end_turn"), stop, text(0, "!"), "{"}, modeltest.Result{Text: "ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := answers(t, events(test.events...))
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			got.Finish = nil
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestStreamsThatFail(t *testing.T) {
	failure := func(kind, message string) string {
		return `{"type":"error","error":{"type":"` + kind + `","message":"` + message + ` sk-ant-key"},"request_id":"req_1"}`
	}
	for name, test := range map[string]struct {
		events []string
		want   model.Code
	}{
		"an overload":            {[]string{start, text(0, "o"), failure("overloaded_error", "Overloaded")}, model.CodeProviderUnavailable},
		"a failure":              {[]string{failure("api_error", "Internal server error")}, model.CodeProviderUnavailable},
		"a limit":                {[]string{start, failure("rate_limit_error", "Too many")}, model.CodeRateLimited},
		"a fault of the request": {[]string{start, failure("invalid_request_error", "Bad")}, model.CodeInvalidRequest},
		"no right":               {[]string{failure("permission_error", "No")}, model.CodeAuthFailed},
		"an end without reason":  {[]string{start, text(0, "o")}, model.CodeProviderUnavailable},
		"half of an event":       {[]string{start, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","te`}, model.CodeProviderUnavailable},
		"no JSON":                {[]string{"<html>"}, model.CodeProviderUnavailable},
		"a nameless call":        {[]string{start, `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a"}}`}, model.CodeProviderUnavailable},
		"nothing":                {nil, model.CodeProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			got := answers(t, events(test.events...))
			if code(got.Err) != test.want || got.Finish != nil {
				t.Fatalf("got %+v", got)
			}
			if strings.Contains(got.Err.Error(), "sk-ant") {
				t.Errorf("the log has the key: %v", got.Err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		status        int
		kind, message string
		want          model.Code
	}{
		"a wrong key":         {401, "authentication_error", "invalid x-api-key", model.CodeAuthFailed},
		"no right":            {403, "permission_error", "Your key can't", model.CodeAuthFailed},
		"no such model":       {404, "not_found_error", "model: claude-x", model.CodeModelNotFound},
		"too large":           {413, "request_too_large", "Request exceeds the maximum size", model.CodeRequestTooLarge},
		"too long":            {400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", model.CodeContextLength},
		"too long altogether": {400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 2", model.CodeContextLength},
		"no money":            {400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", model.CodeQuotaExceeded},
		"too many":            {429, "rate_limit_error", "Too many", model.CodeRateLimited},
		"a failure":           {500, "api_error", "Internal", model.CodeProviderUnavailable},
		"an overload":         {529, "overloaded_error", "Overloaded", model.CodeProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{answers: []*http.Response{refusal(test.status, `{"type":"error","error":{"type":"`+test.kind+`","message":"`+test.message+`"}}`)}}
			if got := modeltest.Ask(t.Context(), t, n.model(t, "claude-x"), saying("Hi")); code(got.Err) != test.want {
				t.Errorf("got %v", got.Err)
			}
		})
	}
}

func TestAnOverloadIsTriedAgain(t *testing.T) {
	busy := refusal(529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`)
	busy.Header.Set("Retry-After", "0")
	n := &network{answers: []*http.Response{busy}}
	request := saying("Hi")
	request.Settings.MaxRetries = pointer(1)
	if got := modeltest.Ask(t.Context(), t, n.model(t, "claude-x"), request); got.Text != "ok" || len(n.bodies) != 2 {
		t.Errorf("got %+v with %d requests", got, len(n.bodies))
	}
}

func TestReasonsToEnd(t *testing.T) {
	for reason, want := range map[string]model.FinishReason{
		"end_turn": model.FinishStop, "stop_sequence": model.FinishStop, "pause_turn": model.FinishStop, "tool_use": model.FinishToolCalls,
		"max_tokens": model.FinishLength, "model_context_window_exceeded": model.FinishLength, "refusal": model.FinishContentFilter, "new": model.FinishOther,
	} {
		if got := answers(t, events(start, ended(reason), stop)); got.Err != nil || got.Finish.Reason != want {
			t.Errorf("%s is %+v", reason, got.Finish)
		}
	}
}

// A provider that sends pieces of one byte must not keep this side busy for long.
func TestManySmallPiecesTakeLinearTime(t *testing.T) {
	const pieces = 30_000
	for name, event := range map[string]string{
		"of text":       text(0, "a"),
		"of signatures": `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"a"}}`,
		"of blocks":     `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			got := answers(t, events(start)+strings.Repeat(events(event), pieces)+events(ended("end_turn"), stop))
			if got.Err != nil || len(got.Text)+len(strings.Join(got.ReasoningData, "")) < pieces {
				t.Errorf("got %d bytes, %v", len(got.Text), got.Err)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
	t.Run("and data has a limit", func(t *testing.T) {
		part := `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"` + strings.Repeat("a", 1<<16) + `"}}`
		if got := answers(t, events(start)+strings.Repeat(events(part), 20)); code(got.Err) != model.CodeAnswerTooLarge {
			t.Errorf("got %v", got.Err)
		}
	})
}

func TestDataOfSomebodyElseIsPassedOver(t *testing.T) {
	for _, data := range []string{
		"", "x", `[]`, `{"anthropic":7}`, `{"anthropic":{}}`, `{"anthropic":{"signature":7}}`, `{"anthropic":{"signature":"s","after":-1}}`,
		`{"bedrock":{"signature":"s"}}`, `{"anthropic":{"signature":"` + strings.Repeat("s", 3<<20) + `"}}`,
	} {
		request := saying("Hi")
		request.Messages = append(request.Messages,
			agui.Message{Role: agui.RoleReasoning, Content: agui.TextContent("THOUGHT"), EncryptedValue: data},
			agui.Message{Role: agui.RoleAssistant, Content: agui.TextContent("Hello")},
			agui.Message{Role: agui.RoleUser, Content: agui.TextContent("Hi")})
		n := &network{}
		if got := modeltest.Ask(t.Context(), t, n.model(t, "claude-x"), request); got.Err != nil || strings.Contains(n.bodies[0], "THOUGHT") {
			t.Errorf("with %.50q: got %v, sent %.500s", data, got.Err, n.bodies[0])
		}
	}
}
