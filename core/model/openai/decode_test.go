package openai_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/core/model/openai"
)

// chunks is a sequence of chunks.
func chunks(all ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, chunk := range all {
			if !yield([]byte(chunk), nil) {
				return
			}
		}
	}
}

// decoded returns what chunks come to.
func decoded(t *testing.T, all ...string) modeltest.Result {
	t.Helper()
	decode := model.Func(func(context.Context, *model.Request) iter.Seq2[model.Delta, error] {
		return openai.Decode(chunks(all...))
	})
	return modeltest.Ask(t.Context(), t, decode, nil)
}

// delta is a chunk with a delta, and a reason of the end if there is one.
func delta(fields, reason string) string {
	if reason != "" {
		reason = `,"finish_reason":"` + reason + `"`
	}
	return `{"model":"m","choices":[{"index":0,"delta":{` + fields + `}` + reason + `}]}`
}

func TestACharacterThatIsCutInTwoIsMadeWhole(t *testing.T) {
	arguments := func(id, text string) string {
		return `"tool_calls":[{"index":0,` + id + `"function":{"name":"paint","arguments":"` + text + `"}}]`
	}
	for name, test := range map[string]struct {
		deltas []string
		want   modeltest.Result
	}{
		"in text":                           {[]string{`"content":"go \ud83d"`, `"content":"\ude80 up"`}, modeltest.Result{Text: "go 🚀 up"}},
		"in text of nothing else":           {[]string{`"content":"\ud83d"`, `"content":"\ude80"`}, modeltest.Result{Text: "🚀"}},
		"in text, with nothing in between":  {[]string{`"content":"\ud83d"`, `"content":""`, `"content":"\ude80"`}, modeltest.Result{Text: "🚀"}},
		"twice in a row":                    {[]string{`"content":"\ud83d"`, `"content":"\ude80\ud83d"`, `"content":"\ude80"`}, modeltest.Result{Text: "🚀🚀"}},
		"in reasoning":                      {[]string{`"reasoning_content":"\ud83d"`, `"reasoning_content":"\ude80"`}, modeltest.Result{Reasoning: "🚀"}},
		"in a refusal":                      {[]string{`"refusal":"\ud83d"`, `"refusal":"\ude80"`}, modeltest.Result{Text: "🚀"}},
		"in arguments":                      {[]string{arguments(`"id":"a",`, `{\"a\":\"\ud83d`), arguments("", `\ude80\"}`)}, modeltest.Result{Calls: []modeltest.Call{{ID: "a", Name: "paint", Arguments: `{"a":"🚀"}`}}}},
		"in text that goes on otherwise":    {[]string{`"content":"\ud83d"`, `"content":"up"`}, modeltest.Result{Text: "\uFFFDup"}},
		"in text that ends":                 {[]string{`"content":"up \ud83d"`}, modeltest.Result{Text: "up \uFFFD"}},
		"in reasoning that ends":            {[]string{`"reasoning":"\ud83d"`, `"content":"up"`}, modeltest.Result{Reasoning: "\uFFFD", Text: "up"}},
		"in arguments that end":             {[]string{arguments(`"id":"a",`, `\ud83d`)}, modeltest.Result{Calls: []modeltest.Call{{ID: "a", Name: "paint", Arguments: "\uFFFD"}}}},
		"not where a backslash is escaped":  {[]string{`"content":"\\ud83d"`, `"content":"\ude80"`}, modeltest.Result{Text: `\ud83d` + "\uFFFD"}},
		"not where the second half is lost": {[]string{`"content":"\ude80"`}, modeltest.Result{Text: "\uFFFD"}},
	} {
		t.Run(name, func(t *testing.T) {
			var all []string
			for _, fields := range test.deltas {
				all = append(all, delta(fields, ""))
			}
			got := decoded(t, append(all, delta("", "stop"), "[DONE]")...)
			if got.Err != nil || got.Text != test.want.Text || got.Reasoning != test.want.Reasoning || len(got.Calls) != len(test.want.Calls) {
				t.Fatalf("got %+v, want %+v", got, test.want)
			}
			if len(got.Calls) > 0 && got.Calls[0] != test.want.Calls[0] {
				t.Errorf("got %+v, want %+v", got.Calls[0], test.want.Calls[0])
			}
		})
	}
}

func TestToolCallsComeInManyWays(t *testing.T) {
	for name, test := range map[string]struct {
		chunks []string
		want   []modeltest.Call
	}{
		"with the name in a later delta": {
			[]string{
				delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"","arguments":"{\"x\""}}]`, ""),
				delta(`"tool_calls":[{"index":0,"function":{"name":"paint","arguments":":"}}]`, ""),
				delta(`"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]`, "tool_calls"),
			},
			[]modeltest.Call{{ID: "a", Name: "paint", Arguments: `{"x":1}`}},
		},
		"with the name of the first one after the second one": {
			[]string{
				delta(`"tool_calls":[{"index":0,"id":"a","function":{"arguments":""}},{"index":1,"id":"b","function":{"name":"second","arguments":"{}"}}]`, ""),
				delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"first","arguments":"{}"}}]`, "tool_calls"),
			},
			[]modeltest.Call{{ID: "b", Name: "second", Arguments: "{}"}, {ID: "a", Name: "first", Arguments: "{}"}},
		},
		"without an id": {
			[]string{delta(`"tool_calls":[{"index":0,"function":{"name":"paint","arguments":"{}"}}]`, "tool_calls")},
			[]modeltest.Call{{Name: "paint", Arguments: "{}"}},
		},
		"with data that is no object": {
			[]string{delta(`"tool_calls":[{"index":0,"id":"a","extra_content":7,"function":{"name":"paint"}}]`, "tool_calls")},
			[]modeltest.Call{{ID: "a", Name: "paint"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := decoded(t, append(test.chunks, "[DONE]")...)
			if got.Err != nil || compact(t, got.Calls) != compact(t, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestFieldsOfOtherTypesArePassedOver(t *testing.T) {
	got := decoded(t, `{"model":7,"choices":[{"index":0,"delta":{"content":"a","tool_calls":{}},"finish_reason":"stop"}],"usage":{"prompt_tokens":"many","completion_tokens":7}}`)
	if got.Err != nil || got.Text != "a" || got.Finish.Reason != model.FinishStop || got.Finish.Usage == nil || *got.Finish.Usage.OutputTokens != 7 {
		t.Errorf("got %+v", got)
	}
}

func TestCountsThatCannotBeAreLeftOut(t *testing.T) {
	got := decoded(t, delta("", "stop"), `{"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":7,"total_tokens":-9,"prompt_tokens_details":{"cached_tokens":-2},"completion_tokens_details":{"reasoning_tokens":3}}}`, "[DONE]")
	if got.Err != nil || got.Finish.Usage == nil {
		t.Fatalf("got %+v", got)
	}
	usage := got.Finish.Usage
	if usage.InputTokens != nil || usage.TotalTokens != nil || usage.CachedInputTokens != nil || *usage.OutputTokens != 7 || *usage.ReasoningTokens != 3 {
		t.Errorf("got %s", compact(t, usage))
	}
}

func TestTheReasonOfTheEndIsToldInNeutralWords(t *testing.T) {
	for reason, want := range map[string]model.FinishReason{
		"stop": "stop", "length": "length", "tool_calls": "tool-calls", "function_call": "tool-calls", "content_filter": "content-filter", "new": "other",
	} {
		if got := decoded(t, delta("", reason)); got.Err != nil || got.Finish.Reason != want {
			t.Errorf("%s became %+v", reason, got)
		}
	}
	if got := decoded(t, delta(`"refusal":"No."`, ""), delta("", "stop")); got.Text != "No." || got.Finish.Reason != model.FinishContentFilter {
		t.Errorf("a refusal became %+v", got)
	}
	if got := decoded(t, delta(`"content":"a","refusal":null`, "stop")); got.Finish.Reason != model.FinishStop {
		t.Errorf("no refusal became %+v", got)
	}
}

func TestAnAnswerThatJustEndsIsAnError(t *testing.T) {
	if got := decoded(t, delta(`"content":"Hel"`, "")); code(got.Err) != model.CodeProviderUnavailable || got.Text != "Hel" {
		t.Errorf("got %+v", got)
	}
	broken := errors.New("broken")
	for delta, err := range openai.Decode(func(yield func([]byte, error) bool) { yield(nil, broken) }) {
		if code(err) != model.CodeProviderUnavailable {
			t.Errorf("got %+v, %v", delta, err)
		}
	}
}

// hanging is the body of an answer that nobody ends before its context does.
type hanging struct {
	io.Reader
	ctx context.Context
}

func (h hanging) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if err == io.EOF {
		<-h.ctx.Done()
		err = h.ctx.Err()
	}
	return n, err
}

func (h hanging) Close() error { return nil }

func TestAProviderThatHasGivenItsReasonIsNotWaitedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{answer: func(request *http.Request) *http.Response {
			response := body("")
			response.Body = hanging{strings.NewReader("data: " + delta(`"content":"ok"`, "stop") + "\n\n"), request.Context()}
			return response
		}}
		began := time.Now()
		got := modeltest.Ask(t.Context(), t, newModel(t, model.Config{Model: "openai/m", APIKey: "k", HTTPClient: n.client()}), saying("Hi"))
		if got.Err != nil || got.Text != "ok" || got.Finish.Reason != model.FinishStop || time.Since(began) > time.Second {
			t.Errorf("after %v: %+v", time.Since(began), got)
		}
	})
}

func TestCallsWithoutANameAreNotHeldForever(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, piece := range map[string]func(n int) string{
		"the arguments of one": func(int) string { return `{"index":0,"function":{"arguments":"` + long + `"}}` },
		"one after the other":  func(n int) string { return fmt.Sprintf(`{"index":%d,"id":"c%d","function":{}}`, n, n) },
		"data of one":          func(int) string { return `{"index":0,"extra_content":{"google":"` + long + `"},"function":{}}` },
	} {
		t.Run(name, func(t *testing.T) {
			count := 0
			endless := func(yield func([]byte, error) bool) {
				for ; count < 20_000; count++ {
					if !yield([]byte(delta(`"tool_calls":[`+piece(count)+`]`, "")), nil) {
						return
					}
				}
			}
			var failed error
			for _, err := range openai.Decode(endless) {
				failed = err
			}
			if failed == nil || count > 2000 {
				t.Errorf("after %d pieces: %v", count, failed)
			}
		})
	}
}
