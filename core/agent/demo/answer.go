package demo

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// conversation is what the model is asked.
type conversation struct {
	Messages []struct {
		Role      string          `json:"role"`
		Content   json.RawMessage `json:"content"`
		ToolCalls []struct {
			ID       string `json:"id"`
			Function struct {
				Name string `json:"name"`
			} `json:"function"`
		} `json:"tool_calls"`
		ToolCallID string `json:"tool_call_id"`
	} `json:"messages"`
	Tools []struct {
		Function struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Parameters  json.RawMessage `json:"parameters"`
		} `json:"function"`
	} `json:"tools"`
	ToolChoice json.RawMessage `json:"tool_choice"`
}

const (
	suggestTool    = "copilotkitSuggest"
	stateDeltaTool = "AGUISendStateDelta"
	stateTools     = "AGUISendState"
)

// answer decides what to say: it calls the tool that it has to call, speaks of
// the result that it was given, or does what the last message asks for.
func (c *conversation) answer() []delta {
	if name := c.forced(); name != "" {
		return c.call(name, "")
	}
	if len(c.Messages) == 0 {
		return c.introduce()
	}
	last := c.Messages[len(c.Messages)-1]
	if last.Role == "tool" {
		return c.speakOfResult(last.ToolCallID, textOf(last.Content))
	}
	text := strings.TrimSpace(textOf(last.Content))
	if strings.Contains(text, suggestTool) && c.tool(suggestTool) >= 0 {
		return c.call(suggestTool, "")
	}
	// The patterns are compiled here, so that they cost nothing where nobody asks.
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
	return c.introduce()
}

const (
	callPattern  = `(?is)^(?:please\s+)?call\s+(?:the\s+)?(?:tool\s+)?["'` + "`" + `]?([\w.-]*\w)["'` + "`" + `]?(?:\s+with\s+(\{.*\}))?`
	setPattern   = `(?is)^(?:please\s+)?set\s+([\w.-]+)\s+(?:in\s+the\s+state\s+)?to\s+(.+?)\.?$`
	statePattern = `(?i)\bstate\b`
	thinkPattern = `(?i)^(?:please\s+)?(?:think|reason)\b`
)

// forced gives the tool that the request demands, empty for none.
func (c *conversation) forced() string {
	var choice struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if json.Unmarshal(c.ToolChoice, &choice) == nil && choice.Function.Name != "" {
		return choice.Function.Name
	}
	if string(c.ToolChoice) == `"required"` && len(c.Tools) > 0 {
		return c.Tools[0].Function.Name
	}
	return ""
}

// tool gives the index of the tool with that name, in any case, -1 for none.
func (c *conversation) tool(name string) int {
	for i := range c.Tools {
		if strings.EqualFold(c.Tools[i].Function.Name, name) {
			return i
		}
	}
	return -1
}

// call calls a tool, with the given arguments or with ones that fit its schema.
func (c *conversation) call(name, arguments string) []delta {
	at := c.tool(name)
	if at < 0 {
		return words(fmt.Sprintf("There is no tool named `%s`. %s", name, c.offer()))
	}
	tool := c.Tools[at].Function
	switch {
	case tool.Name == suggestTool:
		arguments = c.suggestions()
	case !json.Valid([]byte(arguments)):
		arguments = exampleArguments(tool.Parameters)
	}
	return c.calling(tool.Name, arguments)
}

// change sets a key of the shared state. The pattern lets no key through that a
// JSON Pointer would have to escape.
func (c *conversation) change(key, value string) []delta {
	encoded := json.RawMessage(value)
	if !json.Valid(encoded) {
		encoded, _ = json.Marshal(strings.Trim(value, `"'`))
	}
	arguments, _ := json.Marshal(map[string]any{
		"delta": []any{map[string]any{"op": "add", "path": "/" + key, "value": encoded}},
	})
	return c.calling(stateDeltaTool, string(arguments))
}

// calling is a tool call in pieces.
func (c *conversation) calling(name, arguments string) []delta {
	opening := toolCallPart{ID: "call_demo_" + rand.Text(), Type: "function"}
	opening.Function.Name = name
	deltas := []delta{{ToolCalls: []toolCallPart{opening}}}
	for _, piece := range pieces(arguments) {
		var part toolCallPart
		part.Function.Arguments = piece
		deltas = append(deltas, delta{ToolCalls: []toolCallPart{part}})
	}
	return deltas
}

// words is a text, word by word.
func words(text string) []delta {
	var deltas []delta
	for _, word := range strings.SplitAfter(text, " ") {
		if word != "" {
			deltas = append(deltas, delta{Content: word})
		}
	}
	return deltas
}

// pieces cuts a text into pieces of a few characters.
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

// textOf gives the text in a message's content, which is a string or parts.
func textOf(content json.RawMessage) string {
	var text string
	if json.Unmarshal(content, &text) == nil {
		return text
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if json.Unmarshal(content, &parts) != nil {
		return ""
	}
	var joined strings.Builder
	for _, part := range parts {
		joined.WriteString(part.Text)
	}
	return joined.String()
}
