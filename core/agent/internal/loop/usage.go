package loop

import (
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// usage sums up the tokens of the steps of a run.
type usage struct {
	total   agui.TokenUsage
	counted bool
}

func (u *usage) add(finish *model.Finish) {
	counts := finish.Usage
	if counts == nil {
		return
	}
	u.counted = true
	u.total.Provider, u.total.Model = finish.Model.Provider, finish.Model.Model
	sum(&u.total.InputTokens, counts.InputTokens)
	sum(&u.total.OutputTokens, counts.OutputTokens)
	sum(&u.total.TotalTokens, counts.TotalTokens)
	sum(&u.total.ReasoningTokens, counts.ReasoningTokens)
	sum(&u.total.CachedInputTokens, counts.CachedInputTokens)
	sum(&u.total.CacheWriteInputTokens, counts.CacheWriteInputTokens)
}

func sum(total **int64, more *int64) {
	if more == nil {
		return
	}
	if *total == nil {
		*total = new(int64)
	}
	**total += *more
}

// totals returns the sums, nil if the provider hasn't counted any tokens.
func (u *usage) totals() []agui.TokenUsage {
	if !u.counted {
		return nil
	}
	return []agui.TokenUsage{u.total}
}
