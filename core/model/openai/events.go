package openai

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"

	"github.com/copilotkit-go/runtime/core/agui"
)

// done is the last chunk of a complete answer.
const done = "[DONE]"

// chunks yields the chunks of the body of an answer. A chunk is valid until the next
// one, and not larger than [agui.DefaultSSELimit].
func chunks(body io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for event, err := range agui.ReadSSE(body, 0) {
			if err != nil {
				yield(nil, err)
				return
			}
			data := bytes.TrimSpace(event.Data)
			if len(data) == 0 {
				continue // keeps the connection open
			}
			if bytes.IndexByte(data, '\n') < 0 || json.Valid(data) {
				if !yield(data, nil) {
					return
				}
				continue
			}
			// Some servers omit the blank lines between events.
			for line := range bytes.Lines(data) {
				if line = bytes.TrimSpace(line); len(line) > 0 && !yield(line, nil) {
					return
				}
			}
		}
	}
}
