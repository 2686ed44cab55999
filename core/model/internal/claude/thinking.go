package claude

// InterleavedBeta lets models with a budget think between calls of tools. Later models
// do so without it.
const InterleavedBeta = "interleaved-thinking-2025-05-14"

// BindingBeta lets a request say what happens to thinking that isn't valid any more.
const BindingBeta = "thinking-binding-controls-2026-08-01"

// minBudget is the smallest budget that the API accepts.
const minBudget = 1024

// Thinking is how a request asks for thinking.
type Thinking struct {
	// Config is the field "thinking", nil for none.
	Config map[string]any
	// Effort is the field "effort" of "output_config", empty for none.
	Effort string
	// Betas are headers that the fields need.
	Betas []string
}

// Asked is what a request asks of a model's thinking.
type Asked struct {
	// Effort is that of the settings, see [model.Settings].
	Effort string
	// Forced is set if a tool must be called, which excludes thinking.
	Forced bool
	// Tools is set if there are tools.
	Tools bool
	// Unthought is set if the conversation ends with results of calls that no thinking
	// led to. Models with a budget then refuse to think.
	Unthought bool
}

// Think returns how to ask for thinking. Without an effort, models that think by
// themselves do, and others don't. Summaries of the thoughts are shown, which cost
// nothing.
func (m Model) Think(asked Asked) Thinking {
	off := asked.Effort == "none" || asked.Forced && m.TakesForcedTools()
	switch {
	case !m.Known():
		return Thinking{}
	case off && m.alwaysThinks():
		t := Thinking{Config: adaptive()}
		if asked.Effort == "none" {
			t.Effort = "low"
		}
		return t
	case off && m.thinks():
		return Thinking{Config: map[string]any{"type": "disabled"}}
	case off:
		return Thinking{}
	case m.adapts():
		if asked.Effort == "" && !m.thinks() {
			return Thinking{}
		}
		return Thinking{Config: adaptive(), Effort: m.effort(asked.Effort)}
	case asked.Effort == "" || !m.hasBudget() || asked.Unthought:
		return Thinking{}
	}
	t := Thinking{Config: map[string]any{"type": "enabled", "budget_tokens": m.budget(asked.Effort)}}
	if asked.Tools && m.since(4, 0) && m.Family != "haiku" {
		t.Betas = []string{InterleavedBeta}
	}
	return t
}

func adaptive() map[string]any {
	return map[string]any{"type": "adaptive", "display": "summarized"}
}

// effort converts an effort to one that the model has.
func (m Model) effort(effort string) string {
	switch {
	case effort == "minimal":
		return "low"
	case effort == "xhigh" && !m.since(4, 7):
		return "max"
	}
	return effort
}

// budget converts an effort to a budget: a share of the longest answer, as the
// reference has it.
func (m Model) budget(effort string) int {
	percent := map[string]int{"minimal": 2, "low": 10, "medium": 30, "high": 60, "xhigh": 90}[effort]
	if percent == 0 {
		percent = 30
	}
	return max(m.MaxTokens()*percent/100, minBudget)
}

// KeepValid has the API leave out thinking that isn't valid behind what precedes it
// now, such as other instructions than in an earlier run, in place of refusing all.
func (t *Thinking) KeepValid() {
	if t.Config["type"] == "disabled" {
		return
	}
	if t.Config == nil {
		t.Config = adaptive()
	}
	t.Config["block_binding"] = map[string]any{"prefix_mismatch_behavior": "drop_block"}
	t.Betas = append(t.Betas, BindingBeta)
}

// Active reports whether the model thinks.
func (t *Thinking) Active() bool {
	return t.Config["type"] == "enabled" || t.Config["type"] == "adaptive"
}

// Budget returns the budget of tokens, 0 for none.
func (t *Thinking) Budget() int {
	switch budget := t.Config["budget_tokens"].(type) {
	case int:
		return budget
	case float64: // from JSON
		return int(budget)
	}
	return 0
}

// Limit returns the limit of an answer's length, which includes the thinking, for an
// answer of that length, 0 for the longest.
func (m Model) Limit(answer, budget int) int {
	limit := answer
	if limit == 0 {
		limit = m.MaxTokens()
	}
	limit += budget
	if m.Known() { // as when a deployer changes to a model with shorter answers
		// An answer of at least one token follows the thoughts.
		limit = min(limit, max(m.MaxTokens(), budget+1))
	}
	return limit
}
