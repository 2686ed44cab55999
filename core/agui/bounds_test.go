package agui_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

func TestAnInputIsBounded(t *testing.T) {
	const (
		message = `{"id":"m","role":"user","content":"x"}`
		tool    = `{"name":"n","description":"d"}`
		context = `{"description":"d","value":"v"}`
		resume  = `{"interruptId":"i","status":"cancelled"}`
	)
	list := func(element string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
	}
	unknown := func(n int) string {
		var fields strings.Builder
		for i := range n {
			fmt.Fprintf(&fields, `"x%d":0,`, i)
		}
		return fields.String()
	}
	parts := func(n int) string {
		return `{"id":"m","role":"user","content":` + list(`{"type":"text","text":""}`, n) + `}`
	}
	for _, test := range []struct {
		name, fields string
		want         string // "" for none
	}{
		{"10,000 messages", `"messages":` + list(message, 10_000), ""},
		{"one more", `"messages":` + list(message, 10_001), "messages: more than 10000 elements"},
		{"1,000 tools", `"messages":[],"tools":` + list(tool, 1000), ""},
		{"1,001 tools", `"messages":[],"tools":` + list(tool, 1001), "tools: more than 1000 elements"},
		{"1,001 context entries", `"messages":[],"context":` + list(context, 1001), "context: more than 1000 elements"},
		{"1,001 answers", `"messages":[],"resume":` + list(resume, 1001), "resume: more than 1000 elements"},
		{"two messages of 60,000 parts", `"messages":[` + parts(60_000) + "," + parts(60_000) + `]`, "messages[1].content: more than 100000 elements and unknown fields up to here"},
		{"100,001 unknown fields", unknown(100_001) + `"messages":[]`, "more than 100000 elements and unknown fields up to here"},
		{"a state of any width", `"messages":[],"state":` + list("0", 200_000), ""},
		{"nesting of a thousand levels", `"messages":[],"state":` + strings.Repeat("[", 1001) + strings.Repeat("]", 1001), "nested too deep"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := agui.UnmarshalRunAgentInput([]byte(`{"threadId":"t","runId":"r","protocolVersion":"1.0",` + test.fields + `}`))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 200) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
