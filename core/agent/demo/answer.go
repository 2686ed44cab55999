package demo

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// conversation is a request to be answered.
type conversation struct {
	*model.Request
}

const (
	suggestTool    = "copilotkitSuggest"
	stateDeltaTool = "AGUISendStateDelta"
	stateTools     = "AGUISendState"
)

// answer returns the deltas of the answer: a call of the tool that the request
// demands, a description of the result of a tool, or what the last message asks for.
func (c *conversation) answer() []model.Delta {
	if name := c.forced(); name != "" {
		return c.call(name, "")
	}
	if len(c.Messages) == 0 {
		return c.introduce()
	}
	last := c.Messages[len(c.Messages)-1]
	if last.Role == agui.RoleTool {
		name, arguments := c.called(last.ToolCallID)
		return describeResult(name, arguments, last.Content.Text())
	}
	text := strings.TrimSpace(last.Content.Text())
	if strings.Contains(text, suggestTool) && c.tool(suggestTool) >= 0 {
		return c.call(suggestTool, "")
	}
	// The patterns are compiled here so that they cost nothing at start-up.
	match := func(pattern string) []string { return regexp.MustCompile(pattern).FindStringSubmatch(text) }
	if m := match(callPattern); m != nil {
		return c.call(m[1], m[2])
	}
	if m := match(setPattern); m != nil && c.tool(stateDeltaTool) >= 0 {
		return c.change(m[1], m[2])
	}
	if match(statePattern) != nil {
		return c.showState()
	}
	if match(thinkPattern) != nil {
		return think(text)
	}
	if match(cardPattern) != nil {
		return c.drawCard()
	}
	if match(pagePattern) != nil {
		return c.buildPage()
	}
	if m := match(appPattern); m != nil {
		if answer := c.openApp(m[1], m[2]); answer != nil {
			return answer
		}
	}
	return c.introduce()
}

const (
	callPattern  = `(?is)^(?:please\s+)?call\s+(?:the\s+)?(?:tool\s+)?["'` + "`" + `]?([\w.-]*\w)["'` + "`" + `]?(?:\s+with\s+(\{.*\}))?`
	setPattern   = `(?is)^(?:please\s+)?set\s+([\w.-]+)\s+(?:in\s+the\s+state\s+)?to\s+(.+?)\.?$`
	statePattern = `(?i)\bstate\b`
	thinkPattern = `(?i)^(?:please\s+)?(?:think|reason)\b`
)

// forced returns the name of the tool that the request demands, empty for none.
func (c *conversation) forced() string {
	choice := c.Settings.ToolChoice
	if choice.Mode == model.ToolChoiceRequired && len(c.Tools) > 0 {
		return c.Tools[0].Name
	}
	return choice.Tool
}

// tool returns the index of the tool with a name, ignoring case, or -1.
func (c *conversation) tool(name string) int {
	return slices.IndexFunc(c.Tools, func(tool model.Tool) bool { return strings.EqualFold(tool.Name, name) })
}

// call calls a tool with the given arguments, or if they aren't JSON, with arguments
// that match its schema.
func (c *conversation) call(name, arguments string) []model.Delta {
	index := c.tool(name)
	if index < 0 {
		return words(fmt.Sprintf("There is no tool named `%s`. %s", name, c.offer()))
	}
	tool := c.Tools[index]
	switch {
	case tool.Name == suggestTool:
		arguments = c.suggestions()
	case arguments == "" && tool.Name == surfaceTool:
		arguments = card
	case arguments == "" && tool.Name == pageTool:
		arguments = page
	case !json.Valid([]byte(arguments)):
		arguments = exampleArguments(tool.Parameters)
	}
	return c.toolCall(tool.Name, arguments)
}

// change sets a key of the shared state. The pattern excludes keys that would have
// to be escaped in a JSON Pointer.
func (c *conversation) change(key, value string) []model.Delta {
	encoded := json.RawMessage(value)
	if !json.Valid(encoded) {
		encoded, _ = json.Marshal(strings.Trim(value, `"'`))
	}
	arguments, _ := json.Marshal(map[string]any{
		"delta": []any{map[string]any{"op": "add", "path": "/" + key, "value": encoded}},
	})
	return c.toolCall(stateDeltaTool, string(arguments))
}

// toolCall returns the deltas of a tool call.
func (c *conversation) toolCall(name, arguments string) []model.Delta {
	deltas := []model.Delta{{Kind: model.KindToolCall, ID: "call_demo_" + rand.Text(), Name: name}}
	for _, piece := range pieces(arguments) {
		deltas = append(deltas, model.Delta{Kind: model.KindArguments, Text: piece})
	}
	return deltas
}

// words returns a delta for each word of a text.
func words(text string) []model.Delta { return splitWords(model.KindText, text) }

func splitWords(kind model.Kind, text string) []model.Delta {
	var deltas []model.Delta
	for word := range strings.SplitAfterSeq(text, " ") {
		if word != "" {
			deltas = append(deltas, model.Delta{Kind: kind, Text: word})
		}
	}
	return deltas
}

// pieces splits a text into pieces of a few characters.
func pieces(text string) []string {
	const size = 12
	var result []string
	runes := []rune(text)
	for len(runes) > 0 {
		n := min(size, len(runes))
		result = append(result, string(runes[:n]))
		runes = runes[n:]
	}
	return result
}
