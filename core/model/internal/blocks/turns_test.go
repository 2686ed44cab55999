package blocks_test

import (
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
)

func TestIDsAreAsProvidersTakeThem(t *testing.T) {
	for id, stays := range map[string]bool{"toolu_01-A": true, "": false, "fc.1": false, "a|b": false, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "é": false} {
		got := blocks.ID(id)
		if (got == id) != stays || len(got) > 64 || blocks.ID(got) != got || blocks.ID(id) != got {
			t.Errorf("%q becomes %q", id, got)
		}
	}
	if blocks.ID("a|b") == blocks.ID("a.b") {
		t.Error("two ids become one")
	}
}

// A conversation of any messages has the form that providers want.
func FuzzConvert(f *testing.F) {
	f.Add("uratrau", 3)
	f.Add("rrartrrau", 0)
	f.Add("atattaur", 9)
	f.Fuzz(func(t *testing.T, roles string, history int) {
		request := &model.Request{History: history}
		for i, role := range roles {
			after := ""
			if i%2 == 1 {
				after = `,"after":1`
			}
			switch role {
			case 'u':
				request.Messages = append(request.Messages, agui.Message{Role: agui.RoleUser, Content: agui.TextContent("Hi")})
			case 'r':
				request.Messages = append(request.Messages, agui.Message{Role: agui.RoleReasoning, EncryptedValue: `{"p":{"signature":"s"` + after + `}}`})
			case 'a':
				request.Messages = append(request.Messages, agui.Message{Role: agui.RoleAssistant, Content: agui.TextContent("I look."), ToolCalls: []agui.ToolCall{{ID: "c", Name: "f", Arguments: "{}"}}})
			case 'b':
				request.Messages = append(request.Messages, agui.Message{Role: agui.RoleAssistant, Content: agui.TextContent(" ")})
			case 't':
				request.Messages = append(request.Messages, agui.Message{Role: agui.RoleTool, ToolCallID: "c"})
			}
		}
		c, err := blocks.Convert(request, "p")
		if err != nil {
			t.Fatal(err)
		}
		for i, turn := range c.Turns {
			if turn.User != (i%2 == 0) || len(turn.Parts) == 0 {
				t.Fatalf("turn %d is %+v", i, turn)
			}
			for j, part := range turn.Parts {
				if (part.Kind == blocks.Reasoning || part.Kind == blocks.Call) && turn.User || part.Kind == blocks.Result && !turn.User {
					t.Errorf("turn %d has %+v", i, part)
				}
				if part.Kind == blocks.Result && j > 0 && turn.Parts[j-1].Kind != blocks.Result {
					t.Errorf("a result comes after %+v", turn.Parts[j-1])
				}
			}
			if turn.Parts[len(turn.Parts)-1].Kind == blocks.Reasoning {
				t.Errorf("turn %d ends with reasoning", i)
			}
		}
	})
}
