package claude_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/model/internal/claude"
)

func TestAModelsNameTellsWhatItIs(t *testing.T) {
	for name, want := range map[string]claude.Model{
		"claude-sonnet-4-5-20250929":                   {Family: "sonnet", Major: 4, Minor: 5},
		"claude-sonnet-4-20250514":                     {Family: "sonnet", Major: 4},
		"claude-opus-4-1":                              {Family: "opus", Major: 4, Minor: 1},
		"claude-opus-5":                                {Family: "opus", Major: 5},
		"claude-fable-5-1":                             {Family: "fable", Major: 5, Minor: 1},
		"claude-3-7-sonnet-20250219":                   {Family: "sonnet", Major: 3, Minor: 7},
		"claude-3-opus-20240229":                       {Family: "opus", Major: 3},
		"anthropic/claude-3.5-haiku":                   {Family: "haiku", Major: 3, Minor: 5},
		"claude-opus-latest":                           {Family: "opus", Major: 99},
		"claude-2.1":                                   {Family: "claude", Major: 2},
		"anthropic.claude-v2:1":                        {Family: "claude", Major: 2},
		"anthropic.claude-instant-v1":                  {Family: "claude", Major: 2},
		"us.anthropic.claude-sonnet-4-5-20250929-v1:0": {Family: "sonnet", Major: 4, Minor: 5},
		"anthropic.claude-opus-4-6-v1":                 {Family: "opus", Major: 4, Minor: 6},
		"anthropic.claude-3-haiku-20240307-v1:0":       {Family: "haiku", Major: 3},
		"arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-haiku-4-5-20251001-v1:0": {Family: "haiku", Major: 4, Minor: 5},
		"arn:aws:bedrock:us-east-1:1:application-inference-profile/abc":                                 {},
		"amazon.nova-lite-v1:0": {},
		"glm-5":                 {},
		"":                      {},
	} {
		if got := claude.Parse(name); got != want {
			t.Errorf("%s is %+v", name, got)
		}
	}
}

func TestWhatModelsTake(t *testing.T) {
	for name, want := range map[string]struct {
		limit                                    int
		caches, prefill, sampling, forced, binds bool
	}{
		"claude-opus-5-5":            {128_000, true, false, false, false, true},
		"claude-fable-5":             {128_000, true, false, false, true, false},
		"claude-opus-4-8":            {128_000, true, false, false, true, false},
		"claude-sonnet-4-6":          {128_000, true, false, true, true, false},
		"claude-haiku-4-5":           {64_000, true, true, true, true, false},
		"claude-sonnet-4-20250514":   {64_000, true, true, true, true, false},
		"claude-opus-4-1":            {32_000, true, true, true, true, false},
		"claude-3-7-sonnet-20250219": {64_000, true, true, true, true, false},
		"claude-3-5-haiku-20241022":  {8192, true, true, true, true, false},
		"claude-3-5-sonnet-20240620": {8192, false, true, true, true, false},
		"claude-3-haiku-20240307":    {4096, false, true, true, true, false},
		"somebody-elses":             {4096, false, true, true, true, false},
	} {
		m := claude.Parse(name)
		if m.MaxTokens() != want.limit || m.Caches() != want.caches || m.TakesPrefill() != want.prefill ||
			m.TakesSampling() != want.sampling || m.TakesForcedTools() != want.forced || m.BindsThinking() != want.binds {
			t.Errorf("%s: %d, caches %v, prefill %v, sampling %v, forced tools %v, binds %v", name,
				m.MaxTokens(), m.Caches(), m.TakesPrefill(), m.TakesSampling(), m.TakesForcedTools(), m.BindsThinking())
		}
	}
}

func TestABudgetLeavesRoomForAnAnswer(t *testing.T) {
	m := claude.Parse("claude-opus-4-1")
	for name, test := range map[string]struct{ answer, budget, want int }{
		"none":                          {0, 0, 32_000},
		"the answer alone":              {100, 0, 100},
		"both":                          {100, 1024, 1124},
		"more than the model can write": {30_000, 19_200, 32_000},
		"a budget that is too large":    {0, 40_000, 40_001},
		"an answer that is too long":    {64_000, 0, 32_000},
	} {
		if got := m.Limit(test.answer, test.budget); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
