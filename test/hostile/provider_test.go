package hostile_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// completion is an answer of a provider.
var completion = frames{
	delta: func(text string) string {
		encoded, _ := json.Marshal(text)
		return `data: {"choices":[{"index":0,"delta":{"content":` + string(encoded) + "}}]}\n\n"
	},
	end: `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n",
}

func TestAHostileProviderEndsItsRunsInGoodOrder(t *testing.T) {
	t.Parallel()
	const unavailable = "provider_unavailable"
	hel := completion.delta("Hel")
	piece := strings.Repeat("x", 64<<10) // 32 MiB are taken
	unfinished := completion.end[:len(completion.end)-len("data: [DONE]\n\n")]
	cases := streams(completion, unavailable, unavailable, unavailable)
	maps.Copy(cases, map[string]struct {
		answer answer
		want   expected
	}{
		"it hangs before its header":               {hang, expected{unavailable, ""}},
		"it resets before its header":              {reset, expected{unavailable, ""}},
		"it answers with a page":                   {page, expected{unavailable, ""}},
		"it answers 401":                           {jsonError(401), expected{"auth_failed", ""}},
		"it answers 401 with text":                 {status(401), expected{"auth_failed", ""}},
		"it answers 400 and quotes":                {jsonError(400), expected{"invalid_request", ""}},
		"it answers 500":                           {jsonError(500), expected{unavailable, ""}},
		"it answers 500 with text":                 {status(500), expected{unavailable, ""}},
		"it answers 500 for ever":                  {endless500, expected{unavailable, ""}},
		"it answers 429, come back in 1e10":        {jsonError(429, "Retry-After", "1e10"), expected{"rate_limited", ""}},
		"it answers 429, come back in Inf":         {jsonError(429, "Retry-After", "Inf"), expected{"rate_limited", ""}},
		"it answers 429, come back in NaN":         {jsonError(429, "Retry-After", "NaN"), expected{"rate_limited", ""}},
		"it answers 429, come back in -1":          {jsonError(429, "Retry-After", "-1"), expected{"rate_limited", ""}},
		"it answers 429, come back in 1970":        {jsonError(429, "Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT"), expected{"rate_limited", ""}},
		"it answers 429, come back in 9999":        {jsonError(429, "Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"), expected{"rate_limited", ""}},
		"it answers 429, come back in nonsense":    {jsonError(429, "Retry-After", "soon"), expected{"rate_limited", ""}},
		"it answers 200 with an error":             {jsonError(200), expected{unavailable, ""}},
		"it streams an error":                      {streamedError, expected{unavailable, "Hel"}},
		"it never says [DONE] nor closes":          {stream(hel+unfinished, hang), expected{"", "Hel"}},
		"it says neither [DONE] nor a reason":      {stream(hel, end), expected{unavailable, "Hel"}},
		"it goes on for ever":                      {stream("", forever(completion.delta(piece))), expected{"answer_too_large", strings.Repeat(piece, 512)}},
		"it calls tools for ever":                  {stream("", callsForever), expected{"answer_too_large", ""}},
		"it redirects to another host (301)":       {away(t, http.StatusMovedPermanently), expected{unavailable, ""}},
		"it redirects to another host (307)":       {away(t, http.StatusTemporaryRedirect), expected{unavailable, ""}},
		"it redirects to another host (308)":       {away(t, http.StatusPermanentRedirect), expected{unavailable, ""}},
		"it answers 200 with nothing at all":       {end, expected{unavailable, ""}},
		"it answers 204":                           {noContent, expected{unavailable, ""}},
		"it switches protocols":                    {status(http.StatusSwitchingProtocols), expected{unavailable, ""}},
		"it streams with a status of failure, 400": {failingStream, expected{"invalid_request", ""}},
	})
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, test.answer)
			timeouts := bundle.Timeouts{ModelHeader: test.want.headerPatience(unavailable), ModelIdle: test.want.patience(unavailable)}
			got := run(t, timeouts, test.want.limit(), "OPENAI_API_KEY="+apiKey, "OPENAI_BASE_URL="+secretURL(server), "COPILOTKIT_PROMPT="+prompt)
			test.want.check(t, got)
		})
	}
}

// callsForever calls one tool after another. How much text their arguments may have is
// package builtin's to test.
func callsForever(w http.ResponseWriter, r *http.Request, _ string) {
	for n := 0; r.Context().Err() == nil; n++ {
		if _, err := fmt.Fprintf(w, `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":%d,"id":"c%d","function":{"name":"x","arguments":"{}"}}]}}]}`+"\n\n", n, n); err != nil {
			return
		}
	}
}

func endless500(w http.ResponseWriter, r *http.Request, quoted string) {
	w.WriteHeader(http.StatusInternalServerError)
	forever("x")(w, r, quoted)
}

func noContent(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(http.StatusNoContent) }

func streamedError(w http.ResponseWriter, r *http.Request, quoted string) {
	body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": quoted, "code": 500}})
	stream(completion.delta("Hel")+"data: "+string(body)+"\n\n", end)(w, r, quoted)
}

func failingStream(w http.ResponseWriter, r *http.Request, quoted string) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusBadRequest)
	stream(completion.delta("Hel")+completion.end, end)(w, r, quoted)
}
