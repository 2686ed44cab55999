package responses

import (
	"strconv"
	"strings"
)

// reasons reports whether a name is one of a model that reasons: o3, gpt-5-mini,
// gpt-5.1-codex, but neither gpt-4o nor gpt-5-chat-latest. Deployments on Azure mostly
// have the model's name in theirs.
func reasons(name string) bool {
	name = strings.ToLower(name)
	if strings.Contains(name, "codex") {
		return true
	}
	words := strings.FieldsFunc(name, func(c rune) bool { return strings.ContainsRune("-_:/ ", c) })
	for i, word := range words {
		if len(word) >= 2 && word[0] == 'o' && isNumber(word[1:]) {
			return true
		}
		version, ok := strings.CutPrefix(word, "gpt")
		if !ok {
			continue
		}
		rest := words[i+1:]
		if version == "" && len(rest) > 0 { // gpt-5 rather than gpt5
			version, rest = rest[0], rest[1:]
		}
		version, _, _ = strings.Cut(version, ".")
		major, err := strconv.Atoi(version)
		return err == nil && major >= 5 && (len(rest) == 0 || rest[0] != "chat")
	}
	return false
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 8)
	return err == nil
}
