package builtin_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// provider is a scripted provider, for which there are agents.
type provider struct{ *agenttest.Provider }

func scripted(t testing.TB, answers ...scriptedmodel.Answer) provider {
	t.Helper()
	return provider{agenttest.NewProvider(t, answers...)}
}

// config returns the configuration of a model of this provider.
func (p provider) config() model.Config {
	return model.Config{Model: "openai/gpt-4o", APIKey: "sk-test-key", BaseURL: p.URL, LookupEnv: noEnvironment}
}

// model returns a model of this provider.
func (p provider) model(t testing.TB) *openai.Model {
	t.Helper()
	m, err := openai.New(p.config())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// agent returns an agent with a model of this provider; what config leaves out is
// filled in.
func (p provider) agent(t testing.TB, config builtin.Config) *builtin.Agent {
	t.Helper()
	config.Model = p.model(t)
	config.Models = func(name string) (model.Model, error) { return openai.Providers().Resolve(p.config(), name) }
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Settings.MaxRetries == nil {
		config.Settings.MaxRetries = new(int)
	}
	a, err := builtin.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func noEnvironment(string) (string, bool) { return "", false }

// logged returns a logger and what it wrote.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, nil)), &b
}
