// Package spending counts the tokens that a run spends, whoever reports them and
// however the run ends.
package spending

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// Count is what one run spends. It is safe for concurrent use. A nil one counts
// nothing.
type Count struct {
	// input is the run's, for an estimate; nil if none is to be made.
	input []agui.Message
	// output is how many bytes the run's deltas have.
	output atomic.Int64

	mu sync.Mutex
	// reported is what calls of models have reported, and finished what the terminal
	// event says; it counts if nothing was reported.
	reported, finished       store.Tokens
	hasReported, hasFinished bool
	// calls is how many calls of models have been reported, models what they were of.
	calls  int
	models []string
}

// New returns a count. With estimates, a run for which nobody reports any tokens is
// counted by its bytes, those of input and of its events.
func New(input []agui.Message, estimates bool) *Count {
	c := &Count{}
	if estimates {
		c.input = input
		if input == nil {
			c.input = []agui.Message{}
		}
	}
	return c
}

// Report counts what a call of a model has used: see [agent.WithUsage].
func (c *Count) Report(usage agent.Usage) {
	tokens := tokensOf(&usage.TokenUsage)
	if usage.Estimated {
		tokens.Estimated = tokens.Input + tokens.Output
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hasReported = true
	c.reported = sum(c.reported, tokens)
	c.calls++
	c.name(&usage.TokenUsage)
}

// What is kept of the models' names, which a remote agent may make up.
const (
	maxModels     = 8
	maxModelBytes = 128
)

// name keeps the name of a model that was asked. The caller holds mu.
func (c *Count) name(usage *agui.TokenUsage) {
	name := usage.Model
	if usage.Provider != "" && name != "" {
		name = usage.Provider + "/" + name
	}
	if name == "" || len(name) > maxModelBytes || len(c.models) == maxModels || slices.Contains(c.models, name) {
		return
	}
	c.models = append(c.models, name)
}

// Models returns how many calls of models have been reported, and the names of the
// models, as far as they are known: the first eight.
func (c *Count) Models() (calls int, names []string) {
	if c == nil {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls, slices.Clone(c.models)
}

// Observe counts an event of the run.
func (c *Count) Observe(event agui.Encoded) {
	if c == nil {
		return
	}
	switch event.EventType() {
	case agui.EventTypeTextMessageContent, agui.EventTypeReasoningMessageContent, agui.EventTypeToolCallArgs:
		if c.input == nil {
			return
		}
		if delta, ok := event.Field("delta"); ok {
			c.output.Add(int64(len(delta) - len(`""`)))
		}
	case agui.EventTypeRunFinished, agui.EventTypeRunError:
		if _, ok := event.Field("usage"); ok {
			c.finish(event)
		}
	}
}

// finish counts the usage that a terminal event has.
func (c *Count) finish(event agui.Encoded) {
	decoded, err := event.Decode()
	if err != nil {
		return
	}
	var all []agui.TokenUsage
	switch terminal := decoded.(type) {
	case agui.RunFinishedEvent:
		all = terminal.Usage
	case agui.RunErrorEvent:
		all = terminal.Usage
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range all {
		if !c.hasReported {
			c.name(&all[i])
		}
		if all[i].InputTokens == nil && all[i].OutputTokens == nil && all[i].TotalTokens == nil {
			continue // it names a model, and counts nothing
		}
		c.hasFinished = true
		c.finished = sum(c.finished, tokensOf(&all[i]))
	}
}

// HasReport reports whether anybody has reported what was spent.
func (c *Count) HasReport() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hasReported
}

// Reported returns what calls of models that have ended have reported until now.
func (c *Count) Reported() store.Tokens {
	if c == nil {
		return store.Tokens{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reported
}

// Tokens returns what was spent when the run has ended.
func (c *Count) Tokens() store.Tokens {
	if c == nil {
		return store.Tokens{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.hasReported:
		return c.reported
	case c.hasFinished:
		return c.finished
	case c.input != nil:
		tokens := store.Tokens{Input: agent.EstimateMessages(c.input), Output: agent.EstimateTokens(c.output.Load())}
		tokens.Estimated = tokens.Input + tokens.Output
		return tokens
	}
	return store.Tokens{}
}

// maxTokens bounds what one report can count, and maxRunTokens all those of a run, so
// that no sum overflows whatever a remote agent says.
const (
	maxTokens    = 1_000_000_000_000
	maxRunTokens = 10 * maxTokens
)

// sum adds the tokens of a report to those of a run.
func sum(run, report store.Tokens) store.Tokens {
	run = run.Plus(report)
	return store.Tokens{
		Input:     min(run.Input, maxRunTokens),
		Output:    min(run.Output, maxRunTokens),
		Estimated: min(run.Estimated, 2*maxRunTokens),
	}
}

// tokensOf returns the counts of a usage. Where only the total is known it counts as
// input, so that the sum is right.
func tokensOf(usage *agui.TokenUsage) store.Tokens {
	tokens := store.Tokens{Input: amount(usage.InputTokens), Output: amount(usage.OutputTokens)}
	if rest := amount(usage.TotalTokens) - tokens.Input - tokens.Output; rest > 0 {
		if usage.OutputTokens == nil && usage.InputTokens != nil {
			tokens.Output = rest
		} else if usage.InputTokens == nil {
			tokens.Input = rest
		}
	}
	return tokens
}

func amount(count *int64) int64 {
	if count == nil {
		return 0
	}
	return min(max(*count, 0), maxTokens)
}
