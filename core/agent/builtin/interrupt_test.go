package builtin_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func TestAnInterruptToolPausesTheRun(t *testing.T) {
	for name, maxSteps := range map[string]int{"with one step": 1, "with many steps": 5} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, agenttest.Calling("approve", `{"what":"it"}`, "weather", `{"city":"Oslo"}`))
			a := p.agent(t, builtin.Config{MaxSteps: maxSteps, Tools: []agent.ServerTool{agenttest.ApproveTool(), agenttest.WeatherTool()}})
			events := agenttest.Run(t, a, agenttest.Saying("Do it"))
			got := agenttest.Lines(t, events)
			if want := `RUN_FINISHED {"finishReason":"tool-calls","outcome":{"interrupts":[{"id":"call_1","message":"Is this fine?","reason":"tool_call","toolCallId":"call_1"}],"type":"interrupt"}}`; got[len(got)-1] != want {
				t.Errorf("the run ended with %s", got[len(got)-1])
			}
			// The other tool of the step ran; the question has no result yet.
			if found := agenttest.Results(events); len(found) != 1 || found["call_2"] == "" {
				t.Errorf("results %v", found)
			}
			if len(p.Requests()) != 1 {
				t.Errorf("the model was called %d times", len(p.Requests()))
			}
		})
	}
}

func TestResumeAnswersEachQuestionOnce(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*agui.RunAgentInput)
		answers []string // the contents of the tool messages, in order
	}{
		"resolved and cancelled": {
			func(in *agui.RunAgentInput) {
				in.Resume = []agui.ResumeEntry{
					{InterruptID: "call_2", Status: "cancelled"},
					{InterruptID: "call_1", Status: "resolved", Payload: agenttest.Raw(`{ "approved": true }`)},
				}
			},
			[]string{`{"approved":true}`, `{"status":"cancelled"}`},
		},
		"resolved without a payload": {
			func(in *agui.RunAgentInput) {
				in.Resume = []agui.ResumeEntry{{InterruptID: "call_1", Status: "resolved"}, {InterruptID: "call_2", Status: "resolved", Payload: agenttest.Raw(`null`)}}
			},
			[]string{`{"status":"resolved"}`, `{"status":"resolved"}`},
		},
		"recorded by the client already": {
			func(in *agui.RunAgentInput) {
				in.Messages = append(in.Messages,
					agui.Message{ID: "m3", Role: agui.RoleTool, ToolCallID: "call_1", Content: agui.TextContent("recorded")})
				in.Resume = []agui.ResumeEntry{{InterruptID: "call_1", Status: "resolved", Payload: agenttest.Raw(`"again"`)}, {InterruptID: "call_2", Status: "resolved", Payload: agenttest.Raw(`7`)}}
			},
			[]string{"recorded", "7"},
		},
		"recorded far from its call": {
			func(in *agui.RunAgentInput) {
				in.Messages = append(in.Messages,
					agui.Message{ID: "m3", Role: agui.RoleUser, Content: agui.TextContent("Well?")},
					agui.Message{ID: "m4", Role: agui.RoleTool, ToolCallID: "call_2", Content: agui.TextContent("late")},
					agui.Message{ID: "m5", Role: agui.RoleTool, ToolCallID: "call_9", Content: agui.TextContent("of no call")})
			},
			[]string{`{"status":"unanswered"}`, "late"},
		},
		"recorded as an error": {
			func(in *agui.RunAgentInput) {
				in.Messages = append(in.Messages,
					agui.Message{ID: "m3", Role: agui.RoleTool, ToolCallID: "call_1", Error: "it broke"},
					agui.Message{ID: "m4", Role: agui.RoleTool, ToolCallID: "call_2", Content: agui.TextContent("fine")})
			},
			[]string{`{"error":"it broke"}`, "fine"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, scriptedmodel.Answer{Text: "ok"})
			input := agenttest.Paused()
			test.change(input)
			agenttest.Run(t, p.agent(t, builtin.Config{Tools: []agent.ServerTool{agenttest.ApproveTool()}}), input)
			var roles, answers []string
			for _, value := range p.Request(t, 0)["messages"].([]any) {
				message := value.(map[string]any)
				roles = append(roles, message["role"].(string))
				if message["role"] == "tool" {
					answers = append(answers, message["content"].(string))
				}
			}
			if !slices.Equal(answers, test.answers) {
				t.Errorf("the model got the answers %q, want %q", answers, test.answers)
			}
			// Providers want the results right behind the calls.
			if got := strings.Join(roles[:4], " "); got != "user assistant tool tool" {
				t.Errorf("the model got %v", roles)
			}
		})
	}
}

func TestResumeOfAnUnknownQuestionIsAnError(t *testing.T) {
	input := agenttest.Paused()
	input.Resume = []agui.ResumeEntry{{InterruptID: "call_9", Status: "resolved"}}
	_, err := agenttest.Collect(scripted(t).agent(t, builtin.Config{}).Run(t.Context(), input))
	var failed *agent.Error
	if !errors.As(err, &failed) || failed.Code != "unknown_interrupt" {
		t.Errorf("the run ended with %v", err)
	}
}
