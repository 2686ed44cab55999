package openai

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"

	"github.com/copilotkit-go/runtime/core/agui"
)

// done is the chunk that ends an answer.
const done = "[DONE]"

// chunks reads the chunks of an answer's body, each valid until the next. A chunk
// is never larger than [agui.DefaultSSELimit].
func chunks(body io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for event, err := range agui.ReadSSE(body, 0) {
			if err != nil {
				yield(nil, err)
				return
			}
			data := bytes.TrimSpace(event.Data)
			if len(data) == 0 {
				continue // an event of nothing keeps the connection open
			}
			if bytes.IndexByte(data, '\n') < 0 || json.Valid(data) {
				if !yield(data, nil) {
					return
				}
				continue
			}
			// Some servers leave out the blank lines between events.
			for line := range bytes.Lines(data) {
				if line = bytes.TrimSpace(line); len(line) > 0 && !yield(line, nil) {
					return
				}
			}
		}
	}
}
