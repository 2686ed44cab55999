package dialecttest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// Anthropic writes an answer as Anthropic's Messages have it.
func Anthropic(w http.ResponseWriter, _ *http.Request, answer modeltest.Answer) {
	if answer.Status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Status)
		json.NewEncoder(w).Encode(anthropicError("x", answer.Message))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	s := anthropicStream{w: w, calls: make(map[int]int)}
	s.write("message_start", map[string]any{"message": map[string]any{
		"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": []any{},
		"stop_reason": nil, "stop_sequence": nil, "usage": map[string]any{"input_tokens": 1, "output_tokens": 1},
	}})
	for _, delta := range answer.Deltas {
		s.delta(delta)
	}
	switch answer.End {
	case modeltest.EndError:
		s.write("error", anthropicError("overloaded_error", answer.Message))
	case modeltest.EndComplete:
		s.write("message_stop", map[string]any{})
	}
}

func anthropicError(kind, message string) map[string]any {
	return map[string]any{"type": "error", "error": map[string]any{"type": kind, "message": message}, "request_id": "req_1"}
}

// anthropicStream writes the events of an answer.
type anthropicStream struct {
	w http.ResponseWriter
	// next is the index of the next block, open the kind of the last one while it is
	// open and no call.
	next int
	open string
	// calls are the indexes of the blocks of calls, which stay open to the end.
	calls map[int]int
}

func (s *anthropicStream) write(kind string, fields map[string]any) {
	fields["type"] = kind
	encoded, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", kind, encoded)
	http.NewResponseController(s.w).Flush()
}

func (s *anthropicStream) start(block map[string]any) {
	s.write("content_block_start", map[string]any{"index": s.next, "content_block": block})
	s.next++
}

// block has a block of text or thinking open.
func (s *anthropicStream) block(kind, field string) {
	if s.open == kind {
		return
	}
	s.close()
	s.start(map[string]any{"type": kind, field: ""})
	s.open = kind
}

func (s *anthropicStream) close() {
	if s.open != "" {
		s.write("content_block_stop", map[string]any{"index": s.next - 1})
		s.open = ""
	}
}

func (s *anthropicStream) piece(index int, kind, field, text string) {
	s.write("content_block_delta", map[string]any{"index": index, "delta": map[string]any{"type": kind, field: text}})
}

func (s *anthropicStream) delta(delta model.Delta) {
	switch delta.Kind {
	case model.KindText:
		s.block("text", "text")
		s.piece(s.next-1, "text_delta", "text", delta.Text)
	case model.KindReasoning:
		s.block("thinking", "thinking")
		s.piece(s.next-1, "thinking_delta", "thinking", delta.Text)
	case model.KindReasoningData:
		var data struct {
			Anthropic struct{ Signature, Redacted string }
		}
		if err := json.Unmarshal([]byte(delta.Text), &data); err != nil {
			panic(err)
		}
		if redacted := data.Anthropic.Redacted; redacted != "" {
			s.close()
			s.start(map[string]any{"type": "redacted_thinking", "data": redacted})
			s.write("content_block_stop", map[string]any{"index": s.next - 1})
			return
		}
		s.block("thinking", "thinking")
		s.piece(s.next-1, "signature_delta", "signature", data.Anthropic.Signature)
		s.close()
	case model.KindToolCall:
		s.close()
		s.calls[delta.Call] = s.next
		s.start(map[string]any{"type": "tool_use", "id": delta.ID, "name": delta.Name, "input": map[string]any{}})
	case model.KindArguments:
		s.piece(s.calls[delta.Call], "input_json_delta", "partial_json", delta.Text)
	case model.KindFinish:
		s.finish(delta.Finish)
	}
}

func (s *anthropicStream) finish(finish *model.Finish) {
	s.close()
	for call := range len(s.calls) {
		s.write("content_block_stop", map[string]any{"index": s.calls[call]})
	}
	usage := map[string]any{"output_tokens": 1}
	if counted := finish.Usage; counted != nil {
		usage = map[string]any{"input_tokens": counted.InputTokens, "output_tokens": counted.OutputTokens}
	}
	reason := map[model.FinishReason]string{
		model.FinishStop: "end_turn", model.FinishLength: "max_tokens", model.FinishToolCalls: "tool_use", model.FinishContentFilter: "refusal",
	}[finish.Reason]
	s.write("message_delta", map[string]any{"delta": map[string]any{"stop_reason": reason, "stop_sequence": nil}, "usage": usage})
}
