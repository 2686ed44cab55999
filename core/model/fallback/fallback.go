// Package fallback is a model that asks another one when the first can't answer.
//
//	m, err := fallback.New(fallback.Config{Candidates: []fallback.Candidate{
//		{Name: "openai-responses/gpt-5", Model: model.WithTimeouts(first, model.Timeouts{FirstToken: time.Minute})},
//		{Name: "anthropic/claude-sonnet-4-6", Model: second},
//	}})
//
// The next one is asked when one is down, overloaded, out of quota, unknown, too slow, or
// doesn't take the credentials, and when a conversation is too long for it: before
// anything of its answer has come, and never after that. An answer that a model declines
// to give, and a request that it doesn't accept, are errors.
package fallback

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
)

// Config describes a [Model]. Only Candidates must be set.
type Config struct {
	// Candidates are the models, in the order in which they are asked.
	Candidates []Candidate
	// Rest is how long a model that has failed is asked only if no other can answer, so
	// that not every run waits for it. If zero, defaults to 30 seconds.
	Rest time.Duration
	// Logger logs why another model is asked. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Candidate is a model of a [Config].
type Candidate struct {
	// Name is what the log calls it.
	Name  string
	Model model.Model
}

const defaultRest = 30 * time.Second

// Model asks the first candidate that can answer. It is safe for concurrent use.
type Model struct {
	candidates []*candidate
	rest       time.Duration
	logger     *slog.Logger
	mu         sync.Mutex
}

// candidate is a Candidate with what has become of it.
type candidate struct {
	Candidate
	// failed is since when a model rests, by the wall clock: the other one stands still while
	// a platform freezes the instance. It is zero if the last answer has begun. The model's
	// mutex guards it.
	failed time.Time
}

var _ model.Model = (*Model)(nil)

// New returns a model. It fails without candidates.
func New(config Config) (*Model, error) {
	m := &Model{rest: cmp.Or(config.Rest, defaultRest), logger: config.Logger}
	if m.logger == nil {
		m.logger = slog.Default()
	}
	for _, c := range config.Candidates {
		if c.Model == nil {
			return nil, errors.New("fallback: a candidate has no model")
		}
		m.candidates = append(m.candidates, &candidate{Candidate: c})
	}
	if len(m.candidates) == 0 {
		return nil, errors.New("fallback: no candidates")
	}
	return m, nil
}

// Name returns the name of the first candidate.
func (m *Model) Name() model.Name { return model.NameOf(m.candidates[0].Model) }

// Stream implements [model.Model]. If no model can answer, the error is that of the last
// one. A model isn't asked repeatedly while there is another, unless the request's
// settings say how often.
func (m *Model) Stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		once := *request
		if once.Settings.MaxRetries == nil {
			once.Settings.MaxRetries = new(int)
		}
		asked := make([]*candidate, 0, len(m.candidates))
		for c := m.next(asked); ; {
			asked = append(asked, c)
			if len(asked) == len(m.candidates) {
				m.ask(ctx, c, request, yield, nil)
				return
			}
			var failure error
			m.ask(ctx, c, &once, yield, func(err error) { failure = err })
			if failure == nil {
				return
			}
			next := m.next(asked)
			m.logger.WarnContext(ctx, "a model can't answer, the next one is asked", "model", c.Name, "next", next.Name, "error", failure)
			c = next
		}
	}
}

// ask yields the answer of a candidate. If it fails before its answer has begun, and
// another could answer, pass is called instead, unless it is nil.
func (m *Model) ask(ctx context.Context, c *candidate, request *model.Request, yield func(model.Delta, error) bool, pass func(error)) {
	begun := false
	for delta, err := range c.Model.Stream(ctx, request) {
		if err != nil {
			if !begun && ctx.Err() == nil {
				another, rest := judge(err)
				if rest {
					m.setFailed(c, time.Now().Round(0))
				}
				if another && pass != nil {
					pass(err)
					return
				}
			}
			yield(model.Delta{}, err)
			return
		}
		if !begun {
			begun = true
			m.setFailed(c, time.Time{})
		}
		if !yield(delta, nil) {
			return
		}
	}
}

// judge reports whether another model could answer after an error, and whether the one
// that failed would with another request too.
func judge(err error) (another, rest bool) {
	failed := (*model.Error)(nil)
	if !errors.As(err, &failed) {
		return true, true
	}
	switch failed.Code {
	case model.CodeProviderUnavailable, model.CodeRateLimited, model.CodeQuotaExceeded, model.CodeAuthFailed, model.CodeModelNotFound, model.CodeTimeout:
		return true, true
	case model.CodeContextLength, model.CodeRequestTooLarge:
		return true, false
	}
	return false, false
}

// next returns the first candidate that hasn't been asked and doesn't rest, or else the
// first that hasn't been asked, of which there is one. A candidate that has rested goes
// on resting for all other runs: one finds out whether it answers again.
func (m *Model) next(asked []*candidate) *candidate {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now().Round(0)
	var chosen *candidate
	for _, c := range m.candidates {
		if slices.Contains(asked, c) {
			continue
		}
		if now.Sub(c.failed).Abs() >= m.rest {
			if !c.failed.IsZero() {
				c.failed = now
			}
			return c
		}
		if chosen == nil {
			chosen = c
		}
	}
	return chosen
}

func (m *Model) setFailed(c *candidate, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.failed = at
}
