package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// Config says which environment is to be checked.
type Config struct {
	// Env is the environment.
	Env bundle.Env
	// Platform is where it is meant for.
	Platform platforms.Platform
	// Options are what the platform's program adds: stores, and ways to sign in. If nil,
	// there are none.
	Options []bundle.Option
	// Online tries what can only be known over the network, for Limit each: models, the
	// store, the issuer of tokens, remote agents and MCP servers.
	Online bool
	// Limit is how long a trial may take. If zero, defaults to 10 seconds.
	Limit time.Duration
}

const defaultLimit = 10 * time.Second

// Environment returns what a deployment would do with an environment, and what is wrong with
// that. Without Config.Online it does no network I/O, except that for the local server it
// looks whether the port is free. With it each model is asked for a word, and a thread is
// written to the store and deleted, which makes what the store makes of itself when it is
// first used. It returns soon after ctx ends.
func Environment(ctx context.Context, config Config) *Report {
	config.Limit = cmp.Or(config.Limit, defaultLimit)
	values := config.values()
	r := newReport("the environment, for "+config.Platform.Title, newShown(values))
	defer r.sort()
	env := func() []string {
		var list []string
		for name, value := range values {
			list = append(list, name+"="+value)
		}
		slices.Sort(list)
		return list
	}
	settings, err := bundle.Read(env, config.Platform.Defaults)
	if err != nil {
		explainErrors(r, values, err)
		return r
	}
	if config.Platform.DemoWithoutKey && settings.ModelIsDefault && settings.CheckKey() != nil {
		settings.Model = bundle.DemoModel
	}
	a := advisor{r, settings, values, config.Platform}
	a.describe()
	a.advise()
	if config.builds(ctx, r, settings, values) && config.Online {
		config.try(ctx, r, settings)
	}
	return r
}

// values returns the environment, with what the platform adds to it.
func (c Config) values() map[string]string {
	values := make(map[string]string)
	for name, value := range c.Platform.Sets {
		values[name] = value
	}
	for _, entry := range c.Env() {
		if name, value, _ := strings.Cut(entry, "="); value != "" {
			values[name] = value
		}
	}
	return values
}

// builds reports whether the runtime can be built, which it is without opening a store: one
// in a file would make the file.
func (c Config) builds(ctx context.Context, r *Report, settings *bundle.Settings, values map[string]string) bool {
	options := slices.Concat(c.Options, []bundle.Option{
		bundle.WithLogger(slog.New(slog.DiscardHandler)),
		bundle.WithStore("sqlite", func(context.Context, string) (store.Store, error) { return memory.New(memory.Limits{}), nil }),
	})
	if c.Platform.FrontEnd != "" {
		options = append(options, bundle.WithoutFrontEnd(c.Platform.FrontEnd))
	}
	if !c.Platform.AgentCore {
		options = append(options, bundle.WithoutAgentCore())
	}
	if c.Platform.Metrics {
		options = append(options, bundle.WithMetricsServer())
	}
	if scheme := settings.Store.Scheme(); scheme != "" && !slices.Contains(c.Platform.Stores, scheme) {
		r.problem("store", "COPILOTKIT_STORE", fmt.Sprintf("there is no store of the kind %q on %s", scheme, c.Platform.Title), "",
			"Use memory, or one of "+strings.Join(c.Platform.Stores, ", ")+".")
		return false
	}
	runtime, err := bundle.NewFromSettings(ctx, settings, options...)
	if errors.Is(err, syscall.EADDRINUSE) {
		return true // of the metrics: the deployment itself may have it
	}
	if err != nil {
		explainErrors(r, values, err)
		return false
	}
	if err := runtime.Close(); err != nil {
		r.warn("close", "", "what was built isn't closed whole: "+err.Error(), "", "")
	}
	return true
}

// explainErrors adds a finding for each variable that an error names, or one for the error.
func explainErrors(r *Report, values map[string]string, err error) {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range all.Unwrap() {
			explainErrors(r, values, one)
		}
		return
	}
	if wrong, ok := err.(*bundle.EnvError); ok {
		if r.has(wrong.Name) {
			return
		}
		code, why, do := explain(wrong, values)
		r.problem(code, wrong.Name, wrong.Err.Error(), why, do)
		return
	}
	if inner := errors.Unwrap(err); inner != nil && errors.As(err, new(*bundle.EnvError)) {
		explainErrors(r, values, inner)
		return
	}
	r.problem("configuration", "", err.Error(), "The runtime doesn't start with this.", "")
}

// explain returns what is to be said of a variable beside its error.
func explain(wrong *bundle.EnvError, values map[string]string) (code, why, do string) {
	why = "The runtime doesn't start with this."
	switch {
	case wrong.Name == "COPILOTKIT_AUTH":
		return MistakeNoAuth, why, chooseAuth
	case strings.Contains(wrong.Err.Error(), "not set, and the model"):
		return "no-key", why, keyAdvice(wrong.Name, values)
	case strings.Contains(wrong.Err.Error(), "no such variable"):
		return "no-such-variable", "A misspelt variable would silently have no effect.", "Correct or remove it."
	}
	return "value", why, ""
}

const chooseAuth = "Set it to oidc if users sign in somewhere, session for anonymous visitors with threads of their own, token for " +
	"programs, platform behind a front door that verifies users, or none for a demonstration."

// keyAdvice says what to do where a model's key isn't set, given the keys that are.
func keyAdvice(variable string, values map[string]string) string {
	do := "Set " + variable + ", or COPILOTKIT_MODEL to a model whose key you have"
	for _, other := range []struct{ variable, model string }{
		{"ANTHROPIC_API_KEY", "anthropic/…"}, {"OPENAI_API_KEY", "openai/…"}, {"GOOGLE_API_KEY", "google/…"}, {"GROQ_API_KEY", "groq/…"},
		{"MISTRAL_API_KEY", "mistral/…"}, {"DEEPSEEK_API_KEY", "deepseek/…"}, {"XAI_API_KEY", "xai/…"}, {"OPENROUTER_API_KEY", "openrouter/…"},
	} {
		if other.variable != variable && values[other.variable] != "" {
			return do + ": " + other.variable + " is set, which is for COPILOTKIT_MODEL=" + other.model
		}
	}
	return do + ", or COPILOTKIT_MODEL=demo to try without one."
}
