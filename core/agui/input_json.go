package agui

// MarshalJSON returns the input in its wire form.
func (in *RunAgentInput) MarshalJSON() ([]byte, error) {
	var e encoder
	e.input(in)
	return e.buf, e.err
}

func (e *encoder) input(in *RunAgentInput) {
	e.open()
	e.str("threadId", in.ThreadID)
	e.str("runId", in.RunID)
	e.optStr("protocolVersion", in.ProtocolVersion)
	e.optStr("parentRunId", in.ParentRunID)
	e.optRaw("state", in.State)
	e.list("messages")
	for i := range in.Messages {
		e.element()
		e.message(&in.Messages[i])
	}
	e.endList()
	e.list("tools")
	for i := range in.Tools {
		e.element()
		e.tool(&in.Tools[i])
	}
	e.endList()
	e.list("context")
	for i := range in.Context {
		e.element()
		e.context(&in.Context[i])
	}
	e.endList()
	e.optRaw("forwardedProps", in.ForwardedProps)
	if in.Resume != nil {
		e.list("resume")
		for i := range in.Resume {
			e.element()
			e.resume(&in.Resume[i])
		}
		e.endList()
	}
	e.extra(in.Extra)
	e.close()
}

func (e *encoder) tool(tool *Tool) {
	e.open()
	e.str("name", tool.Name)
	e.str("description", tool.Description)
	e.optRaw("parameters", tool.Parameters)
	e.optRaw("metadata", tool.Metadata)
	e.extra(tool.Extra)
	e.close()
}

func (e *encoder) context(context *Context) {
	e.open()
	e.str("description", context.Description)
	e.str("value", context.Value)
	e.extra(context.Extra)
	e.close()
}

func (e *encoder) resume(entry *ResumeEntry) {
	e.open()
	e.str("interruptId", entry.InterruptID)
	e.str("status", entry.Status)
	e.optRaw("payload", entry.Payload)
	e.optRaw("metadata", entry.Metadata)
	e.extra(entry.Extra)
	e.close()
}
