package loop

import (
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// LeftOut says what Trim has left out.
type LeftOut struct {
	// Messages and Tokens count it, the tokens by an estimate.
	Messages int
	Tokens   int64
}

// Trim leaves out the oldest turns of a conversation that has more than a number of
// tokens, by an estimate. A turn is a message of the user with all that follows it to the
// next, so results stay with their calls. System and developer messages are kept, and so
// is the last turn, however long it is.
//
// A quarter of the limit is left out at a time, or several: in most runs the conversation
// begins where it did in the last one, as the caches of providers want it.
func Trim(messages []agui.Message, limit int64) ([]agui.Message, LeftOut) {
	sizes := make([]int64, len(messages))
	total, last := int64(0), -1
	for i := range messages {
		if !isInstruction(&messages[i]) {
			sizes[i] = agent.EstimateMessages(messages[i : i+1])
		}
		total += sizes[i]
		if messages[i].Role == agui.RoleUser {
			last = i
		}
	}
	if total <= limit || last < 0 {
		return messages, LeftOut{}
	}
	quarter := max(limit/4, 1)
	least := (total - limit + quarter - 1) / quarter * quarter
	var left LeftOut
	first := 0
	for ; first < last && (left.Tokens < least || messages[first].Role != agui.RoleUser); first++ {
		left.Tokens += sizes[first]
	}
	kept := make([]agui.Message, 0, len(messages))
	for i := range messages {
		if i >= first || isInstruction(&messages[i]) {
			kept = append(kept, messages[i])
		}
	}
	left.Messages = len(messages) - len(kept)
	return kept, left
}

func isInstruction(m *agui.Message) bool {
	return m.Role == agui.RoleSystem || m.Role == agui.RoleDeveloper
}
