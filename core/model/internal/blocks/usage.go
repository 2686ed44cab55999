package blocks

import (
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Count is a number of tokens, if it is known.
type Count struct{ n *int64 }

// Set sets the count, unless n is nil or no count.
func (c *Count) Set(n *int64) {
	if n = transport.Count(n); n != nil {
		c.n = n
	}
}

// Usage is what an answer has used as providers of models of Anthropic count it: tokens
// that were read from the cache, or written to it, are not among the input.
type Usage struct {
	Input, Output, CacheRead, CacheWrite, Reasoning Count
}

// Total returns the usage as [model.Usage] and the reference have it: the input has all
// tokens of the prompt, whether they were cached or not.
func (u *Usage) Total() *model.Usage {
	total := &model.Usage{
		OutputTokens: u.Output.n, ReasoningTokens: u.Reasoning.n,
		CachedInputTokens: u.CacheRead.n, CacheWriteInputTokens: u.CacheWrite.n,
	}
	if u.Input.n != nil {
		total.InputTokens = sum(u.Input.n, u.CacheRead.n, u.CacheWrite.n)
		if u.Output.n != nil {
			total.TotalTokens = sum(total.InputTokens, u.Output.n)
		}
	}
	return total
}

func sum(counts ...*int64) *int64 {
	total := new(int64)
	for _, n := range counts {
		if n != nil {
			*total += *n
		}
	}
	return total
}
