package responses_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// lines returns a stream of events.
func lines(events ...string) string {
	return "data: " + strings.Join(events, "\n\ndata: ") + "\n\n"
}

// thinking and calling are as OpenAI's documentation and recorded answers have them.
const (
	created  = `{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","error":null,"incomplete_details":null,"model":"gpt-5-2025-08-07","output":[],"usage":null}}`
	thinks   = `{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"half","summary":[]}}`
	part0    = `{"type":"response.reasoning_summary_part.added","sequence_number":3,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}`
	think0   = `{"type":"response.reasoning_summary_text.delta","sequence_number":4,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"**Plan","obfuscation":"2aj"}`
	think0b  = `{"type":"response.reasoning_summary_text.delta","sequence_number":5,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"ning**"}`
	think0c  = `{"type":"response.reasoning_summary_text.done","sequence_number":6,"item_id":"rs_1","output_index":0,"summary_index":0,"text":"**Planning**"}`
	think1   = `{"type":"response.reasoning_summary_text.delta","sequence_number":8,"item_id":"rs_1","output_index":0,"summary_index":1,"delta":"Next"}`
	thought  = `{"type":"response.output_item.done","sequence_number":9,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"gAAAAAB","summary":[{"type":"summary_text","text":"**Planning**"},{"type":"summary_text","text":"Next"}]}}`
	calls    = `{"type":"response.output_item.added","sequence_number":10,"output_index":1,"item":{"id":"fc_1","type":"function_call","status":"in_progress","arguments":"","call_id":"call_A","name":"calculator"}}`
	args     = `{"type":"response.function_call_arguments.delta","sequence_number":11,"item_id":"fc_1","output_index":1,"delta":"{\"a\"","obfuscation":"h"}`
	args2    = `{"type":"response.function_call_arguments.delta","sequence_number":12,"item_id":"fc_other","output_index":1,"delta":":12}"}`
	argsDone = `{"type":"response.function_call_arguments.done","sequence_number":13,"item_id":"fc_1","output_index":1,"arguments":"{\"a\":12}"}`
	called   = `{"type":"response.output_item.done","sequence_number":14,"output_index":1,"item":{"id":"fc_1","type":"function_call","status":"completed","arguments":"{\"a\":12}","call_id":"call_A","name":"calculator"}}`
	ended    = `{"type":"response.completed","sequence_number":15,"response":{"id":"resp_1","status":"completed","error":null,"incomplete_details":null,"model":"gpt-5-2025-08-07","output":[],"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":64,"cache_write_tokens":7},"output_tokens":20,"output_tokens_details":{"reasoning_tokens":12},"total_tokens":120}}}`
	says     = `{"type":"response.output_text.delta","sequence_number":16,"item_id":"msg_1","output_index":2,"content_index":0,"delta":"The","logprobs":[],"obfuscation":"o6s"}`
)

func text(index int, text string) string {
	return fmt.Sprintf(`{"type":"response.output_text.delta","sequence_number":1,"item_id":"msg","output_index":%d,"content_index":0,"delta":"%s","logprobs":[]}`, index, text)
}

func TestAnswersAreDecoded(t *testing.T) {
	incomplete := func(reason string) string {
		return `{"type":"response.incomplete","response":{"model":"m","incomplete_details":{"reason":"` + reason + `"}}}`
	}
	call := modeltest.Call{ID: "call_A", Name: "calculator", Arguments: `{"a":12}`}
	for name, test := range map[string]struct {
		events []string
		want   modeltest.Result
		reason model.FinishReason
	}{
		"thinking and a call": {[]string{created, thinks, part0, think0, think0b, think0c, think1, thought, calls, args, args2, argsDone, called, ended},
			modeltest.Result{Reasoning: "**Planning**\n\nNext", ReasoningData: []string{`{"openai":{"encrypted":"gAAAAAB"}}`}, Calls: []modeltest.Call{call}}, model.FinishToolCalls},
		"whole items only": {[]string{thought, called, `{"type":"response.output_item.done","output_index":2,"item":{"type":"message","phase":"final_answer","content":[{"type":"output_text","text":"Hi"}]}}`, ended},
			modeltest.Result{Reasoning: "**Planning**\n\nNext", ReasoningData: []string{`{"openai":{"encrypted":"gAAAAAB"}}`}, Text: "Hi", TextData: `{"openai":{"phase":"final_answer"}}`, Calls: []modeltest.Call{call}}, model.FinishToolCalls},
		"thinking that can't be sent back": {[]string{thinks, `{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","summary":[]}}`, says, ended}, modeltest.Result{Text: "The"}, model.FinishStop},
		"two that can":                     {[]string{thinks, thought, strings.ReplaceAll(thought, `"output_index":0`, `"output_index":1`), ended}, modeltest.Result{Reasoning: "**Planning**\n\nNext**Planning**\n\nNext", ReasoningData: []string{`{"openai":{"encrypted":"gAAAAAB"}}`, `{"openai":{"encrypted":"gAAAAAB"}}`}}, model.FinishStop},
		"two messages":                     {[]string{text(0, "I search."), text(0, " Wait."), text(2, "Found"), text(2, "."), ended}, modeltest.Result{Text: "I search. Wait.\n\nFound."}, model.FinishStop},
		"half characters":                  {[]string{text(0, `a\ud83d`), text(0, `\ude00b`), text(0, `\ud83d`), text(1, "c"), ended}, modeltest.Result{Text: "a😀b\ufffd\n\nc"}, model.FinishStop},
		"a search of the web": {[]string{created,
			`{"type":"response.output_item.added","output_index":1,"item":{"id":"ws_1","type":"web_search_call","status":"in_progress"}}`,
			`{"type":"response.web_search_call.searching","output_index":1,"item_id":"ws_1"}`,
			`{"type":"response.output_item.done","output_index":1,"item":{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q","sources":[{"type":"url","url":"https://example.com"}]}}}`,
			says, `{"type":"response.output_text.annotation.added","output_index":2,"annotation":{"type":"url_citation","url":"https://example.com","title":"T"}}`,
			`{"type":"response.output_text.done","output_index":2,"text":"The"}`, `{"type":"response.content_part.done","output_index":2,"part":{"type":"output_text","text":"The"}}`,
			`{"type":"response.output_item.done","output_index":2,"item":{"type":"message","content":[{"type":"output_text","text":"The"}]}}`, ended}, modeltest.Result{Text: "The"}, model.FinishStop},
		"a refusal":                       {[]string{`{"type":"response.refusal.delta","output_index":0,"delta":"I can't"}`, ended}, modeltest.Result{Text: "I can't"}, model.FinishContentFilter},
		"a whole refusal":                 {[]string{`{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"refusal","refusal":"I can't"}]}}`, ended}, modeltest.Result{Text: "I can't"}, model.FinishContentFilter},
		"an answer that was too long":     {[]string{text(0, "a"), incomplete("max_output_tokens")}, modeltest.Result{Text: "a"}, model.FinishLength},
		"an answer that was filtered":     {[]string{text(0, "a"), incomplete("content_filter")}, modeltest.Result{Text: "a"}, model.FinishContentFilter},
		"another reason":                  {[]string{text(0, "a"), incomplete("tired")}, modeltest.Result{Text: "a"}, model.FinishOther},
		"reasoning of open models":        {[]string{`{"type":"response.reasoning_text.delta","output_index":0,"delta":"Hm"}`, says, ended}, modeltest.Result{Reasoning: "Hm", Text: "The"}, model.FinishStop},
		"interleaved arguments":           {[]string{calls, strings.NewReplacer(`"output_index":1`, `"output_index":7`, "call_A", "call_B").Replace(calls), args, strings.ReplaceAll(args, `"output_index":1`, `"output_index":7`), args2, strings.ReplaceAll(args2, `"output_index":1`, `"output_index":7`), ended}, modeltest.Result{Calls: []modeltest.Call{call, {ID: "call_B", Name: "calculator", Arguments: `{"a":12}`}}}, model.FinishToolCalls},
		"huge, negative and odd indices":  {[]string{text(999999999, "a"), `{"type":"response.output_text.delta","output_index":99999999999,"delta":"b"}`, `{"type":"response.output_text.delta","output_index":"x","delta":"c"}`, `{"type":"response.output_text.delta","output_index":-1,"delta":"d"}`, ended}, modeltest.Result{Text: "a\n\nb\n\nc\n\nd"}, model.FinishStop},
		"arguments of no call":            {[]string{args, argsDone, says, ended}, modeltest.Result{Text: "The"}, model.FinishStop},
		"unknown events and items":        {[]string{`{"type":"response.new.thing","output_index":{},"delta":{"x":1},"item":7}`, `{"type":"response.output_item.added","item":{"type":"new"}}`, `{"type":"response.output_item.done","item":{"type":"new"}}`, `{"type":"response.output_item.done"}`, `{}`, `[]`, `7`, says, ended}, modeltest.Result{Text: "The"}, model.FinishStop},
		"wrong types":                     {[]string{`{"type":"response.output_text.delta","output_index":2,"delta":{"x":1}}`, `{"type":"response.output_text.delta","output_index":2,"delta":null}`, `{"type":"response.function_call_arguments.delta","output_index":1,"delta":7}`, `{"type":7}`, says, ended}, modeltest.Result{Text: "The"}, model.FinishStop},
		"what a gateway adds":             {[]string{says, "[DONE]", " ", ended}, modeltest.Result{Text: "The"}, model.FinishStop},
		"what looks like a field in text": {[]string{text(0, `\"delta\":\"x\",\"type\":\"error\"`), ended}, modeltest.Result{Text: `"delta":"x","type":"error"`}, model.FinishStop},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{events: lines(test.events...)}
			got := modeltest.Ask(t.Context(), t, n.of(t, "openai-responses/gpt-5"), saying("Hi"))
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			if got.Finish.Reason != test.reason {
				t.Errorf("finished with %s, want %s", got.Finish.Reason, test.reason)
			}
			got.Finish = nil
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestTokensAreCounted(t *testing.T) {
	n := &network{events: lines(says, ended)}
	got := modeltest.Ask(t.Context(), t, n.of(t, "openai-responses/gpt-5"), saying("Hi")).Finish
	want := &model.Usage{InputTokens: pointer[int64](100), OutputTokens: pointer[int64](20), TotalTokens: pointer[int64](120), ReasoningTokens: pointer[int64](12), CachedInputTokens: pointer[int64](64), CacheWriteInputTokens: pointer[int64](7)}
	if !reflect.DeepEqual(got.Usage, want) || got.Model != (model.Name{Provider: "openai-responses", Model: "gpt-5-2025-08-07"}) {
		t.Errorf("got %+v of %v", got.Usage, got.Model)
	}
	n.events = lines(`{"type":"response.completed","response":{"usage":{"input_tokens":-1}}}`)
	if got := modeltest.Ask(t.Context(), t, n.of(t, "openai-responses/gpt-5"), saying("Hi")).Finish; !reflect.DeepEqual(got.Usage, &model.Usage{}) {
		t.Errorf("got %+v", got.Usage)
	}
}

func TestErrorsHaveTheirCode(t *testing.T) {
	failed := func(code string) string {
		return `{"type":"response.failed","response":{"status":"failed","error":{"code":"` + code + `","message":"PRIVATE"}}}`
	}
	for name, test := range map[string]struct {
		events []string
		want   model.Code
	}{
		"a quota, within an event": {[]string{created, `{"type":"error","sequence_number":2,"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"PRIVATE"}}`}, model.CodeQuotaExceeded},
		"an error that is one":     {[]string{`{"type":"error","code":"rate_limit_exceeded","message":"PRIVATE","param":null}`}, model.CodeRateLimited},
		"a server's error":         {[]string{says, failed("server_error")}, model.CodeProviderUnavailable},
		"an overload":              {[]string{failed("rate_limit_exceeded")}, model.CodeRateLimited},
		"too long":                 {[]string{failed("context_length_exceeded")}, model.CodeContextLength},
		"a prompt that is refused": {[]string{failed("invalid_prompt")}, model.CodeContentFiltered},
		"a failure without error":  {[]string{`{"type":"response.failed","response":{"error":null}}`}, model.CodeProviderUnavailable},
		"half JSON":                {[]string{says, `{"type":"response.output_te`}, model.CodeProviderUnavailable},
		"no end":                   {[]string{says}, model.CodeProviderUnavailable},
		"a call without a name":    {[]string{`{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","call_id":"c"}}`}, model.CodeProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{events: lines(test.events...)}
			got := modeltest.Ask(t.Context(), t, n.of(t, "openai-responses/gpt-5"), saying("Hi"))
			if code(got.Err) != test.want {
				t.Errorf("ended with %v (%s), want %s", got.Err, code(got.Err), test.want)
			}
		})
	}
	t.Run("an image that is refused", func(t *testing.T) {
		n := &network{events: lines(failed("invalid_image"))}
		request := saying("")
		request.Messages[0].Content = imageContent()
		if got := modeltest.Ask(t.Context(), t, n.of(t, "openai-responses/gpt-5"), request); code(got.Err) != model.CodeUnsupportedContent {
			t.Errorf("ended with %v", got.Err)
		}
	})
}

func TestManyDeltasTakeLinearTime(t *testing.T) {
	for name, event := range map[string]string{"text": text(0, "a"), "arguments": args, "reasoning": think0, "unknown": `{"type":"response.x"}`} {
		n := &network{events: lines(calls) + strings.Repeat("data: "+event+"\n\n", 20_000) + lines(ended)}
		began, deltas := time.Now(), 0
		for _, err := range n.of(t, "openai-responses/gpt-5").Stream(t.Context(), saying("Hi")) {
			if err != nil {
				t.Fatal(err)
			}
			deltas++
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: %d deltas took %v", name, deltas, took)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	const deltas = 1000
	for name, event := range map[string]string{"text": says, "arguments": args, "reasoning": think0} {
		b.Run(name, func(b *testing.B) {
			n := &network{events: lines(calls) + strings.Repeat("data: "+event+"\n\n", deltas) + lines(ended)}
			m := n.of(b, "openai-responses/gpt-5")
			for b.Loop() {
				for range m.Stream(b.Context(), saying("Hi")) {
				}
				n.requests, n.bodies = nil, nil
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/deltas, "ns/delta")
		})
	}
}
