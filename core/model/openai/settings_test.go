package openai_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
)

// The settings of a deployment are for all models of its list.
func TestModelsGetTheSettingsThatTheyHave(t *testing.T) {
	for name, test := range map[string]struct {
		model   string
		effort  any // what is sent of it
		sampled bool
	}{
		"one that doesn't reason": {"openai/gpt-4o", nil, true},
		"one that does":           {"openai/o3", "high", false},
		"the newest":              {"openai/gpt-5.2", "xhigh", false},
		"a deployment on Azure":   {"azure/my-gpt-5", "high", false},
		"one that isn't known":    {"openai/my-model", "xhigh", true},
		"another provider's":      {"groq/openai/gpt-oss-120b", "xhigh", true},
		"one of a gateway's":      {"openrouter/openai/gpt-5", "xhigh", true},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{}
			request := saying("Hi")
			half := 0.5
			request.Settings = model.Settings{Temperature: &half, TopP: &half, PresencePenalty: &half, FrequencyPenalty: &half, ReasoningEffort: "xhigh"}
			mustAsk(t, newModel(t, model.Config{Model: test.model, BaseURL: "https://host.example", APIKey: "k", HTTPClient: n.client()}), request)
			if got := n.body["reasoning_effort"]; got != test.effort {
				t.Errorf("the effort is %v", got)
			}
			for _, field := range []string{"temperature", "top_p", "presence_penalty", "frequency_penalty"} {
				if (n.body[field] != nil) != test.sampled {
					t.Errorf("%s is %v", field, n.body[field])
				}
			}
		})
	}
}

// A front end may be allowed to choose the deployment, but not what it is asked.
func TestTheNameOfADeploymentIsOnePartOfTheAddress(t *testing.T) {
	for name, want := range map[string]string{
		"gpt-4o":                        "gpt-4o",
		"a/../../files":                 "a%2F..%2F..%2Ffiles",
		"a?api-version=1#":              "a%3Fapi-version=1%23",
		"a b\u00fc":                     "a%20b%C3%BC",
		"x/chat/completions?y=@evil.eu": "x%2Fchat%2Fcompletions%3Fy=@evil.eu",
	} {
		n := &network{}
		mustAsk(t, newModel(t, model.Config{Model: "azure/" + name, BaseURL: "https://host.example", APIKey: "k", HTTPClient: n.client()}), saying("Hi"))
		if got := n.request.URL.String(); got != "https://host.example/openai/deployments/"+want+"/chat/completions?api-version=2024-10-21" {
			t.Errorf("%s: asked %s", name, got)
		}
	}
}
