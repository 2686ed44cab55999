package agui

// MarshalJSON returns the message in its wire form.
func (m Message) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil) }

// AppendJSON appends the message in its wire form to dst.
func (m *Message) AppendJSON(dst []byte) ([]byte, error) {
	e := encoder{buf: dst}
	e.message(m)
	return e.buf, e.err
}

func (e *encoder) message(m *Message) {
	e.open()
	e.str("id", m.ID)
	e.str("role", string(m.Role))
	if m.Role == RoleActivity {
		e.str("activityType", m.ActivityType)
	} else {
		e.optStr("activityType", m.ActivityType)
	}
	e.content(m)
	e.optStr("name", m.Name)
	if m.ToolCalls != nil {
		e.list("toolCalls")
		for i := range m.ToolCalls {
			e.element()
			e.toolCall(&m.ToolCalls[i])
		}
		e.endList()
	}
	if m.Role == RoleTool {
		e.str("toolCallId", m.ToolCallID)
	} else {
		e.optStr("toolCallId", m.ToolCallID)
	}
	e.optStr("error", m.Error)
	e.optStr("encryptedValue", m.EncryptedValue)
	e.optStr("subagentRunId", m.SubagentRunID)
	e.optRaw("metadata", m.Metadata)
	e.extra(m.Extra)
	e.close()
}

// content appends what the message says; where the protocol requires some and
// there is none, the empty one.
func (e *encoder) content(m *Message) {
	switch c := &m.Content; {
	case c.kind == contentParts:
		e.list("content")
		for i := range c.parts {
			e.element()
			e.part(&c.parts[i])
		}
		e.endList()
	case c.kind == contentObject, m.Role == RoleActivity && c.kind == contentAbsent:
		e.raw("content", c.object, "{}")
	case c.kind == contentText, m.Role != RoleAssistant:
		e.str("content", c.text)
	}
}

func (e *encoder) toolCall(call *ToolCall) {
	e.open()
	e.str("id", call.ID)
	e.str("type", "function")
	e.member("function")
	e.open()
	e.str("name", call.Name)
	e.str("arguments", call.Arguments)
	e.extra(call.FunctionExtra)
	e.close()
	e.optStr("encryptedValue", call.EncryptedValue)
	e.optRaw("metadata", call.Metadata)
	e.extra(call.Extra)
	e.close()
}

func (e *encoder) part(part *InputContent) {
	e.open()
	e.str("type", part.Type)
	switch part.Type {
	case "text":
		e.str("text", part.Text)
	case "binary":
		e.str("mimeType", part.MimeType)
		e.optStr("url", part.URL)
		e.optStr("data", part.Data)
		e.optStr("filename", part.Filename)
	}
	e.optStr("id", part.ID)
	if part.Source != nil {
		e.member("source")
		e.open()
		e.str("type", part.Source.Type)
		e.str("value", part.Source.Value)
		if part.Source.Type == "data" {
			e.str("mimeType", part.Source.MimeType) // required there
		} else {
			e.optStr("mimeType", part.Source.MimeType)
		}
		e.optStr("provider", part.Source.Provider)
		e.extra(part.Source.Extra)
		e.close()
	}
	e.optRaw("metadata", part.Metadata)
	e.extra(part.Extra)
	e.close()
}
