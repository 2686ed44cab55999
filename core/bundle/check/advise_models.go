package check

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func (a advisor) adviseModels() {
	if a.settings.Model == bundle.DemoModel {
		if a.platform.Name != "local" {
			a.warn("demo", "COPILOTKIT_MODEL", "it is demo, which answers from a script", "", "Set it to provider/model, with the provider's key.")
		}
		return
	}
	for name := range strings.SplitSeq(a.settings.Model, ",") {
		name = strings.TrimSpace(name)
		provider, err := bundle.ProviderOf(name)
		if err != nil {
			continue
		}
		for _, variable := range a.settings.Keys(name) {
			a.adviseKey(variable, a.settings.Credentials[variable].Reveal(), a.address(name) != "")
		}
		if address := a.address(name); address != "" {
			a.adviseAddress(provider.URLVariable, provider.Name, address)
		}
	}
}

// adviseKey looks at what a key looks like. It says nothing of the key itself.
func (a advisor) adviseKey(variable, key string, ownAddress bool) {
	wrong := func(what, do string) {
		a.problem(MistakeWrongKey, variable, what, "The provider will refuse it.", do)
	}
	lower := strings.ToLower(key)
	switch {
	case strings.Trim(key, `"'`) != key:
		wrong("there are quotes around the key", "Write it without: what reads the file that it comes from doesn't take them off.")
	case strings.HasPrefix(lower, "bearer"):
		wrong("it begins with Bearer", "Set the key alone.")
	case strings.Contains(key, "…") || strings.Contains(key, "...") || strings.Contains(key, "***") || strings.HasPrefix(key, "<") ||
		strings.Contains(lower, "your-") || strings.Contains(lower, "your_") || lower == "changeme":
		wrong("it is a placeholder, not a key", "Set the key that the provider shows once, when it is made.")
	case ownAddress: // whose keys may look like any
	case variable == "OPENAI_API_KEY" && strings.HasPrefix(key, "sk-ant-"):
		wrong("it is a key of Anthropic's", "Move it to ANTHROPIC_API_KEY, and set COPILOTKIT_MODEL=anthropic/….")
	case variable == "OPENAI_API_KEY" && strings.HasPrefix(key, "gsk_"):
		wrong("it is a key of Groq's", "Move it to GROQ_API_KEY, and set COPILOTKIT_MODEL=groq/….")
	case variable == "ANTHROPIC_API_KEY" && strings.HasPrefix(key, "sk-") && !strings.HasPrefix(key, "sk-ant-"):
		wrong("it isn't a key of Anthropic's, which begin with sk-ant-", "Set one of Anthropic's, or move it to OPENAI_API_KEY and set COPILOTKIT_MODEL=openai/….")
	}
}

// adviseAddress looks at the address of a provider.
func (a advisor) adviseAddress(variable, provider, address string) {
	parsed, err := url.Parse(address)
	if err != nil {
		return
	}
	a.adviseLocalhost(variable, "the provider "+provider, address)
	path := strings.TrimRight(parsed.Path, "/")
	wrong := func(what, do string) {
		a.problem("provider-address", variable, what, "Every call would be answered with 404.", do)
	}
	switch {
	case strings.HasSuffix(path, "/chat/completions") || strings.HasSuffix(path, "/responses") || strings.HasSuffix(path, "/messages"):
		wrong("it has the path of a call at its end", "End it before that, mostly with /v1.")
	case variable == "OPENAI_BASE_URL" && parsed.Hostname() == "api.openai.com" && path != "/v1":
		wrong("it lacks /v1", "Remove it, or end it with /v1.")
	case parsed.Scheme == "http" && isPublic(parsed.Hostname()):
		a.warn("plain-http", variable, fmt.Sprintf("the provider %s is asked by http://", provider),
			"Whoever is between reads the key and what users write.", "Begin its address with https://.")
	}
}
