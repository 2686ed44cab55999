package openai_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func TestLinesOfAnyLengthAndEndingAreRead(t *testing.T) {
	chunk := func(text, finish string) string {
		return fmt.Sprintf(`{"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":%s}]}`, text, finish)
	}
	long := strings.Repeat("0123456789", 20_000)
	for name, test := range map[string]struct{ lines, want string }{
		"200,000 bytes of text":       {"data: " + chunk(long, "null") + "\n\n", long},
		"200,000 bytes of comment":    {": " + long + "\ndata: " + chunk("a", "null") + "\n\n", "a"},
		"a field with no space":       {"data:" + chunk("a", "null") + "\n\n", "a"},
		"carriage returns":            {": wait\r\n\r\nevent: message\r\ndata: " + chunk("a", "null") + "\r\n\r\n", "a"},
		"carriage returns alone":      {": wait\r\rdata: " + chunk("a", "null") + "\r\rdata: " + chunk("b", "null") + "\r\r", "ab"},
		"a byte order mark":           {"\uFEFFdata: " + chunk("a", "null") + "\n\n", "a"},
		"an event over several lines": {"data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"a\"},\ndata: \"finish_reason\":null}]}\n\n", "a"},
		"events without blank lines":  {"data: " + chunk("a", "null") + "\ndata: " + chunk("b", "null") + "\n\n", "ab"},
		"many keep-alives":            {strings.Repeat(": wait\n\n", 2_000) + "data: " + chunk("a", "null") + "\n\n", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, scriptedmodel.Answer{Lines: []string{test.lines}})
			if got := mustAsk(t, p.model(t), saying("Hi")).text; got != test.want {
				t.Errorf("read %d bytes, want %d", len(got), len(test.want))
			}
		})
	}
}
