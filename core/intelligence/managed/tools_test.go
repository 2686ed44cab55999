package managed_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/telemetry"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// remembering is an agent that calls a tool once, where it has it, and notes its tools.
type remembering struct {
	name, arguments string
	tools           []string
	answered        string
}

func (r *remembering) Run(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		r.tools = nil
		for _, tool := range input.Tools {
			r.tools = append(r.tools, tool.Name)
		}
		if last := input.Messages[len(input.Messages)-1]; last.Role == agui.RoleTool {
			r.answered = last.Content.Text()
		} else if slices.Contains(r.tools, r.name) {
			yield(agui.ToolCallStartEvent{ToolCallID: "c", ToolCallName: r.name}, nil)
			yield(agui.ToolCallArgsEvent{ToolCallID: "c", Delta: r.arguments}, nil)
			yield(agui.ToolCallEndEvent{ToolCallID: "c"}, nil)
		}
		yield(agui.RunFinishedEvent{}, nil)
	}
}

func TestMemoryTools(t *testing.T) {
	grant := func(user, project intelligence.Scope) *intelligence.Grant {
		return &intelligence.Grant{User: user, Project: project}
	}
	const save, recall = "mcp__intelligence__save_memory", "mcp__intelligence__recall_memory"
	for _, test := range []struct {
		name   string
		access intelligence.MemoryAccess
		tools  []string
	}{
		{"without a policy all are there", intelligence.MemoryAccess{User: ada}, []string{recall, save}},
		{"who may write has all", intelligence.MemoryAccess{User: ada, Grant: grant(intelligence.ReadWrite, intelligence.Read)}, []string{recall, save}},
		{"who may read reads", intelligence.MemoryAccess{User: ada, Grant: grant(intelligence.Read, "")}, []string{recall}},
		{"who may nothing has none", intelligence.MemoryAccess{User: ada, Grant: grant("", "")}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProject(t)
			inner := &remembering{name: save, arguments: `{"content":"Likes tea"}`}
			agenttest.Run(t, agent.Extend("default", inner, p.client.MemoryTools(test.access)), agenttest.Saying("hello"))
			if !slices.Equal(inner.tools, test.tools) {
				t.Errorf("got tools %v, want %v", inner.tools, test.tools)
			}
			if slices.Contains(test.tools, save) && inner.answered != "Saved." {
				t.Errorf("the tool answered %q", inner.answered)
			}
			if slices.Contains(test.tools, save) {
				if list, err := p.client.Memories(t.Context(), test.access, false); err != nil || !strings.Contains(string(list), "Likes tea") {
					t.Errorf("listed %s, %v", list, err)
				}
			}
			for _, request := range p.Requests() {
				if request.Header.Get("X-Cpki-User-Id") != adaOnPlatform || (request.Header.Get("X-Cpki-Memory-Grant") != "") != (test.access.Grant != nil) {
					t.Errorf("%s %s with %v", request.Method, request.Path, request.Header)
				}
			}
		})
	}
}

func TestMemoryToolsInNobodysName(t *testing.T) {
	p := newProject(t)
	_, err := agenttest.Collect(agent.Extend("default", &remembering{}, p.client.MemoryTools(intelligence.MemoryAccess{})).Run(t.Context(), agenttest.Saying("hello")))
	if err == nil || len(p.Requests()) > 0 {
		t.Errorf("got %v", err)
	}
}

// observer notes calls.
type observer struct {
	telemetry.Observer
	calls []telemetry.Call
	ends  []telemetry.CallResult
	took  []time.Duration
}

func (o *observer) Call(ctx context.Context, call telemetry.Call) (context.Context, func(telemetry.CallResult)) {
	o.calls = append(o.calls, call)
	begun := time.Now()
	return ctx, func(result telemetry.CallResult) {
		o.ends = append(o.ends, result)
		o.took = append(o.took, time.Since(begun))
	}
}

func (o *observer) Outgoing(_ context.Context, headers http.Header) {
	headers.Set("Traceparent", "00-a-b-01")
}

func TestAnObserverIsToldOfCalls(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		seen := &observer{}
		ctx := telemetry.With(t.Context(), seen)
		const route = "GET /api/threads/{id}"
		p.client.Thread(ctx, ada, "t")
		p.Fault(route, intelligencetest.RouteFault{Delay: 3 * time.Second, Times: 1})
		p.client.Thread(ctx, ada, "t")
		p.Fault(route, intelligencetest.RouteFault{Status: 200, HangBody: true})
		p.client.Thread(ctx, ada, "t")
		p.Fault(route, intelligencetest.RouteFault{Drop: true})
		p.client.Thread(ctx, ada, "t")
		if len(seen.calls) != 4 || len(seen.ends) != 4 {
			t.Fatalf("told of %d calls, %d ends", len(seen.calls), len(seen.ends))
		}
		if call := seen.calls[0]; call.Method != http.MethodGet || !strings.HasPrefix(p.URL, "http://"+call.URL.Host) {
			t.Errorf("told %+v", call)
		}
		if seen.ends[0].Status != 404 || seen.ends[0].Err != nil || seen.took[1] != 3*time.Second {
			t.Errorf("told %+v, %v", seen.ends, seen.took)
		}
		// All of an answer is waited for.
		if seen.ends[2].Status != 200 || !errors.Is(seen.ends[2].Err, context.DeadlineExceeded) || seen.took[2] != 20*time.Second {
			t.Errorf("told %+v, %v", seen.ends[2], seen.took[2])
		}
		if seen.ends[3].Status != 0 || seen.ends[3].Err == nil {
			t.Errorf("told %+v", seen.ends[3])
		}
		if got := p.Requests()[0].Header.Get("Traceparent"); got != "00-a-b-01" {
			t.Errorf("the platform was told of the trace %q", got)
		}
	})
}
