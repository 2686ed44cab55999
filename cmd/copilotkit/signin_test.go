package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// cloud is the metadata server and the models of a cloud.
func cloud(t *testing.T, tokenPath, modelPath, answer string) (url string, tokens *atomic.Int32) {
	t.Helper()
	tokens = new(atomic.Int32)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+tokenPath, func(w http.ResponseWriter, _ *http.Request) {
		tokens.Add(1)
		fmt.Fprint(w, `{"access_token":"of-the-machine","expires_in":3599,"token_type":"Bearer"}`)
	})
	mux.HandleFunc("POST "+modelPath, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer of-the-machine" || r.Header.Get("Api-Key") != "" {
			t.Errorf("the model was asked with %q", got)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, answer)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, tokens
}

func TestModelsAreAskedAsTheMachineWithoutAKey(t *testing.T) {
	for name, test := range map[string]struct {
		tokenPath, modelPath, answer string
		// metadata returns the variable with the address of the metadata server, which
		// is read from the process.
		metadata func(url string) (name, value string)
		env      func(url string) []string
		want     string
	}{
		"on Google Cloud": {
			"/computeMetadata/v1/instance/service-accounts/default/token",
			"/v1beta1/projects/p/locations/global/publishers/google/models/{model}",
			`data: {"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true},{"text":"Hello"}]},"finishReason":"STOP"}]}` + "\n\n",
			func(url string) (string, string) { return "GCE_METADATA_HOST", strings.TrimPrefix(url, "http://") },
			func(url string) []string {
				return []string{"COPILOTKIT_MODEL=vertex/gemini-3-flash", "VERTEX_BASE_URL=" + url, "GOOGLE_CLOUD_PROJECT=p"}
			},
			"REASONING_MESSAGE_CONTENT Hm., TEXT_MESSAGE_CONTENT Hello",
		},
		"on Azure": {
			"/metadata/identity/oauth2/token",
			"/openai/v1/chat/completions",
			`data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n",
			func(url string) (string, string) { return "AZURE_POD_IDENTITY_AUTHORITY_HOST", url },
			func(url string) []string {
				return []string{"COPILOTKIT_MODEL=azure/gpt", "AZURE_OPENAI_ENDPOINT=" + url + "/openai/v1"}
			},
			"TEXT_MESSAGE_CONTENT Hello",
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, tokens := cloud(t, test.tokenPath, test.modelPath, test.answer)
			t.Setenv(test.metadata(url))
			t.Setenv("HOME", t.TempDir())
			s := start(t, test.env(url)...)
			for _, thread := range []string{"one", "two"} {
				var got []string
				events(t, s.request(t, "/agent/default/run", thread), func(e event) {
					if e.Delta != "" || e.Code != "" {
						got = append(got, e.Type+" "+e.Delta+e.Code)
					}
				})
				if said := strings.Join(got, ", "); said != test.want {
					t.Errorf("got %s", said)
				}
			}
			if got := tokens.Load(); got != 1 {
				t.Errorf("got %d tokens", got)
			}
		})
	}
}
