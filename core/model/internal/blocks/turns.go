package blocks

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// Kind is the kind of a [Part].
type Kind uint8

// The kinds of parts.
const (
	// Text has Text, which isn't blank.
	Text Kind = iota + 1
	// Media has Media.
	Media
	// Call is a tool call with ID, Name and Arguments, a JSON object.
	Call
	// Result is the result of the call ID of the tool Name in Text, which may be empty.
	Result
	// Reasoning has the Text, which may be empty, and the Data of a reasoning block.
	Reasoning
)

// Part is a part of a turn.
type Part struct {
	Kind                      Kind
	Text, ID, Name, Arguments string
	Media                     model.Media
	Data                      Data
}

// Turn is a message of the user, which results of tools are a part of, or of the
// assistant. It has a part at least.
type Turn struct {
	User  bool
	Parts []Part
}

// Conversation is a conversation as providers with content blocks want it.
type Conversation struct {
	// System holds the instructions, none of them blank.
	System []string
	// Turns alternate between the user and the assistant. The first one is the user's,
	// results come first in theirs, and the assistant's don't end with reasoning.
	Turns []Turn
}

// What takes the place of the user's words where a conversation has none, at its
// beginning or its end, and the provider wants some.
const (
	Begins = "(The conversation begins.)"
	GoesOn = "(Continue.)"
)

// Convert converts the conversation of a request for a provider, whose name is that in
// the data of reasoning. Reasoning without such data is left out. Convert fails for
// content that can't be sent.
func Convert(request *model.Request, provider string) (*Conversation, error) {
	c := &converter{provider: provider, names: make(map[string]string), answer: -1}
	for _, text := range request.System {
		c.system(text)
	}
	for i := range request.Messages {
		m := &request.Messages[i]
		switch m.Role {
		case agui.RoleSystem, agui.RoleDeveloper:
			c.system(m.Content.Text())
		case agui.RoleUser:
			if err := c.user(m.Content); err != nil {
				return nil, err
			}
		case agui.RoleReasoning:
			c.reasoning(m, i >= request.History)
		case agui.RoleAssistant:
			c.assistant(m)
		case agui.RoleTool:
			c.add(true, Part{Kind: Result, ID: m.ToolCallID, Name: c.names[m.ToolCallID], Text: m.Content.Text()})
		}
	}
	c.tidy()
	return &c.Conversation, nil
}

// EndWithUser appends a turn of the user if the last one is the assistant's.
func (c *Conversation) EndWithUser() {
	if last := len(c.Turns) - 1; last >= 0 && !c.Turns[last].User {
		c.Turns = append(c.Turns, Turn{User: true, Parts: []Part{{Kind: Text, Text: GoesOn}}})
	}
}

// HasReasoning reports whether the conversation has reasoning.
func (c *Conversation) HasReasoning() bool {
	for _, turn := range c.Turns {
		for _, part := range turn.Parts {
			if part.Kind == Reasoning {
				return true
			}
		}
	}
	return false
}

// DropReasoning removes all reasoning.
func (c *Conversation) DropReasoning() {
	for i := range c.Turns {
		kept := c.Turns[i].Parts[:0]
		for _, part := range c.Turns[i].Parts {
			if part.Kind != Reasoning {
				kept = append(kept, part)
			}
		}
		c.Turns[i].Parts = kept
	}
}

// SpellOut replaces calls and their results by words, for providers that refuse them
// where a request has no tools.
func (c *Conversation) SpellOut() {
	for i := range c.Turns {
		for j := range c.Turns[i].Parts {
			switch part := &c.Turns[i].Parts[j]; part.Kind {
			case Call:
				*part = Part{Kind: Text, Text: "(Called the tool " + part.Name + " with " + part.Arguments + ")"}
			case Result:
				*part = Part{Kind: Text, Text: "(The tool " + part.Name + " answered: " + part.Text + ")"}
			}
		}
	}
}

// MidTurnWithoutReasoning reports whether the conversation ends with results of calls
// that no reasoning led to: of another model, or of one that didn't think.
func (c *Conversation) MidTurnWithoutReasoning() bool {
	last := len(c.Turns) - 1
	return last > 0 && c.Turns[last].Parts[0].Kind == Result && c.Turns[last-1].Parts[0].Kind != Reasoning
}

// converter makes a conversation, message by message.
type converter struct {
	Conversation
	provider string
	// names are the names of the tools that were called, by the ids of the calls.
	names map[string]string
	// pending is reasoning that belongs to the next message of the assistant.
	pending []Part
	// own is where the parts of the last message of the assistant begin in the last
	// turn of the assistant, which is Turns[answer]. There is none if answer is -1.
	answer, own int
}

func (c *converter) system(text string) {
	if strings.TrimSpace(text) != "" {
		c.System = append(c.System, text)
	}
}

func (c *converter) user(content agui.Content) error {
	c.pending, c.answer = nil, -1
	inputs := content.Parts()
	if len(inputs) == 0 {
		inputs = []agui.InputContent{{Type: "text", Text: content.Text()}}
	}
	for i := range inputs {
		if inputs[i].Type == "text" {
			if strings.TrimSpace(inputs[i].Text) != "" {
				c.add(true, Part{Kind: Text, Text: inputs[i].Text})
			}
			continue
		}
		media, err := model.ReadMedia(&inputs[i])
		if err != nil {
			return err
		}
		c.add(true, Part{Kind: Media, Media: media})
	}
	return nil
}

// reasoning keeps reasoning for the message that it led to. That is the next one, but
// for reasoning within a message that has come from the client: there it follows.
func (c *converter) reasoning(m *agui.Message, inThisRun bool) {
	data, ok := open(c.provider, m.EncryptedValue)
	if !ok {
		return
	}
	part := Part{Kind: Reasoning, Text: m.Content.Text(), Data: data}
	if data.After > 0 && !inThisRun && len(c.pending) == 0 && c.answer >= 0 {
		turn := &c.Turns[c.answer]
		turn.Parts = insert(turn.Parts, c.own, part)
		return
	}
	c.pending = append(c.pending, part)
}

func (c *converter) assistant(m *agui.Message) {
	var parts []Part
	if text := m.Content.Text(); strings.TrimSpace(text) != "" {
		parts = append(parts, Part{Kind: Text, Text: text})
	}
	for _, call := range m.ToolCalls {
		c.names[call.ID] = call.Name
		parts = append(parts, Part{Kind: Call, ID: call.ID, Name: call.Name, Arguments: call.Arguments})
	}
	if len(parts) == 0 {
		return
	}
	for _, reasoning := range c.pending {
		parts = insert(parts, 0, reasoning)
	}
	c.pending = nil
	c.add(false, parts...)
	c.answer = len(c.Turns) - 1
	c.own = len(c.Turns[c.answer].Parts) - len(parts)
}

// insert inserts reasoning behind those of the parts from start on that came before it,
// and behind reasoning that is there, but not at the end.
func insert(parts []Part, start int, reasoning Part) []Part {
	at, before := start, 0
	for ; at < len(parts)-1; at++ {
		if parts[at].Kind == Reasoning {
			continue
		}
		if before == reasoning.Data.After {
			break
		}
		before++
	}
	parts = append(parts, Part{})
	copy(parts[at+1:], parts[at:])
	parts[at] = reasoning
	return parts
}

// add appends parts to the last turn, or to a new one if that is the other's.
func (c *converter) add(user bool, parts ...Part) {
	if last := len(c.Turns) - 1; last >= 0 && c.Turns[last].User == user {
		c.Turns[last].Parts = append(c.Turns[last].Parts, parts...)
		return
	}
	c.Turns = append(c.Turns, Turn{User: user, Parts: parts})
}

// tidy has the conversation begin with the user, and the user's turns with results.
func (c *converter) tidy() {
	for _, turn := range c.Turns {
		slices.SortStableFunc(turn.Parts, func(a, b Part) int {
			switch {
			case a.Kind == Result && b.Kind != Result:
				return -1
			case a.Kind != Result && b.Kind == Result:
				return 1
			}
			return 0
		})
	}
	if len(c.Turns) == 0 || !c.Turns[0].User {
		c.Turns = append([]Turn{{User: true, Parts: []Part{{Kind: Text, Text: Begins}}}}, c.Turns...)
	}
}

// ID returns an id of a tool call as providers accept it: letters, digits, underscores
// and hyphens, 64 at most. An id of another provider that has anything else becomes
// another one, and always the same.
func ID(id string) string {
	valid := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
	}
	if id != "" && len(id) <= 64 && strings.IndexFunc(id, func(r rune) bool { return !valid(r) }) < 0 {
		return id
	}
	return "call_" + Hash(id)
}

// Hash returns 32 letters and digits that stand for a text.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// Demand appends a demand to the user's words, which the model should heed.
func (c *Conversation) Demand(text string) {
	c.EndWithUser()
	last := &c.Turns[len(c.Turns)-1]
	last.Parts = append(last.Parts, Part{Kind: Text, Text: text})
}

// DemandOf says in words that a tool must be called, for models that can't be made to
// call one.
func DemandOf(choice model.ToolChoice) string {
	if choice.Mode == model.ToolChoiceTool {
		return "(Answer with a call of the tool " + choice.Tool + ", and nothing else.)"
	}
	return "(Answer with calls of tools, and nothing else.)"
}
