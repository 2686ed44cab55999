package builtin_test

import (
	"context"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

func TestAnAgentThatCannotWorkIsAnErrorThatSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		config builtin.Config
		says   []string
	}{
		"no model":                       {builtin.Config{}, []string{"Model is missing"}},
		"no steps":                       {builtin.Config{MaxSteps: -1}, []string{"MaxSteps"}},
		"a tool of nothing":              {builtin.Config{Tools: []agent.ServerTool{{Name: "one"}}}, []string{"tool one"}},
		"a tool of channels":             {builtin.Config{Tools: []agent.ServerTool{agent.Tool("two", "", func(context.Context, struct{ C chan int }) (int, error) { return 0, nil })}}, []string{"tool two", "schema"}},
		"a property that doesn't exist":  {builtin.Config{Overridable: []builtin.Property{"apiKey"}}, []string{"apiKey"}},
		"models that nothing can return": {builtin.Config{Overridable: []builtin.Property{builtin.PropertyModel}}, []string{"Models is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "no model" {
				test.config.Model = scripted(t).model(t)
			}
			_, err := builtin.New(test.config)
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error has no %s: %v", part, err)
				}
			}
		})
	}
}

func TestCapabilitiesAreMergedByCategory(t *testing.T) {
	a := scripted(t).agent(t, builtin.Config{Description: "helps", Capabilities: agui.Capabilities{
		"tools": agenttest.Raw(`{"supported":true}`), "identity": agenttest.Raw(`{"name":"Ada"}`),
	}})
	got := agenttest.Compact(t, a.Capabilities())
	want := `{"humanInTheLoop":{"interrupts":true},"identity":{"name":"Ada"},"tools":{"supported":true},"transport":{"streaming":true}}`
	if got != want || a.Description() != "helps" {
		t.Errorf("got %s, %s", got, a.Description())
	}
}
