package agui

import (
	"encoding/json"
	"strings"
)

// Role is the role of a message's author.
type Role string

// The roles of AG-UI messages.
const (
	RoleDeveloper Role = "developer"
	RoleSystem    Role = "system"
	RoleAssistant Role = "assistant"
	RoleUser      Role = "user"
	RoleTool      Role = "tool"
	RoleActivity  Role = "activity"
	RoleReasoning Role = "reasoning"
)

// Message is one message of a thread. Which fields may be set depends on Role.
type Message struct {
	ID      string
	Role    Role
	Content Content
	Name    string
	// ToolCalls belongs to assistant messages.
	ToolCalls []ToolCall
	// ToolCallID and Error belong to tool messages.
	ToolCallID string
	Error      string
	// ActivityType belongs to activity messages.
	ActivityType   string
	EncryptedValue string
	// SubagentRunID names the subagent that the message is from, "" for the
	// run's own agent.
	SubagentRunID string
	// Metadata is a JSON object, nil for none.
	Metadata json.RawMessage
	Extra    Extra
}

// ToolCall is a model's call of a tool. Arguments is JSON text.
type ToolCall struct {
	ID             string
	Name           string
	Arguments      string
	EncryptedValue string
	// Metadata is a JSON object, nil for none.
	Metadata json.RawMessage
	// Extra holds the other fields of the call, FunctionExtra those of its
	// "function" object.
	Extra         Extra
	FunctionExtra Extra
}

// Content is the content of a message: absent (the zero value), text, a list of
// parts (user and tool messages), or a JSON object (activity messages).
type Content struct {
	kind   contentKind
	text   string
	parts  []InputContent
	object json.RawMessage
}

type contentKind uint8

const (
	contentAbsent contentKind = iota
	contentText
	contentParts
	contentObject
)

// TextContent returns content that is plain text.
func TextContent(text string) Content { return Content{kind: contentText, text: text} }

// PartsContent returns content of several parts.
func PartsContent(parts ...InputContent) Content {
	return Content{kind: contentParts, parts: parts}
}

// ObjectContent returns the content of an activity message, a JSON object.
func ObjectContent(object json.RawMessage) Content {
	return Content{kind: contentObject, object: object}
}

// IsAbsent reports whether the message has no content at all.
func (c Content) IsAbsent() bool { return c.kind == contentAbsent }

// Parts returns the parts, nil when the content isn't a list of parts.
func (c Content) Parts() []InputContent { return c.parts }

// Object returns the JSON object of an activity message, nil otherwise.
func (c Content) Object() json.RawMessage { return c.object }

// Text returns the text; of several parts the text ones, joined.
func (c Content) Text() string {
	if c.kind != contentParts {
		return c.text
	}
	var text strings.Builder
	for i := range c.parts {
		if c.parts[i].Type == "text" {
			text.WriteString(c.parts[i].Text)
		}
	}
	return text.String()
}

// InputContent is one part of a user message.
type InputContent struct {
	// Type is "text", "image", "audio", "video", "document" or "binary".
	Type string
	// ID names the part; of "binary", it is where the bytes are.
	ID string
	// Text belongs to "text".
	Text string
	// Source belongs to "image", "audio", "video" and "document".
	Source *InputContentSource
	// The rest belongs to "binary", the protocol's older form: at least one of
	// ID, URL and Data is set there.
	MimeType string
	URL      string
	Data     string
	Filename string
	Metadata json.RawMessage
	Extra    Extra
}

// InputContentSource locates the bytes of a part.
type InputContentSource struct {
	// Type is "data" (Value is base64), "url" (Value is the URL) or "file" (Value
	// is the handle that Provider gave out for an upload).
	Type     string
	Value    string
	MimeType string
	Provider string
	Extra    Extra
}
