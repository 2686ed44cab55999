package agenttest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Lines returns a line for each event. The ids of messages are replaced by numbers.
func Lines(t testing.TB, events []agui.Event) []string {
	t.Helper()
	var objects []map[string]any
	for _, event := range events {
		encoded, err := agui.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := json.Unmarshal(encoded.JSON(), &object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return ObjectLines(t, objects)
}

// ObjectLines is [Lines] for events that are decoded JSON.
func ObjectLines(t testing.TB, objects []map[string]any) []string {
	t.Helper()
	numbers := map[any]string{}
	var lines []string
	for _, object := range objects {
		kind := object["type"]
		for _, key := range []string{"type", "timestamp", "threadId", "runId", "role"} {
			delete(object, key)
		}
		for _, key := range []string{"messageId", "parentMessageId"} {
			if id, ok := object[key]; ok {
				if numbers[id] == "" {
					numbers[id] = fmt.Sprintf("m%d", len(numbers)+1)
				}
				object[key] = numbers[id]
			}
		}
		line := fmt.Sprint(kind)
		if len(object) > 0 {
			line += " " + Compact(t, object)
		}
		lines = append(lines, line)
	}
	return lines
}

// WantLines fails the test unless the lines are equal.
func WantLines(t testing.TB, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got:\n%s\nwant:\n%s", g, w)
	}
}
