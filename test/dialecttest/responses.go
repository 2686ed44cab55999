package dialecttest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// Responses writes an answer as OpenAI's Responses API has it.
func Responses(w http.ResponseWriter, _ *http.Request, answer modeltest.Answer) {
	failure := map[string]any{"message": answer.Message, "type": "x", "code": nil, "param": nil}
	if answer.Status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Status)
		json.NewEncoder(w).Encode(map[string]any{"error": failure})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	r := responses{w: w, item: -1}
	r.write("response.created", map[string]any{"response": map[string]any{"model": "gpt-5", "status": "in_progress", "error": nil}})
	for _, delta := range answer.Deltas {
		r.delta(delta)
	}
	if answer.End == modeltest.EndError {
		r.write("error", map[string]any{"error": failure})
	}
}

// responses writes the events of one answer: items, one after the other.
type responses struct {
	w        http.ResponseWriter
	sequence int
	// item is the index of the open item and kind its type, empty for none.
	item int
	kind string
	// calls are the indices of the calls' items.
	calls []int
}

func (r *responses) write(kind string, fields map[string]any) {
	fields["sequence_number"] = r.sequence
	r.sequence++
	encoded, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(r.w, "event: %s\ndata: {\"type\":%q,%s\n\n", kind, kind, encoded[1:])
	http.NewResponseController(r.w).Flush()
}

// open begins an item, unless it is the open one.
func (r *responses) open(kind string, fields map[string]any) {
	if r.kind == kind && kind != "function_call" {
		return
	}
	r.item++
	r.kind = kind
	fields["type"], fields["id"] = kind, fmt.Sprint("item_", r.item)
	r.write("response.output_item.added", map[string]any{"output_index": r.item, "item": fields})
}

// close ends the open item.
func (r *responses) close(fields map[string]any) {
	fields["type"], fields["id"] = r.kind, fmt.Sprint("item_", r.item)
	r.write("response.output_item.done", map[string]any{"output_index": r.item, "item": fields})
	r.kind = ""
}

func (r *responses) delta(delta model.Delta) {
	text := map[string]any{"delta": delta.Text, "item_id": "item"}
	switch delta.Kind {
	case model.KindText:
		r.open("message", map[string]any{"role": "assistant", "content": []any{}})
		text["output_index"], text["content_index"] = r.item, 0
		// As OpenAI orders the fields.
		literal, err := json.Marshal(delta.Text)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(r.w, "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":%d,\"item_id\":\"item\",\"output_index\":%d,\"content_index\":0,\"delta\":%s,\"logprobs\":[],\"obfuscation\":\"x\"}\n\n", r.sequence, r.item, literal)
		http.NewResponseController(r.w).Flush()
	case model.KindReasoning:
		r.open("reasoning", map[string]any{"summary": []any{}})
		text["output_index"], text["summary_index"] = r.item, 0
		r.write("response.reasoning_summary_text.delta", text)
	case model.KindReasoningData:
		r.open("reasoning", map[string]any{"summary": []any{}})
		var data struct{ OpenAI struct{ Encrypted string } }
		if err := json.Unmarshal([]byte(delta.Text), &data); err != nil {
			panic(err)
		}
		r.close(map[string]any{"summary": []any{}, "encrypted_content": data.OpenAI.Encrypted})
	case model.KindTextData:
		var data struct{ OpenAI struct{ Phase string } }
		if err := json.Unmarshal([]byte(delta.Text), &data); err != nil {
			panic(err)
		}
		r.write("response.output_item.done", map[string]any{"output_index": r.item, "item": map[string]any{"type": "message", "phase": data.OpenAI.Phase, "content": []any{}}})
	case model.KindToolCall:
		r.open("function_call", map[string]any{"call_id": delta.ID, "name": delta.Name, "arguments": ""})
		r.calls = append(r.calls, r.item)
	case model.KindArguments:
		text["output_index"] = r.calls[delta.Call]
		r.write("response.function_call_arguments.delta", text)
	case model.KindFinish:
		r.finish(delta.Finish)
	}
}

func (r *responses) finish(finish *model.Finish) {
	response := map[string]any{"model": "gpt-5", "status": "completed", "error": nil, "incomplete_details": nil}
	if reason := map[model.FinishReason]string{model.FinishLength: "max_output_tokens", model.FinishContentFilter: "content_filter"}[finish.Reason]; reason != "" {
		response["status"], response["incomplete_details"] = "incomplete", map[string]any{"reason": reason}
	}
	if u := finish.Usage; u != nil {
		response["usage"] = map[string]any{"input_tokens": u.InputTokens, "output_tokens": u.OutputTokens}
	}
	r.write(fmt.Sprint("response.", response["status"]), map[string]any{"response": response})
}
