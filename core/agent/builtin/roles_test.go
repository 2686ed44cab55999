package builtin_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func TestOnlyTheRolesThatTheDeployerLetsThroughReachTheModel(t *testing.T) {
	input := agenttest.Saying("one")
	input.Messages = append([]agui.Message{
		{ID: "s", Role: agui.RoleSystem, Content: agui.TextContent("sys")},
		{ID: "d", Role: agui.RoleDeveloper, Content: agui.TextContent("dev")},
	}, append(input.Messages,
		agui.Message{ID: "r", Role: agui.RoleReasoning, Content: agui.TextContent("hm")},
		agui.Message{ID: "v", Role: agui.RoleActivity, ActivityType: "a", Content: agui.ObjectContent(agenttest.Raw(`{}`))},
		agui.Message{ID: "e", Role: agui.RoleAssistant},
	)...)
	for name, test := range map[string]struct {
		config builtin.Config
		want   []string
	}{
		"none by default": {builtin.Config{}, []string{`{"content":"one","role":"user"}`}},
		"system":          {builtin.Config{ForwardSystemMessages: true}, []string{`{"content":"sys","role":"system"}`, `{"content":"one","role":"user"}`}},
		"developer":       {builtin.Config{ForwardDeveloperMessages: true}, []string{`{"content":"dev","role":"system"}`, `{"content":"one","role":"user"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, scriptedmodel.Answer{Text: "ok"})
			agenttest.Run(t, p.agent(t, test.config), input)
			agenttest.WantLines(t, p.Messages(t, 0), test.want...)
		})
	}
}
