package core_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// titled greets, and names threads as title does.
func titled(title func(ctx context.Context, in *agui.RunAgentInput, yield func(agui.Event, error) bool)) agent.Func {
	return func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		if len(in.Messages) > 0 && in.Messages[0].Role == agui.RoleSystem {
			return func(yield func(agui.Event, error) bool) { title(ctx, in, yield) }
		}
		return greeter(ctx, in)
	}
}

// asking is a run's input with a question.
var asking = strings.Replace(input, `"messages":[]`, `"messages":[{"id":"u","role":"user","content":"Where is the Matterhorn?"}]`, 1)

func TestNewThreadsAreNamed(t *testing.T) {
	say := func(text string) func(context.Context, *agui.RunAgentInput, func(agui.Event, error) bool) {
		return func(_ context.Context, _ *agui.RunAgentInput, yield func(agui.Event, error) bool) {
			yield(agui.TextMessageChunkEvent{MessageID: "m", Role: agui.RoleAssistant, Delta: text, HasDelta: true}, nil)
		}
	}
	for _, test := range []struct {
		name  string
		off   bool
		body  string
		title func(context.Context, *agui.RunAgentInput, func(agui.Event, error) bool)
		want  string
	}{
		{"by the agent", false, asking, func(_ context.Context, in *agui.RunAgentInput, yield func(agui.Event, error) bool) {
			say("About "+in.Messages[1].Content.Text())(nil, nil, yield)
		}, `"About user: Where is the Matterhorn"`},
		{"without decoration", false, asking, say("**\"Finding the Matterhorn\"**.\n"), `"Finding the Matterhorn"`},
		{"from JSON", false, asking, say(`{"title":"Finding the Matterhorn"}`), `"Finding the Matterhorn"`},
		{"not when it is off", true, asking, say("Finding it"), "null"},
		{"not without messages", false, input, say("Finding it"), "null"},
		{"not by an essay", false, asking, say("The Matterhorn is a mountain of the Alps, straddling the border"), "null"},
		{"not by nothing", false, asking, say("..."), "null"},
		{"not by an agent that fails", false, asking, func(_ context.Context, _ *agui.RunAgentInput, yield func(agui.Event, error) bool) {
			yield(nil, errors.New("no"))
		}, "null"},
		{"not by an agent that panics", false, asking, func(context.Context, *agui.RunAgentInput, func(agui.Event, error) bool) { panic("no") }, "null"},
		{"not by an agent that takes too long", false, asking, func(ctx context.Context, _ *agui.RunAgentInput, yield func(agui.Event, error) bool) {
			select {
			case <-ctx.Done():
			case <-time.After(time.Hour):
				say("Too late")(nil, nil, yield)
			}
		}, "null"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := newRuntime(t, core.Config{Agents: agents(titled(test.title)), NameThreads: !test.off})
				got := request{method: "POST", path: "/agent/default/run", body: test.body}.to(handler).Body.String()
				if !strings.Contains(got, text(" there")) || strings.Contains(got, "Matterhorn\"") {
					t.Errorf("the run streamed\n%s", got)
				}
				if list := get(t.Context(), handler, "/threads").Body.String(); !strings.Contains(list, `{"id":"t1","name":`+test.want+`,`) {
					t.Errorf("threads: %s\nwant the name %s", list, test.want)
				}
			})
		})
	}
}

func TestANameIsGivenOnce(t *testing.T) {
	calls := 0
	naming := titled(func(_ context.Context, _ *agui.RunAgentInput, yield func(agui.Event, error) bool) {
		calls++
		yield(agui.TextMessageChunkEvent{MessageID: "m", Delta: "By the agent", HasDelta: true}, nil)
	})
	handler := newRuntime(t, core.Config{Agents: agents(naming), NameThreads: true})
	request{method: "POST", path: "/threads", body: `{"agentId":"default","id":"t1","name":"By hand"}`}.to(handler)
	request{method: "POST", path: "/agent/default/run", body: asking}.to(handler)
	for _, id := range []string{`"t2"`, `"t2"`} {
		request{method: "POST", path: "/agent/default/run", body: strings.Replace(asking, `"t1"`, id, 1)}.to(handler)
	}
	list := get(t.Context(), handler, "/threads").Body.String()
	if calls != 1 || !strings.Contains(list, `"name":"By hand"`) || !strings.Contains(list, `"name":"By the agent"`) {
		t.Errorf("%d calls, threads: %s", calls, list)
	}
}

func TestNamingKeepsThePlatformsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := titled(func(ctx context.Context, _ *agui.RunAgentInput, _ func(agui.Event, error) bool) { <-ctx.Done() })
		handler := newRuntime(t, core.Config{Agents: agents(hanging), NameThreads: true})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		got := request{method: "POST", path: "/agent/default/run", body: asking}.serve(ctx, handler)
		if took := time.Since(began); took > 2*time.Second || !strings.Contains(got.Body.String(), finished) {
			t.Errorf("answered after %s:\n%s", took, got.Body)
		}
	})
}

func TestANameIsMadeFromTheBeginningsOfMessages(t *testing.T) {
	var shown int
	naming := titled(func(_ context.Context, in *agui.RunAgentInput, _ func(agui.Event, error) bool) {
		shown = len(in.Messages[1].Content.Text())
	})
	handler := newRuntime(t, core.Config{Agents: agents(naming), NameThreads: true})
	long := strings.Replace(asking, "Where", strings.Repeat("é", 100_000), 1)
	request{method: "POST", path: "/agent/default/run", body: long}.to(handler)
	if shown == 0 || shown > 2100 {
		t.Errorf("the agent was shown %d bytes", shown)
	}
}
