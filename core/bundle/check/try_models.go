package check

import (
	"context"
	"errors"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/model"
)

// models returns an attempt for each model that the default agent asks.
func (t trier) models() (attempts []attempt) {
	if t.settings.Model == bundle.DemoModel || t.settings.Agents["default"].URL.Reveal() != "" {
		return nil
	}
	for name := range strings.SplitSeq(t.settings.Model, ",") {
		name = strings.TrimSpace(name)
		attempts = append(attempts, attempt{"model " + name, func(ctx context.Context) (string, bool) { return t.model(ctx, name) }})
	}
	return attempts
}

// model asks a model for a word, with the settings of the deployment, and doesn't wait for
// more than the beginning of its answer.
func (t trier) model(ctx context.Context, name string) (string, bool) {
	m, err := bundle.ModelAt(t.settings, name, t.options...)
	if err != nil {
		t.problem("model", "COPILOTKIT_MODEL", err.Error(), "", "")
		return "it can't be made", false
	}
	once := 0
	request := &model.Request{
		Messages: []agui.Message{{ID: "check", Role: agui.RoleUser, Content: agui.TextContent("Answer with the word yes.")}},
		Settings: t.settings.ModelSettings,
	}
	request.Settings.MaxRetries = &once
	for _, err := range m.Stream(ctx, request) {
		if err != nil {
			return t.refused(ctx, name, err), false
		}
		return "it answers", true
	}
	t.problem("model", "COPILOTKIT_MODEL", "the model "+name+" answered with nothing", "", "")
	return "it answered with nothing", false
}

// refused adds a finding for what a model has failed with, and returns it in a few words.
func (t trier) refused(ctx context.Context, name string, err error) string {
	provider, _ := bundle.ProviderOf(name) // it was made
	key, cause := provider.KeyVariable, err.Error()
	if keys := t.settings.Keys(name); len(keys) > 0 {
		key = keys[0]
	} else if provider.SignIn != "" {
		key = "" // an identity of the platform's
	}
	var failed *model.Error
	if !errors.As(err, &failed) {
		failed = model.NewError(model.CodeProviderUnavailable, err)
	}
	switch failed.Code {
	case model.CodeAuthFailed:
		switch {
		case aboutClock(cause):
			t.problem(MistakeClock, "", "the provider of "+name+" says that the request was signed at another time than now", cause,
				"Set this machine's clock: signatures hold for some minutes.")
			return "the clock is wrong"
		case key == "":
			t.problem(MistakeWrongKey, "", "the provider of "+name+" refuses this machine's identity", cause,
				"Give the role, service account or managed identity the right to call the model; on this machine it may be another than the deployment's.")
			return "the identity is refused"
		}
		t.problem(MistakeWrongKey, key, "the provider of "+name+" refuses the key", cause,
			"Set "+key+" to a key that the provider lists as active, whole and without quotes, of the project or organization that has the model.")
		return "the key is refused"
	case model.CodeModelNotFound:
		do := "Correct the part behind the slash: it is the provider's own name of the model, and the key's account must have it."
		if t.settings.Credentials[provider.URLVariable] != "" {
			do += " Or correct " + provider.URLVariable + ": what is there may have no such path."
		}
		t.problem(MistakeWrongModel, "COPILOTKIT_MODEL", "the provider has no model "+name, cause, do)
		return "there is no such model"
	case model.CodeQuotaExceeded:
		t.problem("quota", key, "the account of the key has nothing left to spend", cause, "Add credit at the provider, or raise the budget of the project.")
		return "the quota is used up"
	case model.CodeRateLimited:
		t.warn("rate-limited", key, "the provider of "+name+" is asked too often at the moment", cause, "Try again, or ask for a higher limit there.")
		return "asked too often"
	case model.CodeProviderUnavailable, model.CodeTimeout:
		t.network(ctx, "network", provider.URLVariable, "the provider of "+name, err)
		return "no answer"
	}
	t.problem("model", "COPILOTKIT_MODEL", "the model "+name+" refuses a short question: "+failed.Message, cause,
		"Look at COPILOTKIT_MODEL_OPTIONS and the other settings of the model, which were sent with it.")
	return "the question is refused"
}

// aboutClock reports whether a provider refuses a signature for its time.
func aboutClock(cause string) bool {
	cause = strings.ToLower(cause)
	for _, words := range []string{"signature expired", "signature not yet current", "requesttimetooskewed", "requestexpired", "too far in the", "clock"} {
		if strings.Contains(cause, words) {
			return true
		}
	}
	return false
}
