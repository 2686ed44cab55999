package openai

import "github.com/copilotkit-go/runtime/core/agui"

// usage adds up the tokens of a run's steps.
type usage struct {
	total agui.TokenUsage
	any   bool
}

func (u *usage) add(m model, s *step) {
	if s.usage == nil {
		return
	}
	u.any = true
	u.total.Provider, u.total.Model = m.name()
	if s.model != "" {
		u.total.Model = s.model
	}
	sum(&u.total.InputTokens, s.usage.PromptTokens)
	sum(&u.total.OutputTokens, s.usage.CompletionTokens)
	sum(&u.total.TotalTokens, s.usage.TotalTokens)
	if details := s.usage.PromptTokensDetails; details != nil {
		sum(&u.total.CachedInputTokens, details.CachedTokens)
	}
	if details := s.usage.CompletionTokensDetails; details != nil {
		sum(&u.total.ReasoningTokens, details.ReasoningTokens)
	}
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

// totals gives what was counted, nil when the provider counted nothing.
func (u *usage) totals() []agui.TokenUsage {
	if !u.any {
		return nil
	}
	return []agui.TokenUsage{u.total}
}
