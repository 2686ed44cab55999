package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonpatch"
)

// The tools with which a model changes the state that it shares with the front
// end. The names are the reference runtime's.
const (
	stateSnapshotTool = "AGUISendStateSnapshot"
	stateDeltaTool    = "AGUISendStateDelta"
)

// maxStateGrowth is how many bytes a call may add to the state: a few copies of
// the whole into itself make any size.
const maxStateGrowth = 4 << 20

// sharedState follows the state through a run, so that a change that can't be
// applied is told to the model instead of breaking the front end.
type sharedState struct {
	document json.RawMessage
	// given tells that the front end sent a state with the run, and sent that
	// the run has told it one.
	given, sent bool
}

func newSharedState(input *agui.RunAgentInput) *sharedState {
	s := &sharedState{document: input.State, given: len(input.State) > 0}
	if text := string(s.document); text == "" || text == "null" {
		s.document = json.RawMessage("{}")
	}
	return s
}

// call runs one of the two tools. It returns the events of the change and the
// tool's result.
func (s *sharedState) call(tool string, arguments []byte) ([]agui.Event, json.RawMessage, error) {
	if tool == stateSnapshotTool {
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

// change applies a JSON Patch. The first one is preceded by a snapshot of what it
// changes, since a front end that joins in the midst of the run has no other.
func (s *sharedState) change(arguments []byte) ([]agui.Event, json.RawMessage, error) {
	operations, err := patchOf(arguments)
	if err != nil {
		return nil, nil, err
	}
	document := s.document
	var applied []json.RawMessage
	for i, operation := range operations {
		next, err := applyOperation(document, operation)
		if err != nil {
			// An append to a list that isn't there yet makes the list.
			if list, ok := missingList(operation); ok {
				if made, listErr := applyOperation(document, list); listErr == nil {
					if next, err = applyOperation(made, operation); err == nil {
						applied = append(applied, list)
					}
				}
			}
		}
		if err != nil {
			return nil, nil, fmt.Errorf("operation %d does not apply to the state, which is unchanged: %w", i, err)
		}
		if len(next)-len(s.document) > maxStateGrowth {
			return nil, nil, fmt.Errorf("operation %d makes the state too large, which is unchanged", i)
		}
		applied = append(applied, operation)
		document = next
	}
	delta, err := json.Marshal(applied)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the changes: %w", err)
	}
	if len(applied) == 0 {
		delta = json.RawMessage("[]")
	}
	var events []agui.Event
	if s.given && !s.sent {
		events = append(events, agui.StateSnapshotEvent{Snapshot: s.document})
	}
	events = append(events, agui.StateDeltaEvent{Delta: delta})
	s.document, s.sent = document, true
	result, err := json.Marshal(stateResult{Success: true, Delta: operations})
	return events, result, err
}

// stateResult is what the model is told of a change that it made.
type stateResult struct {
	Success  bool              `json:"success"`
	Snapshot json.RawMessage   `json:"snapshot,omitempty"`
	Delta    []json.RawMessage `json:"delta,omitzero"`
}

// patchOf reads the operations, also where the model wrote them as a string.
func patchOf(arguments []byte) ([]json.RawMessage, error) {
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

func applyOperation(document, operation json.RawMessage) (json.RawMessage, error) {
	return jsonpatch.Apply(document, append(append([]byte{'['}, operation...), ']'))
}

// missingList gives the operation that makes the list that an append needs.
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

// stateTools describes the two tools to the model.
func stateTools() []toolDefinition {
	return []toolDefinition{
		newToolDefinition(stateSnapshotTool, "Replaces the whole state that is shared with the application.",
			json.RawMessage(`{"type":"object","properties":{"snapshot":{"description":"The complete new state."}},"required":["snapshot"],"additionalProperties":false}`)),
		newToolDefinition(stateDeltaTool, "Changes parts of the state that is shared with the application, by JSON Patch.",
			json.RawMessage(`{"type":"object","properties":{"delta":{"type":"array","description":"The JSON Patch operations, in order.","items":{"type":"object","properties":{"op":{"type":"string","enum":["add","replace","remove"]},"path":{"type":"string","description":"A JSON Pointer, such as /todos/0/title, or /todos/- for the end of a list."},"value":{"description":"The new value, for add and replace."}},"required":["op","path"],"additionalProperties":false}}},"required":["delta"],"additionalProperties":false}`)),
	}
}
