package fold

import (
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
)

// WithActivities returns messages with the activity messages of a history that they
// lack, each after what it came after. Front ends keep activities, but don't send them
// with the next run, so that the messages which that leaves have none of those before.
//
// What can't be folded is left out.
func WithActivities(messages []agui.Message, history []agui.Encoded) []agui.Message {
	if !slices.ContainsFunc(history, isActivity) {
		return messages
	}
	thread := NewThread(nil, nil)
	for _, event := range history {
		_ = thread.Add(event)
	}
	place := make(map[string]int, len(messages)) // where a message is
	for i := range messages {
		place[messages[i].ID] = i
	}
	before := make([][]agui.Message, len(messages)+1) // what comes before the message with that index
	at := 0
	for _, message := range thread.Messages() {
		if i, ok := place[message.ID]; ok {
			at = i + 1
		} else if message.Role == agui.RoleActivity {
			before[at] = append(before[at], message)
		}
	}
	var all []agui.Message
	for i := range messages {
		all = append(append(all, before[i]...), messages[i])
	}
	return append(all, before[len(messages)]...)
}

func isActivity(event agui.Encoded) bool {
	return event.EventType() == agui.EventTypeActivitySnapshot
}
