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
		"200,000 bytes of text":    {"data: " + chunk(long, "null") + "\n\n", long},
		"200,000 bytes of comment": {": " + long + "\ndata: " + chunk("a", "null") + "\n\n", "a"},
		"a field with no space":    {"data:" + chunk("a", "null") + "\n\n", "a"},
		"carriage returns":         {": wait\r\n\r\nevent: message\r\ndata: " + chunk("a", "null") + "\r\n\r\n", "a"},
		"many keep-alives":         {strings.Repeat(": wait\n\n", 2_000) + "data: " + chunk("a", "null") + "\n\n", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, scriptedmodel.Answer{Lines: []string{test.lines}})
			if got := mustAsk(t, p.model(t), saying("Hi")).text; got != test.want {
				t.Errorf("read %d bytes, want %d", len(got), len(test.want))
			}
		})
	}
}
