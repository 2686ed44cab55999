// Package gpt is what OpenAI's two protocols share: what its models accept, by their
// names, and how the content of messages is converted.
//
// Source: https://platform.openai.com/docs/guides/reasoning
package gpt

import (
	"strconv"
	"strings"
)

// Model is a model of OpenAI. The zero value is one that nothing is known of.
type Model struct {
	kind         kind
	major, minor int
	// words are those of the name.
	words []string
}

type kind uint8

const (
	unknown kind = iota
	plain        // doesn't reason, such as gpt-4o
	oSeries
	gpt5 // or later
)

// Parse returns the model that a name is of, such as o3 and gpt-5-mini. Deployments on
// Azure mostly have the model's name in theirs.
func Parse(name string) Model {
	words := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return strings.ContainsRune("-_:/ ", c) })
	m := Model{words: words}
	for i, word := range words {
		if len(word) >= 2 && word[0] == 'o' && isNumber(word[1:]) {
			m.kind = oSeries
			return m
		}
		version, ok := strings.CutPrefix(strings.TrimPrefix(word, "chat"), "gpt")
		if !ok {
			continue
		}
		rest := words[i+1:]
		if version == "" && len(rest) > 0 { // gpt-5 rather than gpt5
			version, rest = rest[0], rest[1:]
		}
		return m.versioned(version, len(rest) > 0 && rest[0] == "chat")
	}
	if m.has("codex") {
		m.kind, m.major = gpt5, 5
	}
	return m
}

// versioned returns the model with a version, such as 4o, 5 and 5.1.
func (m Model) versioned(version string, chat bool) Model {
	major, minor, hasMinor := strings.Cut(strings.TrimSuffix(version, "o"), ".")
	var err error
	if m.major, err = strconv.Atoi(major); err != nil {
		return m // gpt-oss
	}
	m.minor, _ = strconv.Atoi(minor)
	m.kind = gpt5
	if m.major < 5 || m.major == 35 || chat && !hasMinor { // Azure has no dots: gpt-35-turbo
		m.kind = plain
	}
	return m
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 8)
	return err == nil
}

func (m Model) has(word string) bool {
	for _, w := range m.words {
		if w == word {
			return true
		}
	}
	return false
}

func (m Model) since(minor int) bool { return m.major > 5 || m.minor >= minor }

// Reasons reports whether the model is known to reason.
func (m Model) Reasons() bool { return m.kind == oSeries || m.kind == gpt5 }

// Effort converts an effort of [model.Settings] to one that the model has, empty for
// none. It stays as it is if nothing is known of the model.
func (m Model) Effort(effort string) string {
	switch m.kind {
	case unknown:
		return effort
	case plain:
		return ""
	}
	lowest, none, highest := "low", m.kind == gpt5 && m.since(1) && !m.has("codex"), m.has("max") || m.kind == gpt5 && m.since(2)
	if m.kind == gpt5 && !m.since(1) && !m.has("codex") {
		lowest = "minimal"
	}
	switch {
	case effort == "" || effort == "none" && none || effort == "xhigh" && highest:
		return effort
	case m.has("pro") && !m.since(2): // which has no other
		return "high"
	case effort == "none" || effort == "minimal":
		return lowest
	case effort == "xhigh":
		return "high"
	}
	return effort
}

// TakesSampling reports whether the model has a temperature and top_p at an effort.
func (m Model) TakesSampling(effort string) bool {
	return !m.Reasons() || m.kind == gpt5 && m.since(1) && effort == "none"
}
