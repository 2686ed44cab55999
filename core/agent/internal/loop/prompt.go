package loop

import (
	"bytes"
	"encoding/json"
)

// HasState reports whether the state has anything in it.
func HasState(state json.RawMessage) bool {
	switch string(bytes.TrimSpace(state)) {
	case "", "null", "{}":
		return false
	}
	return compact(state) != "{}"
}

// Indent indents JSON, since models read it better that way. Large or very deeply
// nested JSON stays as it is: indented, it could have a thousand times its size.
func Indent(value json.RawMessage) string {
	const largest, deepest = 64 << 10, 50
	var b bytes.Buffer
	if len(value) > largest || depth(value) > deepest || json.Indent(&b, value, "", "  ") != nil {
		return string(value)
	}
	return b.String()
}

// depth returns how deeply the arrays and objects of JSON are nested.
func depth(value json.RawMessage) (deepest int) {
	open, inString := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			open++
			deepest = max(deepest, open)
		case c == '}' || c == ']':
			open--
		}
	}
	return deepest
}
