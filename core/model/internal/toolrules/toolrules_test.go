package toolrules_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/toolrules"
)

var names = toolrules.NameRule{Max: 64, Signs: "-"}

// translated returns a request as a dialect with the rules gets it, and the names of
// calls as the loop gets them if the provider answers with the given ones.
func translated(t testing.TB, rules toolrules.Rules, request *model.Request, answer ...string) (got *model.Request, received []string) {
	t.Helper()
	got, translation := rules.Translate(request, new(toolrules.Cache))
	for i, name := range answer {
		delta := model.Delta{Kind: model.KindToolCall, Call: i, Name: name}
		translation.Receive(&delta)
		received = append(received, delta.Name)
	}
	return got, received
}

func withTools(names ...string) *model.Request {
	request := &model.Request{}
	for _, name := range names {
		request.Tools = append(request.Tools, model.Tool{Name: name})
	}
	return request
}

func sentNames(request *model.Request) (sent []string) {
	for _, tool := range request.Tools {
		sent = append(sent, tool.Name)
	}
	return sent
}

func TestNamesThatAProviderRefusesAreTranslatedThereAndBack(t *testing.T) {
	long := strings.Repeat("long_name_", 10)
	for name, test := range map[string]struct {
		rule toolrules.NameRule
		have []string
		want []string
	}{
		"all are taken":               {names, []string{"weather", "get-time_2"}, []string{"weather", "get-time_2"}},
		"dots and spaces":             {names, []string{"files.read", "say it"}, []string{"files_read", "say_it"}},
		"dots where they are taken":   {toolrules.NameRule{Max: 64, Signs: ".-"}, []string{"files.read"}, []string{"files.read"}},
		"too long":                    {names, []string{long}, []string{long[:54] + "_460d61b0"}},
		"nothing is left":             {names, []string{"天気", "時間"}, []string{"tool_bc79d84d", "tool_bf6267da"}},
		"letters of other alphabets":  {names, []string{"météo"}, []string{"m_t_o"}},
		"a digit first":               {toolrules.NameRule{Max: 64, LetterFirst: true}, []string{"2do"}, []string{"_2do"}},
		"two become one":              {names, []string{"a.b", "a b"}, []string{"a_b_2e7336dc", "a_b"}},
		"one becomes another's":       {names, []string{"a.b", "a_b"}, []string{"a_b_2e7336dc", "a_b"}},
		"on purpose, with the hash":   {names, []string{"a.b", "a_b", "a_b_2e7336dc"}, []string{"a_b_6a36993c", "a_b", "a_b_2e7336dc"}},
		"without a rule any is taken": {toolrules.NameRule{}, []string{"a.b", ""}, []string{"a.b", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			rules := toolrules.Rules{Names: test.rule}
			sent, received := translated(t, rules, withTools(test.have...), test.want...)
			if got := sentNames(sent); !slices.Equal(got, test.want) {
				t.Errorf("the provider gets %q, want %q", got, test.want)
			}
			if !slices.Equal(received, test.have) {
				t.Errorf("the loop gets %q, want %q", received, test.have)
			}
		})
	}
}

func TestNamesStayTheSameWhenTheConversationGoesOn(t *testing.T) {
	rules := toolrules.Rules{Names: names}
	request := withTools("b.c", "b c")
	request.Settings.ToolChoice = model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "b.c"}
	call := func(id, name string) agui.Message {
		return agui.Message{Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: id, Name: name, Arguments: "{}"}}}
	}
	request.Messages = []agui.Message{call("1", "gone away"), call("2", "b.c")}
	before, _ := translated(t, rules, request)
	request.Messages = append(request.Messages, call("3", "gone.away"), call("4", "b:c"))
	after, _ := translated(t, rules, request)
	if !slices.Equal(sentNames(before), sentNames(after)) || before.Settings.ToolChoice.Tool != "b_c_b476cc5a" {
		t.Errorf("got %q and %q, choice %q", sentNames(before), sentNames(after), before.Settings.ToolChoice.Tool)
	}
	var calls []string
	for i, message := range after.Messages {
		calls = append(calls, message.ToolCalls[0].Name)
		if i < len(before.Messages) && message.ToolCalls[0].Name != before.Messages[i].ToolCalls[0].Name {
			t.Errorf("call %d has another name now", i)
		}
	}
	if calls[0] != "gone_away" || calls[1] != "b_c_b476cc5a" || !strings.HasPrefix(calls[2], "gone_away_") {
		t.Errorf("the calls are of %q", calls)
	}
	if request.Messages[0].ToolCalls[0].Name != "gone away" || request.Tools[0].Name != "b.c" {
		t.Error("the request was changed")
	}
	// Tools in another order are called the same.
	swapped, _ := translated(t, rules, withTools("b c", "b.c"))
	if got := sentNames(swapped); got[1] != sentNames(before)[0] {
		t.Errorf("in another order they are %q", got)
	}
}

func TestARequestWithoutRefusedNamesIsSentAsItIs(t *testing.T) {
	request := withTools("weather")
	request.Messages = []agui.Message{{Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "1", Name: "weather"}}}}
	if got, _ := translated(t, toolrules.Rules{Names: names}, request); got != request {
		t.Error("it was copied")
	}
}

func TestManyHostileNamesAreTranslatedQuickly(t *testing.T) {
	request := &model.Request{}
	for i := range 1000 {
		request.Tools = append(request.Tools, model.Tool{Name: fmt.Sprintf("a%sb", strings.Repeat(".", i%60)) + fmt.Sprint(i)})
	}
	for i := range 20_000 {
		request.Messages = append(request.Messages, agui.Message{Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{Name: fmt.Sprintf("x %d", i)}, {Name: fmt.Sprintf("x.%d", i)}}})
	}
	got, _ := translated(t, toolrules.Rules{Names: names}, request)
	seen := map[string]bool{}
	for _, tool := range got.Tools {
		if seen[tool.Name] || len(tool.Name) > 64 {
			t.Fatalf("%q is sent twice or too long", tool.Name)
		}
		seen[tool.Name] = true
	}
}

// schema returns a schema as a provider with the rules gets it.
func schema(t testing.TB, rules toolrules.Rules, original string) string {
	t.Helper()
	got, _ := translated(t, rules, &model.Request{Tools: []model.Tool{{Name: "t", Parameters: json.RawMessage(original)}}})
	return string(got.Tools[0].Parameters)
}
