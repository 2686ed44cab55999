package core

import (
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
)

// replay folds the events of a stream into an [Answer]. It is for one goroutine.
// The zero value is ready; a nil one ignores all.
type replay struct {
	streamed bool
	answer   fold.Answer
}

// observe folds the stream's next event.
func (p *replay) observe(event agui.Encoded) {
	if p != nil {
		p.streamed = true
		p.answer.Add(event)
	}
}

// observer returns observe, nil for a nil replay.
func (p *replay) observer() func(agui.Encoded) {
	if p == nil {
		return nil
	}
	return p.observe
}

// fill sets what the stream came to, once.
func (p *replay) fill(answer *Answer) {
	if p == nil || !p.streamed {
		return
	}
	answer.ThreadID, answer.RunID = p.answer.ThreadID, p.answer.RunID
	answer.Messages = p.answer.Messages()
}
