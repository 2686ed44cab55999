package demo_test

import (
	"encoding/json"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/demo"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

func TestTheDemoKeepsTheModelsPromises(t *testing.T) {
	paint := model.Tool{Name: "paint", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)}
	for name, test := range map[string]struct {
		says   string
		choice model.ToolChoice
		reason model.FinishReason
		calls  int
	}{
		"with text":           {"Hello", model.ToolChoice{}, model.FinishStop, 0},
		"with reasoning":      {"think about tea", model.ToolChoice{}, model.FinishStop, 0},
		"with a tool call":    {"call paint", model.ToolChoice{}, model.FinishToolCalls, 1},
		"with any tool":       {"Hello", model.ToolChoice{Mode: model.ToolChoiceRequired}, model.FinishToolCalls, 1},
		"with a tool by name": {"Hello", model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "paint"}, model.FinishToolCalls, 1},
		"with no tool at all": {"Hello", model.ToolChoice{Mode: model.ToolChoiceNone}, model.FinishStop, 0},
	} {
		t.Run(name, func(t *testing.T) {
			request := &model.Request{
				Messages: []agui.Message{{Role: agui.RoleUser, Content: agui.TextContent(test.says)}},
				Tools:    []model.Tool{paint}, Settings: model.Settings{ToolChoice: test.choice},
			}
			got := modeltest.Ask(t.Context(), t, &demo.Model{}, request)
			if got.Err != nil || got.Finish.Reason != test.reason || len(got.Calls) != test.calls {
				t.Errorf("got %+v", got)
			}
		})
	}
}
