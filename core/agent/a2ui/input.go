package a2ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// schemaDescription marks the context that is the schema of a catalog, for front ends
// and agents.
const schemaDescription = "A2UI Component Schema — available components for generating UI surfaces. " +
	"Use these component names and properties when creating A2UI operations."

// injectKey is the property that tells an agent that it was given the tool.
const injectKey = "injectA2UITool"

// props are what a run's forwarded properties say of surfaces.
type props struct {
	// object is all of them, nil if they aren't an object.
	object []byte
	// hasCatalog is set if the front end says that it has a catalog of components.
	hasCatalog bool
	// action is what the user has done on a surface, nil for nothing.
	action []byte
}

func readProps(forwarded json.RawMessage) (p props) {
	value, err := jsonscan.Check(forwarded)
	if err != nil || jsonscan.Kind(value) != "object" {
		return props{}
	}
	p.object = value
	if !bytes.Contains(value, []byte("a2ui")) {
		return p
	}
	for m := jsonscan.MembersOf(value); m.Next(); {
		switch string(m.Name) {
		case "a2uiCatalogAvailable":
			p.hasCatalog = string(m.Value) == "true"
		case "a2uiAction":
			p.action = nil
			if jsonscan.Kind(m.Value) == "object" {
				if action, ok := jsonscan.Lookup(m.Value, "userAction"); ok && isTruthy(action) {
					p.action = action
				}
			}
		}
	}
	return p
}

// isTruthy reports whether JavaScript takes a value for true.
func isTruthy(value []byte) bool {
	switch jsonscan.Kind(value) {
	case "null":
		return false
	case "string":
		return len(value) > 2
	case "boolean":
		return value[0] == 't'
	case "number":
		return bytes.ContainsAny(value, "123456789")
	}
	return true
}

// prepare returns the input of a run as the agent gets it.
func (x *Extension) prepare(input *agui.RunAgentInput, props props) *agui.RunAgentInput {
	prepared := *input
	if props.action != nil {
		prepared.Messages = append(slices.Clip(input.Messages), actionMessages(props.action)...)
	}
	if x.config.Schema != nil {
		prepared.Context = withContext(prepared.Context, schemaDescription, string(x.config.Schema))
	}
	if x.toolFor(props) {
		name := x.config.ToolName
		prepared.ForwardedProps = x.withFlag(props.object)
		tools := slices.Clone(input.Tools)
		tools = slices.DeleteFunc(tools, func(tool agui.Tool) bool { return tool.Name == name })
		prepared.Tools = append(tools, agui.Tool{
			Name: name, Description: toolDescription, Parameters: json.RawMessage(toolParameters),
		})
		prepared.Context = withContext(prepared.Context, guideDescription(name), guide(name))
	}
	return &prepared
}

// withContext returns a context with an entry at its end, in place of any of that
// description.
func withContext(context []agui.Context, description, value string) []agui.Context {
	others := slices.DeleteFunc(slices.Clone(context), func(entry agui.Context) bool { return entry.Description == description })
	return append(others, agui.Context{Description: description, Value: value})
}

// withFlag returns the forwarded properties with the word for the agent that it has the
// tool: true, or its name if that isn't the usual one.
func (x *Extension) withFlag(object []byte) json.RawMessage {
	changed := append(make([]byte, 0, len(object)+64), '{')
	if object != nil {
		for m := jsonscan.MembersOf(object); m.Next(); {
			if string(m.Name) != injectKey {
				changed = append(jsonscan.AppendString(changed, m.Name), ':')
				changed = append(append(changed, m.Value...), ',')
			}
		}
	}
	changed = append(changed, `"`+injectKey+`":`...)
	if x.config.ToolName == DefaultToolName {
		changed = append(changed, "true"...)
	} else {
		changed = jsonscan.AppendString(changed, x.config.ToolName)
	}
	return append(changed, '}')
}

// actionMessages returns what the user has done as a call of a tool and its result.
func actionMessages(action []byte) []agui.Message {
	callID := agui.NewID()
	return []agui.Message{{
		ID: agui.NewID(), Role: agui.RoleAssistant, Content: agui.TextContent(""),
		ToolCalls: []agui.ToolCall{{ID: callID, Name: ActionToolName, Arguments: string(compact(action))}},
	}, {
		ID: agui.NewID(), Role: agui.RoleTool, ToolCallID: callID, Content: agui.TextContent(describeAction(action)),
	}}
}

// describeAction returns what the user has done in words.
func describeAction(action []byte) string {
	name, surface, component, context := "unknown_action", "unknown_surface", "", "{}"
	if jsonscan.Kind(action) == "object" {
		name, surface = memberText(action, "name", name), memberText(action, "surfaceId", surface)
		if value, ok := jsonscan.Lookup(action, "sourceComponentId"); ok && isTruthy(value) {
			component = " (component: " + memberText(action, "sourceComponentId", "") + ")"
		}
		if value, ok := jsonscan.Lookup(action, "context"); ok && isTruthy(value) {
			context = string(compact(value))
		}
	}
	return fmt.Sprintf(`User performed action "%s" on surface "%s"%s. Context: %s`, name, surface, component, context)
}

// memberText returns a member of an object as text, otherwise the fallback.
func memberText(object []byte, name, fallback string) string {
	value, ok := jsonscan.Lookup(object, name)
	if !ok || jsonscan.IsNull(value) {
		return fallback
	}
	if text, ok := text(value); ok {
		return text
	}
	return string(value)
}
