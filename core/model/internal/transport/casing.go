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
