package loop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// observed is a call of the model that is observed, nil for one that isn't.
type observed struct {
	ended      func(telemetry.ModelResult)
	content    bool
	start      time.Time
	firstToken time.Duration
}

// observe tells the observer that the model is asked, if there is one.
func (r *Run) observe(ctx context.Context) (context.Context, *observed) {
	if telemetry.From(ctx) == nil {
		return ctx, nil
	}
	name, settings := model.NameOf(r.Model), &r.Request.Settings
	call := telemetry.ModelCall{Provider: name.Provider, Model: name.Model, Temperature: settings.Temperature}
	if settings.MaxOutputTokens != nil {
		most := int64(*settings.MaxOutputTokens)
		call.MaxTokens = &most
	}
	o := &observed{content: telemetry.Content(ctx), start: time.Now()}
	if o.content {
		call.System, call.Messages = r.Request.System, r.Request.Messages
		for i := range r.Request.Tools {
			call.Tools = append(call.Tools, r.Request.Tools[i].Name)
		}
	}
	ctx, o.ended = telemetry.StartModel(ctx, call)
	return ctx, o
}

// begun notes that something of the answer has come.
func (o *observed) begun() {
	if o != nil && o.firstToken == 0 {
		o.firstToken = max(time.Since(o.start), 1)
	}
}

// end tells the observer what has come of the call.
func (o *observed) end(answer *step, err error) {
	if o == nil {
		return
	}
	result := telemetry.ModelResult{FirstToken: o.firstToken, Err: err}
	if finish := answer.finish; finish != nil {
		result.Provider, result.Model, result.FinishReason = finish.Model.Provider, finish.Model.Model, string(finish.Reason)
		if counted(finish.Usage) {
			var used usage
			used.add(finish)
			result.Usage = &used.total
		}
	}
	if o.content {
		result.Answer = answer.appendTo(nil)
	}
	if failed := (*agent.Error)(nil); err != nil && errors.As(ClientError(err), &failed) {
		result.Code = failed.Code
	}
	if errors.Is(err, errGone) {
		result.Err = context.Canceled
	}
	o.ended(result)
}

// observeTool tells the observer that a tool runs, if there is one. The function that it
// returns is told what came of it.
func observeTool(ctx context.Context, tool *agent.ServerTool, call *toolCall) (context.Context, func(json.RawMessage, error)) {
	if telemetry.From(ctx) == nil {
		return ctx, func(json.RawMessage, error) {}
	}
	content := telemetry.Content(ctx)
	told := telemetry.ToolCall{Name: tool.Name, ID: call.id}
	if content {
		told.Arguments = call.arguments.String()
	}
	ctx, ended := telemetry.StartTool(ctx, told)
	return ctx, func(answer json.RawMessage, err error) {
		result := telemetry.ToolResult{Err: err}
		if err == nil && isError(answer) {
			result.Err = telemetry.ErrToolResult
		}
		if content {
			result.Result = string(answer)
		}
		ended(result)
	}
}

// isError reports whether a result says that its tool failed, in the form that MCP has for
// it.
func isError(answer json.RawMessage) bool {
	var result struct {
		Content []json.RawMessage `json:"content"`
		IsError bool              `json:"isError"`
	}
	return bytes.Contains(answer, []byte(`"isError":true`)) && json.Unmarshal(answer, &result) == nil && result.IsError && result.Content != nil
}
