package gemini_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/gemini"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

func TestAModelsNameAndTheEnvironmentSayWhereItIs(t *testing.T) {
	key := func(more ...string) map[string]string {
		variables := map[string]string{"GOOGLE_API_KEY": "k", "VERTEX_API_KEY": "k"}
		for i := 0; i < len(more); i += 2 {
			variables[more[i]] = more[i+1]
		}
		return variables
	}
	const gemini3 = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse"
	const express = "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/gemini-3-flash:streamGenerateContent?alt=sse"
	for name, test := range map[string]struct {
		model string
		env   map[string]string
		url   string
		key   string
	}{
		"google":                                {"google/gemini-3-flash", key(), gemini3, "k"},
		"gemini":                                {"gemini/gemini-3-flash", key(), gemini3, "k"},
		"google-gemini":                         {"google-gemini/gemini-3-flash", key(), gemini3, "k"},
		"the key's other variable":              {"google/gemini-3-flash", map[string]string{"GEMINI_API_KEY": "other"}, gemini3, "other"},
		"both of the key's variables":           {"google/gemini-3-flash", key("GEMINI_API_KEY", "other"), gemini3, "k"},
		"a model with its path":                 {"google/models/gemini-3-flash", key(), gemini3, "k"},
		"a tuned model":                         {"google/tunedModels/mine-1", key(), "https://generativelanguage.googleapis.com/v1beta/tunedModels/mine-1:streamGenerateContent?alt=sse", "k"},
		"a gateway":                             {"google/gemini-3-flash", map[string]string{"GOOGLE_BASE_URL": "http://127.0.0.1:1/google/"}, "http://127.0.0.1:1/google/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse", ""},
		"a gateway with a version":              {"google/gemini-3-flash", key("GOOGLE_BASE_URL", "http://127.0.0.1:1/v1"), "http://127.0.0.1:1/v1/models/gemini-3-flash:streamGenerateContent?alt=sse", "k"},
		"the address of chat completions":       {"google/gemini-3-flash", key("GOOGLE_BASE_URL", "http://127.0.0.1:1/v1beta/openai/"), "http://127.0.0.1:1/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse", "k"},
		"a name that looks like a version":      {"google/gemini-3-flash", key("GOOGLE_BASE_URL", "http://127.0.0.1:1/vertex"), "http://127.0.0.1:1/vertex/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse", "k"},
		"a name with odd characters":            {"google/a b?c", key(), "https://generativelanguage.googleapis.com/v1beta/models/a%20b%3Fc:streamGenerateContent?alt=sse", "k"},
		"Vertex AI by key, the express mode":    {"vertex/gemini-3-flash", key(), express, "k"},
		"the express mode in a location":        {"vertex/gemini-3-flash", key("GOOGLE_CLOUD_LOCATION", "europe-west4"), express, "k"},
		"Vertex AI in all locations":            {"vertex/gemini-3-flash", key("GOOGLE_CLOUD_PROJECT", "p"), "https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/publishers/google/models/gemini-3-flash:streamGenerateContent?alt=sse", "k"},
		"Vertex AI in one location":             {"vertex/google/gemini-3-flash", key("GOOGLE_CLOUD_PROJECT", "p", "GOOGLE_CLOUD_LOCATION", " Europe-West4 "), "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p/locations/europe-west4/publishers/google/models/gemini-3-flash:streamGenerateContent?alt=sse", "k"},
		"Vertex AI in a continent":              {"vertex/gemini-3-flash", key("GOOGLE_CLOUD_PROJECT", "p", "GOOGLE_CLOUD_LOCATION", "eu"), "https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/p/locations/eu/publishers/google/models/gemini-3-flash:streamGenerateContent?alt=sse", "k"},
		"an endpoint on Vertex AI":              {"vertex/endpoints/123", key("GOOGLE_CLOUD_PROJECT", "p", "GOOGLE_CLOUD_LOCATION", "us-central1"), "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p/locations/us-central1/endpoints/123:streamGenerateContent?alt=sse", "k"},
		"a gateway to Vertex AI":                {"vertex/gemini-3-flash", map[string]string{"VERTEX_BASE_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1/v1beta1/publishers/google/models/gemini-3-flash:streamGenerateContent?alt=sse", ""},
		"a gateway to a project":                {"vertex/gemini-3-flash", key("VERTEX_BASE_URL", "http://127.0.0.1:1/v1/", "GOOGLE_CLOUD_PROJECT", "p"), "http://127.0.0.1:1/v1/projects/p/locations/global/publishers/google/models/gemini-3-flash:streamGenerateContent?alt=sse", "k"},
		"a model of Vertex AI that has a colon": {"vertex:gemini-3-flash", key(), express, "k"},
	} {
		t.Run(name, func(t *testing.T) {
			n := streaming(hello)
			got := modeltest.Ask(t.Context(), t, newModel(t, model.Config{Model: test.model, LookupEnv: environment(test.env), HTTPClient: n.client()}), saying("Hi"))
			if got.Err != nil || got.Text != "ok" {
				t.Fatalf("got %+v", got)
			}
			if sent := n.requests[0]; sent.URL.String() != test.url || sent.Header.Get("X-Goog-Api-Key") != test.key || sent.Header.Get("Authorization") != "" {
				t.Errorf("asked %s with the key %q", sent.URL, sent.Header.Get("X-Goog-Api-Key"))
			}
		})
	}
}

func TestVertexSignsInWhereThereIsNoKey(t *testing.T) {
	project := map[string]string{"GOOGLE_CLOUD_PROJECT": "p"}
	for name, test := range map[string]struct {
		env    map[string]string
		key    string
		signed bool
	}{
		"a project":              {project, "", true},
		"a key as well":          {project, "k", false},
		"a gateway to a project": {map[string]string{"GOOGLE_CLOUD_PROJECT": "p", "VERTEX_BASE_URL": "http://127.0.0.1:1"}, "", true},
		"a gateway to anything":  {map[string]string{"VERTEX_BASE_URL": "http://127.0.0.1:1"}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			n := streaming(hello)
			n.answers = append([]answer{{http.StatusServiceUnavailable, `{}`}}, n.answers...)
			signed := 0
			m := newModel(t, model.Config{Model: "vertex/gemini-3-flash", APIKey: test.key, LookupEnv: environment(test.env), HTTPClient: n.client(), SignIn: func(request *http.Request, body []byte) error {
				signed++
				request.Header.Set("Authorization", "Bearer token")
				return nil
			}})
			request := saying("Hi")
			got := modeltest.Ask(t.Context(), t, m, request)
			if code(got.Err) != model.CodeProviderUnavailable {
				t.Fatalf("got %+v", got)
			}
			got = modeltest.Ask(t.Context(), t, m, request)
			if want := 2; got.Text != "ok" || test.signed && signed != want || !test.signed && signed != 0 {
				t.Errorf("signed %d times: %+v", signed, got)
			}
			if got := n.requests[1].Header.Get("Authorization"); (got != "") != test.signed {
				t.Errorf("authorized with %q", got)
			}
		})
	}
	refused := model.NewError(model.CodeAuthFailed, errors.New("no identity"))
	n := streaming(hello)
	m := newModel(t, model.Config{Model: "vertex/gemini-3-flash", LookupEnv: environment(project), HTTPClient: n.client(), SignIn: func(*http.Request, []byte) error { return refused }})
	if got := modeltest.Ask(t.Context(), t, m, saying("Hi")); !errors.Is(got.Err, refused) || len(n.requests) > 0 {
		t.Errorf("without an identity: got %+v", got)
	}
}

func TestAModelThatCannotWorkIsAnErrorThatSaysWhy(t *testing.T) {
	sign := func(*http.Request, []byte) error { return nil }
	for name, test := range map[string]struct {
		config model.Config
		env    map[string]string
		says   string
	}{
		"no model":               {model.Config{}, nil, "provider/model"},
		"another provider":       {model.Config{Model: "acme/one"}, nil, `"acme"`},
		"no key":                 {model.Config{Model: "google/gemini-3-flash", SignIn: nil}, nil, "GOOGLE_API_KEY"},
		"no key for Vertex AI":   {model.Config{Model: "vertex/gemini-3-flash"}, nil, "VERTEX_API_KEY"},
		"no project":             {model.Config{Model: "vertex/gemini-3-flash", SignIn: sign}, nil, "GOOGLE_CLOUD_PROJECT"},
		"no location":            {model.Config{Model: "vertex/gemini-3-flash", SignIn: sign}, map[string]string{"GOOGLE_CLOUD_LOCATION": "evil.example/"}, "GOOGLE_CLOUD_LOCATION"},
		"no URL":                 {model.Config{Model: "google/gemini-3-flash", BaseURL: "here"}, nil, "GOOGLE_BASE_URL"},
		"another's model":        {model.Config{Model: "vertex/anthropic/claude", APIKey: "k"}, nil, "Google's own models"},
		"a path out of the API":  {model.Config{Model: "google/../../v1/files", APIKey: "k"}, nil, "not a model's name"},
		"a path without a name":  {model.Config{Model: "google/models//x", APIKey: "k"}, nil, "not a model's name"},
		"a project with a slash": {model.Config{Model: "vertex/gemini-3-flash", APIKey: "k"}, map[string]string{"GOOGLE_CLOUD_PROJECT": "a/../b"}, "GOOGLE_CLOUD_PROJECT is not"},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.LookupEnv = environment(test.env)
			if _, err := gemini.New(test.config); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v", err)
			}
			for _, p := range gemini.Providers() {
				if m, err := p.New(test.config); err == nil || m != nil {
					t.Errorf("the provider made %v", m)
				}
			}
		})
	}
}
