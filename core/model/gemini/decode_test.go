package gemini_test

import (
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// The streams are as Google's own have come, with shorter signatures.
const (
	thoughtChunk = `{"candidates": [{"content": {"parts": [{"text": "**Counting**\n\nI go letter by letter.","thought": true}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 9,"totalTokenCount": 120,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 9}],"thoughtsTokenCount": 111},"modelVersion": "gemini-3-pro-preview","responseId": "M3iLaY"}`
	textChunk    = `{"candidates": [{"content": {"parts": [{"text": "There are **3** \"r\"s"}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 9,"candidatesTokenCount": 13,"totalTokenCount": 324,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 9}],"thoughtsTokenCount": 302},"modelVersion": "gemini-3-pro-preview","responseId": "M3iLaY"}`
	lastChunk    = `{"candidates": [{"content": {"parts": [{"text": "","thoughtSignature": "EpAICo0I+/4="}],"role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 9,"candidatesTokenCount": 23,"totalTokenCount": 334,"cachedContentTokenCount": 4,"thoughtsTokenCount": 302},"modelVersion": "gemini-3-pro-preview","responseId": "M3iLaY"}`

	callChunk  = `{"candidates": [{"content": {"parts": [{"functionCall": {"name": "weather","args": {"location": "San Francisco"}},"thoughtSignature": "EpEgCo4g"},{"functionCall": {"name": "time","args": {}}}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 29,"candidatesTokenCount": 15,"totalTokenCount": 848,"thoughtsTokenCount": 804},"modelVersion": "gemini-3-pro-preview"}`
	emptyChunk = `{"candidates": [{"content": {"parts": [{"text": ""}],"role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 29,"candidatesTokenCount": 15,"totalTokenCount": 848,"thoughtsTokenCount": 804},"modelVersion": "gemini-3-pro-preview"}`
)

func usage(input, output, total, reasoning int64) *model.Usage {
	return &model.Usage{InputTokens: &input, OutputTokens: &output, TotalTokens: &total, ReasoningTokens: &reasoning}
}

func ask(t testing.TB, name string, chunks ...string) modeltest.Result {
	t.Helper()
	return modeltest.Ask(t.Context(), t, streaming(chunks...).on(t, name), saying("Hi"))
}

func TestThoughtsThenText(t *testing.T) {
	got := ask(t, "google/gemini-3-pro-preview", thoughtChunk, textChunk, lastChunk)
	counted := usage(9, 23+302, 334, 302)
	counted.CachedInputTokens = pointer(int64(4))
	want := modeltest.Result{
		Reasoning: "**Counting**\n\nI go letter by letter.", Text: `There are **3** "r"s`,
		TextData: `{"google":{"thought_signature":"EpAICo0I+/4="}}`,
		Finish:   &model.Finish{Reason: model.FinishStop, Model: model.Name{Provider: "google", Model: "gemini-3-pro-preview"}, Usage: counted},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestCallsAtOnce(t *testing.T) {
	got := ask(t, "vertex/gemini-3-pro-preview", callChunk, emptyChunk)
	want := modeltest.Result{
		Calls: []modeltest.Call{
			{Name: "weather", Arguments: `{"location":"San Francisco"}`, Data: `{"vertex":{"thought_signature":"EpEgCo4g"}}`},
			{Name: "time", Arguments: `{}`},
		},
		Finish: &model.Finish{Reason: model.FinishToolCalls, Model: model.Name{Provider: "vertex", Model: "gemini-3-pro-preview"}, Usage: usage(29, 15+804, 848, 804)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestHowAnswersEnd(t *testing.T) {
	ends := func(reason string) []string {
		return []string{`{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}`, `{"candidates":[{"finishReason":"` + reason + `","finishMessage":"PRIVATE"}]}`}
	}
	for name, test := range map[string]struct {
		chunks []string
		want   model.FinishReason
		code   model.Code
	}{
		"too long":                             {ends("MAX_TOKENS"), model.FinishLength, ""},
		"unsafe":                               {ends("SAFETY"), model.FinishContentFilter, ""},
		"recited":                              {ends("RECITATION"), model.FinishContentFilter, ""},
		"on the list":                          {ends("BLOCKLIST"), model.FinishContentFilter, ""},
		"prohibited":                           {ends("PROHIBITED_CONTENT"), model.FinishContentFilter, ""},
		"personal":                             {ends("SPII"), model.FinishContentFilter, ""},
		"for a reason of tomorrow":             {ends("SOMETHING"), model.FinishOther, ""},
		"for another reason":                   {ends("OTHER"), model.FinishOther, ""},
		"by a botched call":                    {ends("MALFORMED_FUNCTION_CALL"), "", model.CodeProviderUnavailable},
		"by a call of nothing":                 {ends("UNEXPECTED_TOOL_CALL"), "", model.CodeProviderUnavailable},
		"before they begin, unsafe":            {[]string{`{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}}`}, model.FinishContentFilter, ""},
		"before they begin, jailbreak":         {[]string{`{"promptFeedback":{"blockReason":"JAILBREAK"}}`}, model.FinishContentFilter, ""},
		"without a reason":                     {[]string{`{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}`}, "", model.CodeProviderUnavailable},
		"without anything":                     {nil, "", model.CodeProviderUnavailable},
		"with counts after the reason":         {append(ends("STOP"), `{"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":-2,"totalTokenCount":"x"}}`), model.FinishStop, ""},
		"with a broken chunk after the reason": {append(ends("STOP"), `{`), "", model.CodeProviderUnavailable},
		"quota in the stream":                  {[]string{`{"error":{"code":429,"message":"PRIVATE","status":"RESOURCE_EXHAUSTED"}}`}, "", model.CodeRateLimited},
		"an overload in the stream":            {[]string{`{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`}, "", model.CodeProviderUnavailable},
		"an error that is no object":           {[]string{`{"error":"PRIVATE"}`}, "", model.CodeProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, "google/gemini-3-flash", test.chunks...)
			if code(got.Err) != test.code || test.code == "" && got.Finish.Reason != test.want {
				t.Errorf("got %+v", got)
			}
			if failed, ok := got.Err.(*model.Error); ok && strings.Contains(failed.Message, "PRIVATE") {
				t.Errorf("the client sees %q", failed.Message)
			}
		})
	}
}

func TestErrorsOfGoogle(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   model.Code
	}{
		"a wrong key":             {400, `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}`, model.CodeAuthFailed},
		"a list, as Vertex AI":    {401, `[{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}]`, model.CodeAuthFailed},
		"no permission":           {403, `{"error":{"code":403,"message":"Permission denied","status":"PERMISSION_DENIED"}}`, model.CodeAuthFailed},
		"no such model":           {404, `{"error":{"code":404,"message":"models/x is not found for API version v1beta","status":"NOT_FOUND"}}`, model.CodeModelNotFound},
		"a quota":                 {429, `{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"34.4s"}]}}`, model.CodeRateLimited},
		"a conversation too long": {400, `{"error":{"code":400,"message":"The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}`, model.CodeContextLength},
		"an overload":             {503, `{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}`, model.CodeProviderUnavailable},
		"a page":                  {502, `<html>`, model.CodeProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{answers: []answer{{test.status, test.body}}}
			got := modeltest.Ask(t.Context(), t, n.on(t, "google/gemini-3-flash"), saying("Hi"))
			if code(got.Err) != test.want || len(n.requests) != 1 {
				t.Errorf("got %v", got.Err)
			}
		})
	}
}

func TestHostileStreams(t *testing.T) {
	const end = `{"candidates":[{"finishReason":"STOP"}]}`
	for name, test := range map[string]struct {
		chunks []string
		want   modeltest.Result
		code   model.Code
	}{
		"other candidates":       {[]string{`{"candidates":[{"index":1,"content":{"parts":[{"text":"no"}]},"finishReason":"SAFETY"},{"index":-1,"content":{"parts":[{"text":"no"}]}}]}`, end}, modeltest.Result{}, ""},
		"parts of unknown kinds": {[]string{`{"candidates":[{"content":{"parts":[{"executableCode":{"code":"x"}},{"inlineData":{"data":"eA=="}},{"toolCall":{"id":"1"}},{},null,7]}}],"novelty":[1]}`, end}, modeltest.Result{}, ""},
		"wrong types":            {[]string{`{"candidates":[{"content":{"parts":[{"text":7},{"text":"ok","thought":"yes"},{"functionCall":7}]},"finishReason":8}],"usageMetadata":[],"modelVersion":3,"promptFeedback":"x"}`, end}, modeltest.Result{Text: "ok"}, ""},
		"lists that are objects": {[]string{`{"candidates":{"content":{}}}`, end}, modeltest.Result{}, ""},
		"half JSON":              {[]string{`{"candidates":[{"content":{"parts":[{"text":"a`}, modeltest.Result{}, model.CodeProviderUnavailable},
		"no object":              {[]string{`[1]`, `"x"`, `null`, end}, modeltest.Result{}, ""},
		"the same id twice":      {[]string{`{"candidates":[{"content":{"parts":[{"functionCall":{"id":"a","name":"f"}},{"functionCall":{"id":"a","name":"g"}}]}}]}`, end}, modeltest.Result{Calls: []modeltest.Call{{ID: "a", Name: "f"}, {Name: "g"}}}, ""},
		"a call of nothing":      {[]string{`{"candidates":[{"content":{"parts":[{"functionCall":{"args":{"a":1}}}]}}]}`, end}, modeltest.Result{}, model.CodeProviderUnavailable},
		"the end of a call":      {[]string{`{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}`, end}, modeltest.Result{}, ""},
		"no arguments":           {[]string{`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":null}}]}}]}`, end}, modeltest.Result{Calls: []modeltest.Call{{Name: "f"}}}, ""},
		"text after the reason":  {[]string{end, `{"candidates":[{"content":{"parts":[{"text":"late"}]}}]}`}, modeltest.Result{Text: "late"}, ""},
		"a signature of nothing": {[]string{`{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"eA=="}]}}]}`, end}, modeltest.Result{}, ""},
		"half a character":       {[]string{`{"candidates":[{"content":{"parts":[{"text":"\ud83d"}]}}]}`, end}, modeltest.Result{Text: "\ufffd"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, "google/gemini-3-flash", test.chunks...)
			if code(got.Err) != test.code {
				t.Fatalf("got %v", got.Err)
			}
			got.Err, got.Finish = nil, nil
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// repeated is a body that repeats a text.
type repeated struct {
	text string
	left int
	rest string
}

func (r *repeated) Read(p []byte) (int, error) {
	for r.rest == "" {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest = r.text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestAMillionPiecesTakeTimeInProportion(t *testing.T) {
	const pieces = 100_000
	var parts strings.Builder
	parts.WriteString(`data: {"candidates":[{"content":{"parts":[{"text":"a"}`)
	for range 9 {
		parts.WriteString(`,{"text":"a"}`)
	}
	parts.WriteString(`]}}]}` + "\n\n")
	took := func(pieces int) time.Duration {
		body := io.MultiReader(&repeated{text: parts.String(), left: pieces / 10}, strings.NewReader(events(hello)))
		client := &http.Client{Transport: roundTrip(func(*http.Request) *http.Response {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: io.NopCloser(body)}
		})}
		m := newModel(t, model.Config{Model: "google/gemini-3-flash", APIKey: "k", HTTPClient: client})
		start, count := time.Now(), 0
		for delta, err := range m.Stream(t.Context(), saying("Hi")) {
			if err != nil {
				t.Fatal(err)
			}
			count += len(delta.Text)
		}
		if count != pieces+len("ok") {
			t.Errorf("got %d characters", count)
		}
		return time.Since(start)
	}
	few := took(pieces / 10)
	if many := took(pieces); many > 40*few+time.Second {
		t.Errorf("ten times as many pieces took %v instead of %v", many, few)
	}
}

type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request), nil }

func BenchmarkStream(b *testing.B) {
	body := io.MultiReader(&repeated{text: events(textChunk), left: b.N}, strings.NewReader(events(hello)))
	client := &http.Client{Transport: roundTrip(func(*http.Request) *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: io.NopCloser(body)}
	})}
	m := newModel(b, model.Config{Model: "google/gemini-3-flash", APIKey: "k", HTTPClient: client})
	b.ReportAllocs()
	for _, err := range m.Stream(b.Context(), saying("Hi")) {
		if err != nil {
			b.Fatal(err)
		}
	}
}
