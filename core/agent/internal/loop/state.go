package loop

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonpatch"
	"github.com/copilotkit-go/runtime/core/model"
)

// The names of the tools with which a model changes the state that it shares with
// the front end. They are those of the reference runtime.
const (
	StateSnapshotTool = "AGUISendStateSnapshot"
	StateDeltaTool    = "AGUISendStateDelta"
)

// maxStateGrowth bounds how many bytes a call may add to the state. Copying the
// whole state into itself a few times would make it arbitrarily large.
const maxStateGrowth = 4 << 20

// sharedState keeps track of the state through a run, so that the error of a change
// that doesn't apply goes to the model instead of breaking the front end.
type sharedState struct {
	document json.RawMessage
	// received reports that the front end has sent a state with the run, and sent
	// that the run has sent one to the front end.
	received, sent bool
}

func newSharedState(input *agui.RunAgentInput) *sharedState {
	s := &sharedState{document: input.State, received: len(input.State) > 0}
	if text := string(s.document); text == "" || text == "null" {
		s.document = json.RawMessage("{}")
	}
	return s
}

// call runs one of the two tools. It returns the events and the result of the call.
func (s *sharedState) call(tool string, arguments []byte) ([]agui.Event, json.RawMessage, error) {
	if tool == StateSnapshotTool {
		return s.replace(arguments)
	}
	return s.change(arguments)
}

func (s *sharedState) replace(arguments []byte) ([]agui.Event, json.RawMessage, error) {
	var in struct {
		Snapshot json.RawMessage `json:"snapshot"`
	}
	if err := json.Unmarshal(arguments, &in); err != nil {
		return nil, nil, fmt.Errorf("the arguments are not a JSON object: %w", err)
	}
	if len(in.Snapshot) == 0 {
		return nil, nil, errors.New("the argument snapshot is missing")
	}
	s.document, s.sent = in.Snapshot, true
	result, err := json.Marshal(stateResult{Success: true, Snapshot: in.Snapshot})
	return []agui.Event{agui.StateSnapshotEvent{Snapshot: in.Snapshot}}, result, err
}

// change applies a JSON Patch. A snapshot of the state precedes the first one, since
// a front end that joins during the run has no other.
func (s *sharedState) change(arguments []byte) ([]agui.Event, json.RawMessage, error) {
	operations, err := parsePatch(arguments)
	if err != nil {
		return nil, nil, err
	}
	document, err := jsonpatch.Parse(s.document)
	if err != nil {
		return nil, nil, fmt.Errorf("read the state: %w", err)
	}
	var applied []json.RawMessage
	growth := 0 // no less than by how many bytes the state has grown
	for i, operation := range operations {
		done, err := applyOperation(document, operation)
		if err != nil {
			return nil, nil, fmt.Errorf("operation %d does not apply to the state, which is unchanged: %w", i, err)
		}
		applied = append(applied, done...)
		// An operation adds no more than its length, unless it is a copy.
		if growth += len(operation); growth > maxStateGrowth || isCopy(operation) {
			if growth = len(document.AppendJSON(nil)) - len(s.document); growth > maxStateGrowth {
				return nil, nil, fmt.Errorf("operation %d makes the state too large, which is unchanged", i)
			}
		}
	}
	delta, err := json.Marshal(applied)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the changes: %w", err)
	}
	if len(applied) == 0 {
		delta = json.RawMessage("[]")
	}
	var events []agui.Event
	if s.received && !s.sent {
		events = append(events, agui.StateSnapshotEvent{Snapshot: s.document})
	}
	events = append(events, agui.StateDeltaEvent{Delta: delta})
	s.document, s.sent = document.AppendJSON(nil), true
	result, err := json.Marshal(stateResult{Success: true, Delta: operations})
	return events, result, err
}

// stateResult is the result of a call that has changed the state.
type stateResult struct {
	Success  bool              `json:"success"`
	Snapshot json.RawMessage   `json:"snapshot,omitempty"`
	Delta    []json.RawMessage `json:"delta,omitzero"`
}

// parsePatch parses the operations, which models sometimes write as a string.
func parsePatch(arguments []byte) ([]json.RawMessage, error) {
	var in struct {
		Delta json.RawMessage `json:"delta"`
	}
	if err := json.Unmarshal(arguments, &in); err != nil {
		return nil, fmt.Errorf("the arguments are not a JSON object: %w", err)
	}
	if len(in.Delta) == 0 {
		return nil, errors.New("the argument delta is missing")
	}
	var text string
	if json.Unmarshal(in.Delta, &text) == nil {
		in.Delta = json.RawMessage(text)
	}
	var operations []json.RawMessage
	if err := json.Unmarshal(in.Delta, &operations); err != nil {
		return nil, fmt.Errorf("the argument delta is not a list of operations: %w", err)
	}
	return operations, nil
}

// applyOperation applies an operation, and returns it, after the one that creates
// the list to which it appends where there is none.
func applyOperation(document *jsonpatch.Document, operation json.RawMessage) ([]json.RawMessage, error) {
	operations := []json.RawMessage{operation}
	err := applyAll(document, operations)
	if err == nil {
		return operations, nil
	}
	if list, ok := missingList(operation); ok {
		operations = []json.RawMessage{list, operation}
		if applyAll(document, operations) == nil {
			return operations, nil
		}
	}
	return nil, err
}

// applyAll applies operations, all of them or none.
func applyAll(document *jsonpatch.Document, operations []json.RawMessage) error {
	patch := []byte{'['}
	for i, operation := range operations {
		if i > 0 {
			patch = append(patch, ',')
		}
		patch = append(patch, operation...)
	}
	return document.Apply(append(patch, ']'))
}

// isCopy reports whether an operation, which has been applied, is a copy.
func isCopy(operation json.RawMessage) bool {
	// A struct would take the name in any case.
	var in map[string]json.RawMessage
	var op string
	return json.Unmarshal(operation, &in) != nil || json.Unmarshal(in["op"], &op) != nil || op == "copy"
}

// missingList returns the operation that creates the list to which an operation
// appends.
func missingList(operation json.RawMessage) (json.RawMessage, bool) {
	var in struct {
		Op   string `json:"op"`
		Path string `json:"path"`
	}
	if json.Unmarshal(operation, &in) != nil || in.Op != "add" {
		return nil, false
	}
	list, ok := strings.CutSuffix(in.Path, "/-")
	if !ok || list == "" {
		return nil, false
	}
	made, err := json.Marshal(map[string]any{"op": "add", "path": list, "value": []any{}})
	return made, err == nil
}

func isStateTool(name string) bool { return name == StateSnapshotTool || name == StateDeltaTool }

// StateTools returns the definitions of the two tools.
func StateTools() []model.Tool {
	return []model.Tool{
		{Name: StateSnapshotTool, Description: "Replaces the whole state that is shared with the application.",
			Parameters: json.RawMessage(`{"type":"object","properties":{"snapshot":{"description":"The complete new state."}},"required":["snapshot"],"additionalProperties":false}`)},
		{Name: StateDeltaTool, Description: "Changes parts of the state that is shared with the application, by JSON Patch.",
			Parameters: json.RawMessage(`{"type":"object","properties":{"delta":{"type":"array","description":"The JSON Patch operations, in order.","items":{"type":"object","properties":{"op":{"type":"string","enum":["add","replace","remove"]},"path":{"type":"string","description":"A JSON Pointer, such as /todos/0/title, or /todos/- for the end of a list."},"value":{"description":"The new value, for add and replace."}},"required":["op","path"],"additionalProperties":false}}},"required":["delta"],"additionalProperties":false}`)},
	}
}
