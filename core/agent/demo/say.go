package demo

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
)

// introduce explains what this is, what to try and what to configure.
func (c *conversation) introduce() []model.Delta {
	return words("**Hello!** You are talking to the *embedded demo model*. It is deterministic, runs inside the runtime, " +
		"and needs no key, so you can see your front end work before you choose a model.\n\n" +
		"To talk to a real one, start the runtime with:\n\n" +
		"| variable | for example |\n|---|---|\n" +
		"| `COPILOTKIT_MODEL` | `openai/gpt-4o` |\n" +
		"| `OPENAI_API_KEY` | your key |\n" +
		"| `COPILOTKIT_PROMPT` | what the assistant is for |\n\n" +
		"Meanwhile, try:\n\n" +
		"- `think about tea`, to see reasoning\n" +
		"- `set color to \"teal\"`, then `show the state`, for the state that is shared with the application\n" +
		offerDrawings +
		"- " + c.offer() + "\n")
}

// offer lists the tools that can be called.
func (c *conversation) offer() string {
	var names []string
	for i := range c.Tools {
		name := c.Tools[i].Name
		if name != suggestTool && !strings.HasPrefix(name, stateTools) && !drawing(&c.Tools[i]) {
			names = append(names, "`call "+name+"`")
		}
	}
	if len(names) == 0 {
		return "`call <tool>`, once your front end offers a tool"
	}
	return strings.Join(names, ", ") + ", to see a tool called"
}

// called returns the name and the arguments of a call in the conversation.
func (c *conversation) called(id string) (name, arguments string) {
	name = "tool"
	for i := range c.Messages {
		for _, call := range c.Messages[i].ToolCalls {
			if call.ID == id {
				name, arguments = call.Name, call.Arguments
			}
		}
	}
	return name, arguments
}

// describeResult answers after the result of a tool.
func describeResult(name, arguments, result string) []model.Delta {
	switch name {
	case actionTool:
		return answerAction(arguments)
	case pageTool:
		return words("The page is there. If you see none, start the runtime with `COPILOTKIT_OPEN_GENERATIVE_UI=on`.")
	}
	if strings.HasPrefix(name, stateTools) && !strings.Contains(result, `"error"`) {
		return words("Done: the shared state is changed. Say `show the state` to see it.")
	}
	if result == "" {
		return words(fmt.Sprintf("`%s` is done. It returned nothing.", name))
	}
	const most = 600
	if runes := []rune(result); len(runes) > most {
		result = string(runes[:most]) + " …"
	}
	return words(fmt.Sprintf("`%s` returned:\n\n```json\n%s\n```\n", name, result))
}

// showState shows the state, which is in the system prompt.
func (c *conversation) showState() []model.Delta {
	for _, prompt := range c.System {
		_, after, ok := strings.Cut(prompt, "## State of the application")
		if !ok {
			continue
		}
		if _, after, ok = strings.Cut(after, "```json\n"); ok {
			state, _, _ := strings.Cut(after, "\n```")
			return words("The application shares this state:\n\n```json\n" + state + "\n```\n")
		}
	}
	return words("The application shares no state yet. Say `set color to \"teal\"` to begin one.")
}

// think answers after some reasoning.
func think(text string) []model.Delta {
	deltas := splitWords(model.KindReasoning, fmt.Sprintf("The user says %q. I am a demo model, so I think the same thought every time, and then I say so.", text))
	return append(deltas, words("I have thought about it. A real model would have an opinion now.")...)
}

// suggestions returns the arguments of the front end's tool for suggestions.
func (c *conversation) suggestions() string {
	type suggestion struct {
		Title   string `json:"title"`
		Message string `json:"message"`
	}
	suggested := []suggestion{
		{"What is this?", "What is this, and how do I use my own model?"},
		{"Think aloud", "Think about tea."},
		{"Shared state", `Set color to "teal"`},
	}
	arguments, _ := json.Marshal(map[string]any{"suggestions": suggested})
	return string(arguments)
}
