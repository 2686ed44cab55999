package blocks

// LeadingIndex returns the index at the beginning of a text, and how long it is there, 0
// if there is none.
func LeadingIndex(text []byte) (index, length int) {
	for length < len(text) && length < 9 && text[length] >= '0' && text[length] <= '9' {
		index = index*10 + int(text[length]-'0')
		length++
	}
	if length > 1 && text[0] == '0' {
		return 0, 0
	}
	return index, length
}

// StringEnd returns the length of the JSON string at the beginning of text, -1 if there
// is none, or one with control characters, which JSON doesn't have.
func StringEnd(text []byte) int {
	if len(text) == 0 || text[0] != '"' {
		return -1
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			i++
		case c < ' ':
			return -1
		}
	}
	return -1
}
