package agui

import (
	"encoding/json"
	"errors"
)

var errTODO = errors.New("agui: not written yet")

// Encoded is an event in its wire form. It is immutable: whoever holds one may
// share it between goroutines, and must not change the bytes it hands out.
type Encoded struct {
	eventType EventType
	// frame is the whole Server-Sent Events frame, "data: {…}\n\n", so that the
	// JSON and the frame are one allocation.
	frame []byte
}

// Encode gives the wire form of an event. An Encoded event is returned as it is.
func Encode(event Event) (Encoded, error) { return Encoded{}, errTODO }

// ParseEncoded takes the JSON of an event as it came over the wire (from a
// remote agent, from a store) and keeps it as it is, whatever fields it has. It
// fails when data isn't a JSON object with a known event type.
func ParseEncoded(data []byte) (Encoded, error) { return Encoded{}, errTODO }

// EventType names the event.
func (e Encoded) EventType() EventType { return e.eventType }

// JSON is the event's JSON object on a single line.
func (e Encoded) JSON() []byte { return nil }

// Frame is the event as a Server-Sent Events frame: "data: {…}\n\n".
func (e Encoded) Frame() []byte { return e.frame }

// Decode gives the event's struct, validated as [UnmarshalEvent] does.
func (e Encoded) Decode() (Event, error) { return UnmarshalEvent(e.JSON()) }

// UnmarshalEvent decodes and validates the JSON of an event. Errors name the
// JSON path of what is wrong.
func UnmarshalEvent(data []byte) (Event, error) { return nil, errTODO }

// UnmarshalRunAgentInput decodes and validates a run's input, as strictly as
// the protocol's own schema. Errors name the JSON path of what is wrong.
func UnmarshalRunAgentInput(data []byte) (*RunAgentInput, error) { return nil, errTODO }

// MarshalJSON writes the input as the wire has it.
func (in *RunAgentInput) MarshalJSON() ([]byte, error) { return nil, errTODO }

// MarshalJSON writes the message as the wire has it.
func (m Message) MarshalJSON() ([]byte, error) { return nil, errTODO }

// UnmarshalJSON reads and validates a message.
func (m *Message) UnmarshalJSON(data []byte) error { return errTODO }

// Expander turns chunk events into the start, content and end events that they
// stand for; all others pass through, after closing what a chunk left open.
// The zero value is ready; one Expander serves one run, in one goroutine.
type Expander struct{}

// Expand appends to dst what event stands for.
func (x *Expander) Expand(dst []Event, event Event) ([]Event, error) { return dst, errTODO }

// Close appends to dst the ends of what is still open.
func (x *Expander) Close(dst []Event) []Event { return dst }

// Progress follows the events of one run, and knows what is missing from it.
// The zero value is ready; it is for one goroutine.
type Progress struct{}

// Observe takes note of the next event of the run.
func (p *Progress) Observe(event Event) error { return errTODO }

// Started tells whether RUN_STARTED was seen.
func (p *Progress) Started() bool { return false }

// Terminated tells whether RUN_FINISHED or RUN_ERROR was seen: nothing may follow.
func (p *Progress) Terminated() bool { return false }

// Ending says how a run that has no terminal event of its own is to end.
type Ending struct {
	// Stopped ends it with RUN_FINISHED, since somebody asked for the stop;
	// otherwise it ends with RUN_ERROR.
	Stopped bool
	// ThreadID and RunID go into RUN_FINISHED.
	ThreadID, RunID string
	// Message and Code go into RUN_ERROR and the results of open tool calls.
	// Empty ones get the reference's: "Run ended without emitting a terminal
	// event" and INCOMPLETE_STREAM.
	Message, Code string
}

// Finalize returns the events that close the run: ends of open messages and
// tool calls, results of unanswered ones, and the terminal event. It returns
// none when the run has terminated.
func (p *Progress) Finalize(ending Ending) []Event { return nil }

// Compact joins the consecutive deltas of one message or tool call into one
// event, as the protocol's clients do, and leaves the rest in order.
func Compact(events []Encoded) ([]Encoded, error) { return nil, errTODO }

// Transcript folds events into the messages and the state that a thread has
// after them.
type Transcript struct{}

// NewTranscript begins with what a run was given.
func NewTranscript(messages []Message, state json.RawMessage) *Transcript { return &Transcript{} }

// Apply takes the next event into account.
func (t *Transcript) Apply(event Event) error { return errTODO }

// Messages are the thread's messages so far.
func (t *Transcript) Messages() []Message { return nil }

// State is the shared state so far, nil for none.
func (t *Transcript) State() json.RawMessage { return nil }
