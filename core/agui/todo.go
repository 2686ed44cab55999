package agui

import (
	"encoding/json"
	"errors"
)

var errTODO = errors.New("agui: not written yet")

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
