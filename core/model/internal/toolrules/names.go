package toolrules

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
)

// NameRule says which names a provider takes: ASCII letters, digits, underscores and
// Signs.
type NameRule struct {
	// Max is the length of the longest name. If zero, any name is taken, and the
	// other fields have no effect.
	Max int
	// Signs are the other characters that names may have.
	Signs string
	// LetterFirst demands a letter or an underscore at the beginning.
	LetterFirst bool
}

// takes reports whether the provider takes a name.
func (r *NameRule) takes(name string) bool {
	if r.Max == 0 {
		return true
	}
	if name == "" || len(name) > r.Max || r.LetterFirst && !beginsName(name[0]) {
		return false
	}
	for i := range len(name) {
		if !r.has(rune(name[i])) {
			return false
		}
	}
	return true
}

// has reports whether names may have a character.
func (r *NameRule) has(c rune) bool {
	return c < 0x80 && (beginsName(byte(c)) || '0' <= c && c <= '9' || strings.ContainsRune(r.Signs, c))
}

func beginsName(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
}

// translateNames returns the translation of a request's names, nil if all are taken as
// they are. Tools come before calls of tools that the request doesn't have, and the
// latter are in the order of the conversation, so that what is added to it changes no
// translation.
func (r *Rules) translateNames(request *model.Request) *Names {
	if r.Names.Max == 0 {
		return nil
	}
	var refused []string
	seen := map[string]bool{}
	add := func(name string) {
		if name != "" && !r.Names.takes(name) && !seen[name] {
			seen[name] = true
			refused = append(refused, name)
		}
	}
	for i := range request.Tools {
		add(request.Tools[i].Name)
	}
	slices.Sort(refused)
	add(request.Settings.ToolChoice.Tool)
	for i := range request.Messages {
		for _, call := range request.Messages[i].ToolCalls {
			add(call.Name)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	taken := make(map[string]bool, len(request.Tools))
	for i := range request.Tools {
		taken[request.Tools[i].Name] = true
	}
	for i := range request.Messages {
		for _, call := range request.Messages[i].ToolCalls {
			taken[call.Name] = true
		}
	}
	names := &Names{make(map[string]string, len(refused)), make(map[string]string, len(refused))}
	for _, name := range refused {
		sent := r.Names.translate(name, taken)
		taken[sent] = true
		names.sent[name], names.original[sent] = sent, name
	}
	return names
}

// hashLength is how much of a name's hash makes a translation unique, in characters.
const hashLength = 8

// translate returns a name that the provider takes, with an underscore for each
// character that it doesn't. If that is too long, taken, or says nothing any more, it
// ends with a hash of the name.
func (r *NameRule) translate(name string, taken map[string]bool) string {
	replaced := strings.Map(func(c rune) rune {
		if r.has(c) {
			return c
		}
		return '_'
	}, name)
	if r.LetterFirst && !beginsName(replaced[0]) {
		replaced = "_" + replaced
	}
	if len(replaced) <= r.Max && !taken[replaced] && strings.Trim(replaced, "_"+r.Signs) != "" {
		return replaced
	}
	replaced = strings.TrimRight(replaced[:min(len(replaced), r.Max-hashLength-1)], "_")
	if replaced == "" {
		replaced = "tool"
	}
	for n := 0; ; n++ {
		text := name
		if n > 0 {
			text += "\x00" + strconv.Itoa(n)
		}
		hash := sha256.Sum256([]byte(text))
		if sent := replaced + "_" + hex.EncodeToString(hash[:])[:hashLength]; !taken[sent] {
			return sent
		}
	}
}
