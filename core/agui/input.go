package agui

import "encoding/json"

// RunAgentInput is what a front end sends to start a run.
//
// Source: https://docs.ag-ui.com/sdk/js/core/types#runagentinput
type RunAgentInput struct {
	ThreadID    string
	RunID       string
	ParentRunID string
	// State is any JSON value, nil for none.
	State    json.RawMessage
	Messages []Message
	Tools    []Tool
	Context  []Context
	// ForwardedProps is any JSON value, nil for none.
	ForwardedProps json.RawMessage
	// Resume answers the interrupts that the thread's last run ended on.
	Resume []ResumeEntry
	// ProtocolVersion is what version 1.0 of the protocol and later send.
	ProtocolVersion string
	Extra           Extra
}

// Tool is a tool that the front end offers to the model.
type Tool struct {
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments, nil for none.
	Parameters json.RawMessage
	Metadata   json.RawMessage
	Extra      Extra
}

// Context is a piece of information from the front end for the agent.
type Context struct {
	Description string
	Value       string
	Extra       Extra
}

// ResumeEntry answers one interrupt.
type ResumeEntry struct {
	InterruptID string
	// Status is "resolved" or "cancelled".
	Status   string
	Payload  json.RawMessage
	Metadata json.RawMessage
	Extra    Extra
}
