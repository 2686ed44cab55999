// Package claude knows what the models of Anthropic accept, by their names, on any
// platform that serves them.
//
// Source: https://platform.claude.com/docs/en/about-claude/models/overview
package claude

import (
	"regexp"
	"strconv"
	"sync"
)

// Model is a model of Anthropic. The zero value is a model of anybody else.
type Model struct {
	// Family is "opus", "sonnet", "haiku" or the name of a family that came later,
	// empty for a model of anybody else.
	Family string
	// Major and Minor are the version, such as 4 and 5. A name without a version is
	// taken for one of the newest.
	Major, Minor int
}

// The forms of names, compiled when the first model is made.
var (
	// named has the family before the version, as names have it since Claude 4, such as
	// claude-sonnet-4-5-20250929 and anthropic.claude-opus-4-6-v1.
	named = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`claude-([a-z]+)(?:-(\d{1,2})(?:[-.](\d{1,2}))?(?:[^0-9]|$))?`)
	})
	// numbered has the version before the family, such as claude-3-7-sonnet-20250219.
	numbered = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`claude-(\d)(?:[-.](\d))?-([a-z]+)`) })
	// ancient are the models before Claude 3.
	ancient = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`claude-(?:instant|v?[12])(?:[^0-9]|$)`) })
)

// Parse returns the model that a name, or an address of a model of Amazon Bedrock, is
// of.
func Parse(name string) Model {
	if ancient().MatchString(name) {
		return Model{Family: "claude", Major: 2}
	}
	if found := numbered().FindStringSubmatch(name); found != nil {
		return Model{Family: found[3], Major: number(found[1]), Minor: number(found[2])}
	}
	found := named().FindStringSubmatch(name)
	switch {
	case found == nil:
		return Model{}
	case found[2] == "":
		return Model{Family: found[1], Major: 99}
	}
	return Model{Family: found[1], Major: number(found[2]), Minor: number(found[3])}
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // one or two digits, or none
	return n
}

// Known reports whether the model is one of Anthropic's.
func (m Model) Known() bool { return m.Family != "" }

// since reports whether the model is of a version or a later one.
func (m Model) since(major, minor int) bool {
	return m.Known() && (m.Major > major || m.Major == major && m.Minor >= minor)
}

// MaxTokens returns how long an answer of the model can be.
func (m Model) MaxTokens() int {
	switch {
	case m.since(4, 6):
		return 128_000
	case m.since(4, 5), m.since(4, 0) && m.Family == "sonnet", m.since(3, 7) && m.Major == 3:
		return 64_000
	case m.since(4, 0):
		return 32_000
	case m.since(3, 5):
		return 8192
	}
	return 4096
}

// Caches reports whether the model keeps prompts that are marked on Amazon Bedrock,
// which refuses marks for models that don't.
func (m Model) Caches() bool { return m.since(3, 7) || m.since(3, 5) && m.Family == "haiku" }

// TakesPrefill reports whether a conversation may end with the assistant's words.
func (m Model) TakesPrefill() bool { return !m.since(4, 6) }

// TakesSampling reports whether the model has a temperature, top_p and top_k.
func (m Model) TakesSampling() bool { return !m.since(4, 7) }

// TakesForcedTools reports whether the model can be made to call a tool.
func (m Model) TakesForcedTools() bool { return !m.since(5, 1) }

// BindsThinking reports whether thinking is valid only behind the very words that led to
// it. The API refuses a request with other thinking, unless it is told to leave that out.
func (m Model) BindsThinking() bool { return m.since(5, 1) }

// adapts reports whether the model decides itself how much it thinks.
func (m Model) adapts() bool { return m.since(4, 6) }

// thinks reports whether the model thinks unless it is told not to.
func (m Model) thinks() bool { return m.since(5, 0) }

// alwaysThinks reports whether the model can't be told not to think.
func (m Model) alwaysThinks() bool {
	switch m.Family {
	case "opus", "sonnet":
		return m.since(5, 1)
	case "haiku":
		return false
	}
	return m.since(5, 0)
}

// hasBudget reports whether the model thinks within a budget of tokens.
func (m Model) hasBudget() bool { return m.since(3, 7) && !m.adapts() }
