package dialecttest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// Gemini writes an answer as Google's generateContent has it, with each tool call
// whole.
func Gemini(w http.ResponseWriter, _ *http.Request, answer modeltest.Answer) {
	status := answer.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	failure := map[string]any{"error": map[string]any{"code": status, "message": answer.Message, "status": "X"}}
	if answer.Status != 0 {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(answer.Status)
		json.NewEncoder(w).Encode(failure)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	write := func(chunk map[string]any) {
		encoded, err := json.Marshal(chunk)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(w, "data: %s\r\n\r\n", encoded)
		http.NewResponseController(w).Flush()
	}
	candidate := func(parts []any, reason string) map[string]any {
		c := map[string]any{"content": map[string]any{"role": "model", "parts": parts}, "index": 0}
		if reason != "" {
			c["finishReason"] = reason
		}
		return map[string]any{"candidates": []any{c}, "modelVersion": "gemini-3-flash"}
	}
	calls, arguments := []map[string]any{}, map[int]string{}
	writeCalls := func() {
		for i, part := range calls {
			if arguments[i] != "" {
				part["functionCall"].(map[string]any)["args"] = json.RawMessage(arguments[i])
			}
			write(candidate([]any{part}, ""))
		}
		calls = nil
	}
	for _, delta := range answer.Deltas {
		switch delta.Kind {
		case model.KindToolCall:
			calls = append(calls, map[string]any{"functionCall": map[string]any{"id": delta.ID, "name": delta.Name}})
		case model.KindArguments:
			arguments[delta.Call] += delta.Text
		case model.KindToolCallData:
			calls[delta.Call]["thoughtSignature"] = signature(delta.Text)
		case model.KindFinish:
			writeCalls()
			end := candidate([]any{map[string]any{"text": ""}}, geminiReason(delta.Finish.Reason))
			if usage := delta.Finish.Usage; usage != nil {
				end["usageMetadata"] = map[string]any{"promptTokenCount": usage.InputTokens, "candidatesTokenCount": usage.OutputTokens}
			}
			write(end)
		default:
			write(candidate([]any{geminiText(delta)}, ""))
		}
	}
	if answer.End == modeltest.EndError {
		write(failure)
	}
}

// geminiText returns the part with text, a thought, or the signature of either.
func geminiText(delta model.Delta) map[string]any {
	part := map[string]any{"text": delta.Text}
	switch delta.Kind {
	case model.KindReasoning:
		part["thought"] = true
	case model.KindReasoningData:
		part = map[string]any{"text": "", "thought": true, "thoughtSignature": signature(delta.Text)}
	case model.KindTextData:
		part = map[string]any{"text": "", "thoughtSignature": signature(delta.Text)}
	}
	return part
}

func signature(data string) string {
	var wrapped map[string]struct {
		Signature string `json:"thought_signature"`
	}
	if err := json.Unmarshal([]byte(data), &wrapped); err != nil {
		panic(err)
	}
	return wrapped["google"].Signature
}

func geminiReason(reason model.FinishReason) string {
	return map[model.FinishReason]string{
		model.FinishStop: "STOP", model.FinishToolCalls: "STOP", model.FinishLength: "MAX_TOKENS", model.FinishContentFilter: "SAFETY",
	}[reason]
}
