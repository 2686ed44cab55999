package core_test

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/agui"
)

// tagging is an extension that tags the text of its agent.
type tagging struct{ tag, only string }

func (e tagging) Extend(agentID string, a agent.Agent) agent.Agent {
	if e.only != "" && e.only != agentID {
		return a
	}
	return agent.Func(func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			for event, err := range a.Run(ctx, input) {
				if content, ok := event.(agui.TextMessageContentEvent); ok {
					content.Delta = e.tag + content.Delta
					event = content
				}
				if !yield(event, err) {
					return
				}
			}
		}
	})
}

func (e tagging) Announce(features *agent.Features) {
	features.A2UI, features.A2UIAgents = true, []string{e.only}
}

func TestExtensionsWrapTheRunsOfTheirAgents(t *testing.T) {
	t.Parallel()
	runtime := newRuntime(t, core.Config{
		Agents:     map[string]agent.Agent{"default": greeter, "other": greeter},
		Extensions: []agent.Extension{tagging{tag: "outer ", only: "default"}, tagging{tag: "inner ", only: "default"}},
	})
	defer runtime.Close()
	for _, c := range []struct{ path, thread, want string }{
		{"/agent/default/run", "t1", `"delta":"outer inner hi"`},
		{"/agent/other/run", "t2", `"delta":"hi"`},
		{"/agent/default/suggest", "t3", `"delta":"hi"`},
	} {
		answer := request{method: "POST", path: c.path, body: strings.ReplaceAll(input, "t1", c.thread)}.to(runtime)
		if body := answer.Body.String(); !strings.Contains(body, c.want) {
			t.Errorf("%s answers %s, want %s in it", c.path, body, c.want)
		}
	}
	nobodys, err := a2ui.New(a2ui.Config{Agents: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	none := newRuntime(t, core.Config{Agents: agents(greeter), Extensions: []agent.Extension{nobodys}})
	if info, want := get(t.Context(), none, "/info").Body.String(), `"a2ui":{"enabled":true,"agents":[]}`; !strings.Contains(info, want) {
		t.Errorf("/info is %s, want %s in it", info, want)
	}
	info := get(t.Context(), runtime, "/info").Body.String()
	if want := `"a2uiEnabled":true,"a2ui":{"enabled":true,"agents":["default"]}`; !strings.Contains(info, want) {
		t.Errorf("/info is %s, want %s in it", info, want)
	}
}

func TestExtensionsMustNotBeNil(t *testing.T) {
	t.Parallel()
	_, err := core.New(core.Config{Agents: agents(greeter), Extensions: []agent.Extension{nil}})
	if err == nil || !strings.Contains(err.Error(), "extension") {
		t.Errorf("New returned %v", err)
	}
}
