package dialecttest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// ChatCompletions writes an answer as OpenAI's chat completions have it.
func ChatCompletions(w http.ResponseWriter, _ *http.Request, answer modeltest.Answer) {
	failure := map[string]any{"error": map[string]any{"message": answer.Message, "type": "x"}}
	if answer.Status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Status)
		json.NewEncoder(w).Encode(failure)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	write := func(chunk any) {
		encoded, err := json.Marshal(chunk)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(w, "data: %s\n\n", encoded)
		http.NewResponseController(w).Flush()
	}
	for _, delta := range answer.Deltas {
		write(map[string]any{"model": "gpt-4o", "choices": []any{chatChoice(delta)}})
		if delta.Kind == model.KindFinish && delta.Finish.Usage != nil {
			write(map[string]any{"choices": []any{}, "usage": map[string]any{
				"prompt_tokens": delta.Finish.Usage.InputTokens, "completion_tokens": delta.Finish.Usage.OutputTokens,
			}})
		}
	}
	switch answer.End {
	case modeltest.EndError:
		write(failure)
	case modeltest.EndComplete:
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

func chatChoice(delta model.Delta) map[string]any {
	call := map[string]any{"index": delta.Call}
	calls := map[string]any{"tool_calls": []any{call}}
	choice := map[string]any{"index": 0, "delta": map[string]any{}, "finish_reason": nil}
	switch delta.Kind {
	case model.KindText:
		choice["delta"] = map[string]any{"content": delta.Text}
	case model.KindReasoning:
		choice["delta"] = map[string]any{"reasoning_content": delta.Text}
	case model.KindToolCall:
		call["id"], call["function"] = delta.ID, map[string]any{"name": delta.Name, "arguments": ""}
		choice["delta"] = calls
	case model.KindArguments:
		call["function"] = map[string]any{"arguments": delta.Text}
		choice["delta"] = calls
	case model.KindToolCallData:
		call["extra_content"] = json.RawMessage(delta.Text)
		choice["delta"] = calls
	case model.KindFinish:
		choice["finish_reason"] = map[model.FinishReason]string{
			model.FinishStop: "stop", model.FinishLength: "length", model.FinishToolCalls: "tool_calls", model.FinishContentFilter: "content_filter",
		}[delta.Finish.Reason]
	}
	return choice
}
