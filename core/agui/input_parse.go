package agui

import "github.com/copilotkit-go/runtime/core/internal/jsonscan"

// Bounds of a run's input. Decoded, a small element takes many times its bytes.
const (
	maxMessages = 10_000
	maxTools    = 1_000
	maxContext  = 1_000
	maxResume   = 1_000
	// maxInputParts bounds the elements of all arrays, and the fields that the
	// protocol doesn't know.
	maxInputParts = 100_000
)

// UnmarshalRunAgentInput decodes and validates a run's input, as strictly as
// the protocol's own schema: a [*ValidationError] names the JSON path of all
// that is wrong, a [*SyntaxError] where the text stops being JSON. Fields that
// the schema doesn't know are kept. A null state reads as none.
//
// It takes up to 10,000 messages, 1,000 tools, 1,000 context entries and 1,000
// answers to interrupts, and nesting of a thousand levels.
//
// Up to the protocol's version 1.0 tools and context are required; an input
// that names its protocolVersion may leave them out.
func UnmarshalRunAgentInput(data []byte) (*RunAgentInput, error) {
	value, err := jsonscan.CheckWithin(data, levelsAroundInput)
	if err != nil {
		return nil, err
	}
	d := decoder{bounded: true, budget: maxInputParts}
	var in RunAgentInput
	d.input(value, nil, &in)
	if err := d.err(); err != nil {
		return nil, err
	}
	return &in, nil
}

// UnmarshalJSON is [UnmarshalRunAgentInput] for encoding/json.
func (in *RunAgentInput) UnmarshalJSON(data []byte) error {
	decoded, err := UnmarshalRunAgentInput(data)
	if err == nil {
		*in = *decoded
	}
	return err
}

func (d *decoder) input(value []byte, at *path, in *RunAgentInput) {
	tools := required("tools", boundedArray(&in.Tools, maxTools, (*decoder).tool))
	context := required("context", boundedArray(&in.Context, maxContext, (*decoder).context))
	if value[0] == '{' {
		version, versioned := jsonscan.Lookup(value, "protocolVersion")
		versioned = versioned && isString(version)
		tools.required, context.required = !versioned, !versioned
	}
	d.object(value, at, &in.Extra,
		required("threadId", text(&in.ThreadID)),
		required("runId", text(&in.RunID)),
		newer("protocolVersion", isString, text(&in.ProtocolVersion)),
		optional("parentRunId", text(&in.ParentRunID)),
		optional("state", orAbsent(&in.State)),
		required("messages", boundedArray(&in.Messages, maxMessages, (*decoder).message)),
		tools,
		context,
		optional("forwardedProps", anything(&in.ForwardedProps)),
		optional("resume", boundedArray(&in.Resume, maxResume, (*decoder).resume)),
	)
}

func (d *decoder) tool(value []byte, at *path, tool *Tool) {
	d.object(value, at, &tool.Extra,
		required("name", text(&tool.Name)),
		required("description", text(&tool.Description)),
		optional("parameters", orAbsent(&tool.Parameters)),
		optional("metadata", rawOf("object", &tool.Metadata)),
	)
}

func (d *decoder) context(value []byte, at *path, context *Context) {
	d.object(value, at, &context.Extra,
		required("description", text(&context.Description)),
		required("value", text(&context.Value)),
	)
}

func (d *decoder) resume(value []byte, at *path, entry *ResumeEntry) {
	d.object(value, at, &entry.Extra,
		required("interruptId", text(&entry.InterruptID)),
		required("status", word(&entry.Status, "resolved", "cancelled")),
		optional("payload", anything(&entry.Payload)),
		optional("metadata", rawOf("object", &entry.Metadata)),
	)
}
