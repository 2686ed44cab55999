package transport

import (
	"strings"
	"unicode"
)

// SnakeCase converts a name such as reasoningEffort to reasoning_effort.
func SnakeCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Set sets a field of a body, unless the value is nil.
func Set[T any](body map[string]any, name string, value *T) {
	if value != nil {
		body[name] = *value
	}
}
