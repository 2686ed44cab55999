package agui

import "encoding/json"

// Event is one AG-UI event: one of the …Event structs of this package, by
// value, or an [Encoded] one that already has its wire form.
type Event interface {
	EventType() EventType
}

// Extra holds the JSON fields that this package has no name for, so that they
// survive a round trip. The zero value means none.
type Extra map[string]json.RawMessage

// BaseEvent holds what every event may carry.
type BaseEvent struct {
	// Timestamp is in milliseconds since the Unix epoch, nil for none.
	Timestamp *float64
	// RawEvent is the event of the agent's own framework, if it passes that on.
	RawEvent json.RawMessage
	// Metadata is a JSON object, nil for none.
	Metadata json.RawMessage
	// SubagentRunID names the subagent whose work the event is part of, "" for
	// the run's own agent. The SUBAGENT events require it.
	SubagentRunID string
	// Extra holds the other fields.
	Extra Extra
}

func (b BaseEvent) subagent() string { return b.SubagentRunID }

// SubagentOf returns the id of the subagent whose work an event is part of, ""
// for the run's own agent.
func SubagentOf(event Event) string {
	switch v := event.(type) {
	case Encoded:
		text, _ := v.Text("subagentRunId")
		return string(text)
	case interface{ subagent() string }:
		return v.subagent()
	}
	return ""
}

// RunStartedEvent opens a run. Input is what the run was given; the runner
// fills it in where the agent left it out.
type RunStartedEvent struct {
	BaseEvent
	ThreadID    string
	RunID       string
	ParentRunID string
	Input       *RunAgentInput
	// ProtocolVersion is what version 1.0 of the protocol and later send.
	ProtocolVersion string
}

// RunFinishedEvent ends a run that didn't fail. Nothing follows it.
type RunFinishedEvent struct {
	BaseEvent
	ThreadID string
	RunID    string
	Result   json.RawMessage
	Outcome  *Outcome
	Usage    []TokenUsage
}

// Outcome says whether a finished run is complete or waits for an answer.
type Outcome struct {
	// Type is "success", "interrupt" or "cancelled".
	Type string
	// Interrupts holds at least one entry when Type is "interrupt".
	Interrupts []Interrupt
	// PendingToolCallIDs belongs to "success": the calls that the front end is
	// to answer.
	PendingToolCallIDs []string
	Extra              Extra
}

// Interrupt is a question that a run ended on; [RunAgentInput.Resume] answers it.
type Interrupt struct {
	ID         string
	Reason     string
	Message    string
	ToolCallID string
	// ResponseSchema is the JSON Schema of the answer, nil for none.
	ResponseSchema json.RawMessage
	// ExpiresAt is a time in ISO 8601, "" for none.
	ExpiresAt     string
	SubagentRunID string
	// Metadata is a JSON object, nil for none.
	Metadata json.RawMessage
	Extra    Extra
}

// TokenUsage counts the tokens of one model in a run. Nil counts are unknown.
type TokenUsage struct {
	Provider              string
	Model                 string
	InputTokens           *int64
	OutputTokens          *int64
	TotalTokens           *int64
	ReasoningTokens       *int64
	CachedInputTokens     *int64
	CacheWriteInputTokens *int64
	Extra                 Extra
}

// RunErrorEvent ends a run that failed. Nothing follows it.
type RunErrorEvent struct {
	BaseEvent
	Message string
	Code    string
	Usage   []TokenUsage
}

// StepStartedEvent begins a named part of a run.
type StepStartedEvent struct {
	BaseEvent
	StepName string
}

// StepFinishedEvent ends the step that [StepStartedEvent] began.
type StepFinishedEvent struct {
	BaseEvent
	StepName string
}

// TextMessageStartEvent opens a text message. An empty Role means assistant.
type TextMessageStartEvent struct {
	BaseEvent
	MessageID string
	Role      Role
	Name      string
}

// TextMessageContentEvent adds Delta to an open text message.
type TextMessageContentEvent struct {
	BaseEvent
	MessageID string
	Delta     string
}

// TextMessageEndEvent closes a text message.
type TextMessageEndEvent struct {
	BaseEvent
	MessageID string
}

// TextMessageChunkEvent is start, content and end in one; the runner turns it
// into those. Empty fields continue the message before; HasDelta distinguishes an
// empty delta from an absent one.
type TextMessageChunkEvent struct {
	BaseEvent
	MessageID string
	Role      Role
	Delta     string
	HasDelta  bool
	Name      string
}

// ToolCallStartEvent opens a tool call.
type ToolCallStartEvent struct {
	BaseEvent
	ToolCallID      string
	ToolCallName    string
	ParentMessageID string
}

// ToolCallArgsEvent adds Delta to the JSON text of an open call's arguments.
type ToolCallArgsEvent struct {
	BaseEvent
	ToolCallID string
	Delta      string
}

// ToolCallEndEvent closes a tool call: its arguments are complete.
type ToolCallEndEvent struct {
	BaseEvent
	ToolCallID string
}

// ToolCallChunkEvent is start, args and end of a tool call in one; the runner
// turns it into those.
type ToolCallChunkEvent struct {
	BaseEvent
	ToolCallID      string
	ToolCallName    string
	ParentMessageID string
	Delta           string
	HasDelta        bool
}

// ToolCallResultEvent is the result of a tool call as a tool message.
type ToolCallResultEvent struct {
	BaseEvent
	MessageID  string
	ToolCallID string
	Content    string
	// Parts takes the place of Content when it isn't nil: version 1.0 of the
	// protocol lets a result have several parts.
	Parts []InputContent
	// Role is "tool" or empty.
	Role Role
}

// StateSnapshotEvent replaces the state that agent and front end share.
type StateSnapshotEvent struct {
	BaseEvent
	Snapshot json.RawMessage
}

// StateDeltaEvent changes the shared state by a JSON Patch (RFC 6902).
type StateDeltaEvent struct {
	BaseEvent
	Delta json.RawMessage
}

// MessagesSnapshotEvent replaces the thread's messages.
type MessagesSnapshotEvent struct {
	BaseEvent
	Messages []Message
}

// ActivitySnapshotEvent sets an activity message. Replace is true by default
// on the wire; NoReplace is its opposite, so that the zero value is the default.
type ActivitySnapshotEvent struct {
	BaseEvent
	MessageID    string
	ActivityType string
	Content      json.RawMessage
	NoReplace    bool
}

// ActivityDeltaEvent changes an activity message by a JSON Patch (RFC 6902).
type ActivityDeltaEvent struct {
	BaseEvent
	MessageID    string
	ActivityType string
	Patch        json.RawMessage
}

// ReasoningStartEvent opens a stretch of reasoning.
type ReasoningStartEvent struct {
	BaseEvent
	MessageID string
}

// ReasoningMessageStartEvent opens a reasoning message; its role is "reasoning".
type ReasoningMessageStartEvent struct {
	BaseEvent
	MessageID string
}

// ReasoningMessageContentEvent adds Delta to an open reasoning message.
type ReasoningMessageContentEvent struct {
	BaseEvent
	MessageID string
	Delta     string
}

// ReasoningMessageEndEvent closes a reasoning message.
type ReasoningMessageEndEvent struct {
	BaseEvent
	MessageID string
}

// ReasoningMessageChunkEvent is start, content and end in one; the runner
// turns it into those.
type ReasoningMessageChunkEvent struct {
	BaseEvent
	MessageID string
	Delta     string
	HasDelta  bool
}

// ReasoningEndEvent closes the stretch that [ReasoningStartEvent] began.
type ReasoningEndEvent struct {
	BaseEvent
	MessageID string
}

// ReasoningEncryptedValueEvent attaches a provider's opaque reasoning to a
// message or a tool call.
type ReasoningEncryptedValueEvent struct {
	BaseEvent
	// Subtype is "tool-call" or "message".
	Subtype        string
	EntityID       string
	EncryptedValue string
}

// SubagentStartedEvent announces a subagent, whose events carry its
// SubagentRunID from here on.
type SubagentStartedEvent struct {
	BaseEvent
	Name        string
	Description string
	// ParentSubagentRunID, ParentToolCallID and ParentMessageID say what began it.
	ParentSubagentRunID string
	ParentToolCallID    string
	ParentMessageID     string
}

// SubagentFinishedEvent ends a subagent's part of the run.
type SubagentFinishedEvent struct {
	BaseEvent
	Result  json.RawMessage
	Outcome *SubagentOutcome
}

// SubagentOutcome says whether a subagent is done or waits for an answer.
type SubagentOutcome struct {
	// Type is "success" or "suspended".
	Type string
	// InterruptIDs belongs to "suspended".
	InterruptIDs []string
	Extra        Extra
}

// SubagentErrorEvent ends a subagent that failed; the run may go on.
type SubagentErrorEvent struct {
	BaseEvent
	Message string
	Code    string
}

// RawEvent passes on an event of another system.
type RawEvent struct {
	BaseEvent
	Event  json.RawMessage
	Source string
}

// CustomEvent is an application's own event.
type CustomEvent struct {
	BaseEvent
	Name  string
	Value json.RawMessage
}

// ThinkingEvent is any of the five older THINKING events, as Type says.
type ThinkingEvent struct {
	BaseEvent
	Type  EventType
	Title string
	Delta string
}

func (RunStartedEvent) EventType() EventType              { return EventTypeRunStarted }
func (RunFinishedEvent) EventType() EventType             { return EventTypeRunFinished }
func (RunErrorEvent) EventType() EventType                { return EventTypeRunError }
func (StepStartedEvent) EventType() EventType             { return EventTypeStepStarted }
func (StepFinishedEvent) EventType() EventType            { return EventTypeStepFinished }
func (TextMessageStartEvent) EventType() EventType        { return EventTypeTextMessageStart }
func (TextMessageContentEvent) EventType() EventType      { return EventTypeTextMessageContent }
func (TextMessageEndEvent) EventType() EventType          { return EventTypeTextMessageEnd }
func (TextMessageChunkEvent) EventType() EventType        { return EventTypeTextMessageChunk }
func (ToolCallStartEvent) EventType() EventType           { return EventTypeToolCallStart }
func (ToolCallArgsEvent) EventType() EventType            { return EventTypeToolCallArgs }
func (ToolCallEndEvent) EventType() EventType             { return EventTypeToolCallEnd }
func (ToolCallChunkEvent) EventType() EventType           { return EventTypeToolCallChunk }
func (ToolCallResultEvent) EventType() EventType          { return EventTypeToolCallResult }
func (StateSnapshotEvent) EventType() EventType           { return EventTypeStateSnapshot }
func (StateDeltaEvent) EventType() EventType              { return EventTypeStateDelta }
func (MessagesSnapshotEvent) EventType() EventType        { return EventTypeMessagesSnapshot }
func (ActivitySnapshotEvent) EventType() EventType        { return EventTypeActivitySnapshot }
func (ActivityDeltaEvent) EventType() EventType           { return EventTypeActivityDelta }
func (ReasoningStartEvent) EventType() EventType          { return EventTypeReasoningStart }
func (ReasoningMessageStartEvent) EventType() EventType   { return EventTypeReasoningMessageStart }
func (ReasoningMessageContentEvent) EventType() EventType { return EventTypeReasoningMessageContent }
func (ReasoningMessageEndEvent) EventType() EventType     { return EventTypeReasoningMessageEnd }
func (ReasoningMessageChunkEvent) EventType() EventType   { return EventTypeReasoningMessageChunk }
func (ReasoningEndEvent) EventType() EventType            { return EventTypeReasoningEnd }
func (ReasoningEncryptedValueEvent) EventType() EventType { return EventTypeReasoningEncryptedValue }
func (SubagentStartedEvent) EventType() EventType         { return EventTypeSubagentStarted }
func (SubagentFinishedEvent) EventType() EventType        { return EventTypeSubagentFinished }
func (SubagentErrorEvent) EventType() EventType           { return EventTypeSubagentError }
func (RawEvent) EventType() EventType                     { return EventTypeRaw }
func (CustomEvent) EventType() EventType                  { return EventTypeCustom }
func (e ThinkingEvent) EventType() EventType              { return e.Type }
