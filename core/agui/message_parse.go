package agui

import "github.com/copilotkit-go/runtime/core/internal/jsonscan"

// UnmarshalJSON reads and validates a message.
func (m *Message) UnmarshalJSON(data []byte) error {
	value, err := jsonscan.Check(data)
	if err != nil {
		return err
	}
	var d decoder
	var message Message
	d.message(value, nil, &message)
	if err := d.err(); err != nil {
		return err
	}
	*m = message
	return nil
}

var roles = []Role{RoleDeveloper, RoleSystem, RoleAssistant, RoleUser, RoleTool, RoleActivity, RoleReasoning}

// message reads a message by its role. A field that its role doesn't have is
// carried without a look at it.
func (d *decoder) message(value []byte, at *path, m *Message) {
	if !d.is("object", value, at) {
		return
	}
	role, ok := jsonscan.Lookup(value, "role")
	if !ok {
		d.fail(&path{parent: at, name: "role"}, "required")
		return
	}
	if m.Role = oneOf(d, role, &path{parent: at, name: "role"}, roles); m.Role == "" {
		return
	}
	fields := append(make([]field, 0, 10),
		required("id", text(&m.ID)),
		elsewhere("role"),
		optional("metadata", rawOf("object", &m.Metadata)),
		optional("subagentRunId", text(&m.SubagentRunID)),
	)
	switch m.Role {
	case RoleActivity:
		fields = append(fields,
			required("activityType", text(&m.ActivityType)),
			required("content", objectContent(&m.Content)))
	case RoleReasoning:
		fields = append(fields,
			required("content", textContent(&m.Content)),
			optional("encryptedValue", text(&m.EncryptedValue)))
	case RoleTool:
		fields = append(fields,
			required("content", textOrParts(&m.Content)),
			required("toolCallId", text(&m.ToolCallID)),
			optional("error", text(&m.Error)),
			optional("encryptedValue", text(&m.EncryptedValue)))
	default:
		fields = append(fields,
			optional("name", text(&m.Name)),
			optional("encryptedValue", text(&m.EncryptedValue)))
		switch m.Role {
		case RoleUser:
			fields = append(fields, required("content", textOrParts(&m.Content)))
		case RoleAssistant:
			fields = append(fields,
				optional("content", textContent(&m.Content)),
				optional("toolCalls", array(&m.ToolCalls, (*decoder).toolCall)))
		default:
			fields = append(fields, required("content", textContent(&m.Content)))
		}
	}
	d.object(value, at, &m.Extra, fields...)
}

func textContent(dst *Content) reader { return reader{kind: "string", content: dst} }

func objectContent(dst *Content) reader { return reader{kind: "object", content: dst} }

func textOrParts(dst *Content) reader { return reader{content: dst} }

// content reads text or parts.
func (d *decoder) content(dst *Content, value []byte, at *path) {
	switch value[0] {
	case '"':
		*dst = TextContent(string(jsonscan.Text(value)))
	case '[':
		var parts []InputContent
		array(&parts, (*decoder).part).custom(d, value, at)
		*dst = PartsContent(parts...)
	default:
		d.fail(at, "expected string or array, got "+jsonscan.Kind(value))
	}
}

func (d *decoder) toolCall(value []byte, at *path, call *ToolCall) {
	var callType string
	d.object(value, at, &call.Extra,
		required("id", text(&call.ID)),
		required("type", word(&callType, "function")),
		required("function", reader{custom: func(d *decoder, value []byte, at *path) {
			d.object(value, at, &call.FunctionExtra,
				required("name", text(&call.Name)),
				required("arguments", text(&call.Arguments)))
		}}),
		optional("encryptedValue", text(&call.EncryptedValue)),
		optional("metadata", rawOf("object", &call.Metadata)),
	)
}

var partTypes = []string{"text", "image", "audio", "video", "document", "binary"}

// part reads one part of a message, by its type.
func (d *decoder) part(value []byte, at *path, part *InputContent) {
	if !d.is("object", value, at) {
		return
	}
	kind, ok := jsonscan.Lookup(value, "type")
	if !ok {
		d.fail(&path{parent: at, name: "type"}, "required")
		return
	}
	part.Type = oneOf(d, kind, &path{parent: at, name: "type"}, partTypes)
	switch part.Type {
	case "":
	case "text":
		d.object(value, at, &part.Extra,
			elsewhere("type"),
			required("text", text(&part.Text)),
			newer("id", isString, text(&part.ID)),
			optional("metadata", anything(&part.Metadata)))
	case "binary":
		d.object(value, at, &part.Extra,
			elsewhere("type"),
			required("mimeType", text(&part.MimeType)),
			optional("id", text(&part.ID)),
			optional("url", text(&part.URL)),
			optional("data", text(&part.Data)),
			optional("filename", text(&part.Filename)),
			optional("metadata", anything(&part.Metadata)))
		if part.ID == "" && part.URL == "" && part.Data == "" {
			d.fail(&path{parent: at, name: "id"}, "at least one of id, url and data is required")
		}
	default:
		d.object(value, at, &part.Extra,
			elsewhere("type"),
			required("source", reader{custom: func(d *decoder, value []byte, at *path) {
				part.Source = &InputContentSource{}
				d.source(value, at, part.Source)
			}}),
			newer("id", isString, text(&part.ID)),
			optional("metadata", anything(&part.Metadata)))
	}
}

func (d *decoder) source(value []byte, at *path, source *InputContentSource) {
	mimeType := optional("mimeType", text(&source.MimeType))
	provider := newer("provider", isString, text(&source.Provider))
	if d.is("object", value, at) {
		switch kind, _ := jsonscan.Lookup(value, "type"); string(kind) {
		case `"data"`:
			mimeType.required = true
		case `"file"`:
			provider.accepts = nil
		}
		d.object(value, at, &source.Extra,
			required("type", word(&source.Type, "data", "url", "file")),
			required("value", text(&source.Value)),
			provider,
			mimeType)
	}
}
