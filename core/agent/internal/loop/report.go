package loop

import (
	"context"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// report reports what a call of the model has used: what the provider has counted, or
// an estimate where it hasn't, as when the call was stopped before its end. A call that
// failed without an answer has used nothing.
func (r *Run) report(ctx context.Context, answer *step) {
	if !agent.WantsUsage(ctx) {
		return
	}
	if finish := answer.finish; finish != nil && counted(finish.Usage) {
		var used usage
		used.add(finish)
		agent.ReportUsage(ctx, agent.Usage{TokenUsage: used.total})
		return
	}
	if answer.finish == nil && answer.size == 0 && ctx.Err() == nil && !answer.out.gone {
		agent.ReportUsage(ctx, agent.Usage{})
		return
	}
	input, output := r.estimateRequest(), agent.EstimateTokens(int64(answer.size))
	estimate := agent.Usage{Estimated: true, TokenUsage: agui.TokenUsage{InputTokens: &input, OutputTokens: &output}}
	if answer.finish != nil {
		estimate.Provider, estimate.Model = answer.finish.Model.Provider, answer.finish.Model.Model
	}
	agent.ReportUsage(ctx, estimate)
}

// counted reports whether the provider has counted tokens.
func counted(usage *model.Usage) bool {
	return usage != nil && (usage.InputTokens != nil || usage.OutputTokens != nil || usage.TotalTokens != nil)
}

// estimateRequest returns about how many tokens the request has.
func (r *Run) estimateRequest() int64 {
	bytes := 0
	for _, text := range r.Request.System {
		bytes += len(text)
	}
	for i := range r.Request.Tools {
		tool := &r.Request.Tools[i]
		bytes += len(tool.Name) + len(tool.Description) + len(tool.Parameters)
	}
	return agent.EstimateTokens(int64(bytes)) + agent.EstimateMessages(r.Request.Messages)
}
