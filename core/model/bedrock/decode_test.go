package bedrock_test

import (
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/test/dialecttest"
)

// answers returns what comes of a stream.
func answers(t testing.TB, frames string) modeltest.Result {
	t.Helper()
	n := &network{answers: []*http.Response{stream(frames)}}
	return modeltest.Ask(t.Context(), t, n.model(t, sonnet), saying("Hi"))
}

var end = events("messageStop", `{"stopReason":"end_turn"}`, "metadata", `{"usage":{"inputTokens":1,"outputTokens":2}}`)

func text(payload string) string { return events("contentBlockDelta", payload) }

func TestAStreamWithReasoningAndACall(t *testing.T) {
	got := answers(t, events(
		"messageStart", `{"p":"abcdefghijkl","role":"assistant"}`,
		"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Let me "}},"p":"abc"}`,
		"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"see."}},"p":"abcdefg"}`,
		"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"Ep0CCkgIC"}},"p":"ab"}`,
		"contentBlockStop", `{"contentBlockIndex":0,"p":"abcd"}`,
		"contentBlockDelta", `{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"YQ=="}},"p":"ab"}`,
		"contentBlockDelta", `{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"Yg=="}},"p":"ab"}`,
		"contentBlockStop", `{"contentBlockIndex":1,"p":"abcd"}`,
		"contentBlockDelta", `{"contentBlockIndex":2,"delta":{"text":"I look\n\"now\"."},"p":"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}`,
		"contentBlockStop", `{"contentBlockIndex":2,"p":"abcd"}`,
		"contentBlockStart", `{"contentBlockIndex":3,"p":"a","start":{"toolUse":{"name":"get_weather","toolUseId":"tooluse_1"}}}`,
		"contentBlockDelta", `{"contentBlockIndex":3,"delta":{"toolUse":{"input":""}},"p":"abcdef"}`,
		"contentBlockDelta", `{"contentBlockIndex":3,"delta":{"toolUse":{"input":"{\"city\": \"Oslo\"}"}},"p":"abcdef"}`,
		"contentBlockStop", `{"contentBlockIndex":3,"p":"abcd"}`,
		"messageStop", `{"additionalModelResponseFields":{"delta":{"stop_sequence":null}},"p":"abc","stopReason":"tool_use"}`,
		"metadata", `{"metrics":{"latencyMs":2281},"p":"ab","usage":{"cacheReadInputTokens":100,"cacheWriteInputTokens":5,"inputTokens":51,"outputTokens":94,"serverToolUsage":{},"totalTokens":250}}`))
	count := func(n int64) *int64 { return &n }
	want := modeltest.Result{
		Text: "I look\n\"now\".", Reasoning: "Let me see.",
		ReasoningData: []string{`{"bedrock":{"signature":"Ep0CCkgIC"}}`, `{"bedrock":{"redacted":"YQ==Yg=="}}`},
		Calls:         []modeltest.Call{{ID: "tooluse_1", Name: "get_weather", Arguments: `{"city": "Oslo"}`}},
		Finish: &model.Finish{
			Reason: model.FinishToolCalls, Model: model.Name{Provider: "bedrock", Model: sonnet},
			Usage: &model.Usage{InputTokens: count(156), OutputTokens: count(94), TotalTokens: count(250), CachedInputTokens: count(100), CacheWriteInputTokens: count(5)},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestStreamsThatAreUnusual(t *testing.T) {
	headers := func(headers [][2]string, payload string) string {
		return string(dialecttest.BedrockFrame(headers, []byte(payload)))
	}
	for name, test := range map[string]struct{ frames, want string }{
		"the usage before the end":      {text(`{"contentBlockIndex":0,"delta":{"text":"ok"}}`) + events("metadata", `{"usage":{"inputTokens":1}}`, "messageStop", `{"stopReason":"end_turn"}`), "ok"},
		"no usage":                      {text(`{"contentBlockIndex":0,"delta":{"text":"ok"}}`) + events("messageStop", `{"stopReason":"end_turn"}`), "ok"},
		"a beginning of a block":        {events("contentBlockStart", `{"contentBlockIndex":0,"start":{}}`) + text(`{"contentBlockIndex":0,"delta":{"text":"ok"}}`) + end, "ok"},
		"events of tomorrow":            {events("newEvent", `{"x":1}`, "initial-response", `{}`) + text(`{"contentBlockIndex":0,"delta":{"text":"ok"}}`) + end, "ok"},
		"deltas of tomorrow":            {text(`{"contentBlockIndex":0,"delta":{"citation":{"text":"x"}}}`) + text(`{"contentBlockIndex":0,"delta":{"text":"ok"}}`) + end, "ok"},
		"messages of tomorrow":          {headers([][2]string{{":message-type", "new"}}, "x") + headers(nil, "x") + text(`{"contentBlockIndex":0,"delta":{"text":"ok"}}`) + end, "ok"},
		"values of other types":         {text(`{"contentBlockIndex":"x","delta":{"text":7,"toolUse":7,"reasoningContent":[]}}`) + text(`[]`) + text(`{"contentBlockIndex":1,"delta":{"text":"ok"}}`) + end, "ok"},
		"arguments of no call":          {text(`{"contentBlockIndex":5,"delta":{"toolUse":{"input":"{}"}}}`) + text(`{"contentBlockIndex":1,"delta":{"text":"ok"}}`) + end, "ok"},
		"escapes and other orders":      {text(`{"delta":{"text":"o"},"contentBlockIndex":0}`) + text(`{"contentBlockIndex":0,"delta":{"text":"\u006b"},"p":"\u006b"}`) + end, "ok"},
		"a text that looks like others": {text(`{"contentBlockIndex":0,"delta":{"text":"\"},\"p\":\""}}`) + end, `"},"p":"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := answers(t, test.frames)
			if got.Err != nil || got.Text != test.want || len(got.Calls) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestStreamsThatFail(t *testing.T) {
	said := text(`{"contentBlockIndex":0,"delta":{"text":"o"}}`)
	flip := func(frame string, at int) string {
		changed := []byte(frame)
		changed[at] ^= 1
		return string(changed)
	}
	prelude := func(total, headers uint32) string {
		b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, total), headers)
		return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
	}
	// badHeaders is a frame with correct sums and headers that aren't.
	badHeaders := func(headers string) string {
		b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(16+len(headers))), uint32(len(headers)))
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
		b = append(b, headers...)
		return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
	}
	for name, test := range map[string]struct {
		frames string
		want   model.Code
	}{
		"throttling":              {said + exception("throttlingException", "Too many requests"), model.CodeRateLimited},
		"a model that fails":      {said + exception("modelStreamErrorException", "x"), model.CodeProviderUnavailable},
		"a fault of the request":  {exception("validationException", "x"), model.CodeInvalidRequest},
		"a failure":               {exception("internalServerException", "x"), model.CodeProviderUnavailable},
		"a service that is down":  {exception("serviceUnavailableException", "x"), model.CodeProviderUnavailable},
		"a model that is slow":    {exception("modelTimeoutException", "x"), model.CodeProviderUnavailable},
		"an error":                {string(dialecttest.BedrockFrame([][2]string{{":message-type", "error"}, {":error-code", "ThrottlingException"}, {":error-message", "slow down"}}, nil)), model.CodeRateLimited},
		"nothing":                 {"", model.CodeProviderUnavailable},
		"no end":                  {said, model.CodeProviderUnavailable},
		"half of a prelude":       {said + end[:7], model.CodeProviderUnavailable},
		"half of a frame":         {said + end[:30], model.CodeProviderUnavailable},
		"a wrong prelude":         {flip(said, 3), model.CodeProviderUnavailable},
		"a wrong payload":         {flip(said, len(said)-8), model.CodeProviderUnavailable},
		"a wrong sum":             {flip(said, len(said)-1), model.CodeProviderUnavailable},
		"a frame too large":       {prelude(16<<20+1, 0), model.CodeProviderUnavailable},
		"a frame too small":       {prelude(15, 0), model.CodeProviderUnavailable},
		"more headers than frame": {prelude(32, 17), model.CodeProviderUnavailable},
		"a header cut off":        {badHeaders("\x05abc"), model.CodeProviderUnavailable},
		"a value cut off":         {badHeaders("\x01a\x07\x00\x09abc"), model.CodeProviderUnavailable},
		"a type of header":        {badHeaders("\x01a\x63"), model.CodeProviderUnavailable},
		"no JSON":                 {text("x"), model.CodeProviderUnavailable},
		"half of JSON":            {text(`{"contentBlockIndex":0,"delta":{"text":"o`), model.CodeProviderUnavailable},
		"a nameless call":         {events("contentBlockStart", `{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a"}}}`), model.CodeProviderUnavailable},
		"lines of text":           {"data: {}\n\n", model.CodeProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			got := answers(t, test.frames)
			if code(got.Err) != test.want || got.Finish != nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestReasonsToEnd(t *testing.T) {
	for reason, want := range map[string]model.FinishReason{
		"end_turn": model.FinishStop, "stop_sequence": model.FinishStop, "tool_use": model.FinishToolCalls, "max_tokens": model.FinishLength,
		"model_context_window_exceeded": model.FinishLength, "guardrail_intervened": model.FinishContentFilter, "content_filtered": model.FinishContentFilter,
		"malformed_model_output": model.FinishOther, "": model.FinishOther,
	} {
		got := answers(t, events("messageStop", `{"stopReason":"`+reason+`"}`))
		if got.Err != nil || got.Finish.Reason != want {
			t.Errorf("%s is %+v, %v", reason, got.Finish, got.Err)
		}
	}
}

func TestALargeFrameAndManySmallOnesAreRead(t *testing.T) {
	large := strings.Repeat("0123456789", 100_000)
	if got := answers(t, text(`{"contentBlockIndex":0,"delta":{"text":"`+large+`"}}`)+end); got.Err != nil || got.Text != large {
		t.Errorf("got %d bytes, %v", len(got.Text), got.Err)
	}
	began := time.Now()
	const pieces = 30_000
	got := answers(t, strings.Repeat(text(`{"contentBlockIndex":0,"delta":{"text":"a"},"p":"abc"}`), pieces)+end)
	if took := time.Since(began); got.Err != nil || len(got.Text) != pieces || took > 20*time.Second {
		t.Errorf("got %d bytes in %v, %v", len(got.Text), took, got.Err)
	}
}
