package a2ui

import "github.com/copilotkit-go/runtime/core/internal/jsonscan"

// walker follows JSON text as it comes, byte by byte, and tells where the members of
// its outermost object are. It only follows structure: whoever uses a value checks it.
// The zero value stands before the text.
type walker struct {
	// stack has the brackets that are open.
	stack             []byte
	inString, escaped bool
	// at is the place in the outermost object, key the name of its member as written.
	at  place
	key []byte
}

// place is where in the outermost object a walker is.
type place uint8

const (
	elsewhere place = iota
	beforeName
	inName
	afterName
	beforeValue
	inValue
)

// mark is what a byte means.
type mark uint8

const (
	nothing mark = iota
	// beginsValue: it is the first of a member's value.
	beginsValue
	// endsValue: it is the last of a member's value that is a string, an array or an
	// object.
	endsValue
	// endsItem: it is the last of an object in an array that is a member's value.
	endsItem
	// breaks: it can't come here, and nothing after it has a meaning.
	breaks
	// nests: it opens more than maxDepth levels.
	nests
)

// maxName is how many bytes of a member's name are read: no longer name is sought.
const maxName = 1 << 10

// next takes the next byte.
func (w *walker) next(b byte) mark {
	outermost := len(w.stack) == 1
	if w.inString {
		return w.nextOfString(b, outermost)
	}
	meaning := nothing
	if outermost && w.at == beforeValue && b != ' ' && b != '\n' && b != '\r' && b != '\t' {
		w.at, meaning = inValue, beginsValue
	}
	switch b {
	case '"':
		w.inString = true
		if outermost && w.at == beforeName {
			w.at, w.key = inName, w.key[:0]
		}
	case '{', '[':
		if len(w.stack) == maxDepth {
			return nests
		}
		w.stack = append(w.stack, b)
		if len(w.stack) == 1 {
			w.at = elsewhere
			if b == '{' {
				w.at = beforeName
			}
		}
	case '}', ']':
		return w.close(b)
	case ':':
		if outermost && w.at == afterName {
			w.at = beforeValue
		}
	case ',':
		if outermost && w.at != elsewhere {
			w.at = beforeName
		}
	}
	return meaning
}

func (w *walker) nextOfString(b byte, outermost bool) mark {
	switch {
	case w.escaped:
		w.escaped = false
	case b == '\\':
		w.escaped = true
	case b == '"':
		w.inString = false
		switch {
		case outermost && w.at == inName:
			w.at = afterName
		case outermost && w.at == inValue:
			return endsValue
		}
		return nothing
	}
	if outermost && w.at == inName && len(w.key) <= maxName {
		w.key = append(w.key, b)
	}
	return nothing
}

// close takes a closing bracket.
func (w *walker) close(b byte) mark {
	last := len(w.stack) - 1
	if last < 0 || w.stack[last] != b-2 { // '{' is two before '}', as '[' is before ']'
		return breaks
	}
	w.stack = w.stack[:last]
	switch {
	case last == 1 && w.at == inValue:
		return endsValue
	case last == 2 && b == '}' && w.stack[1] == '[':
		return endsItem
	}
	return nothing
}

// named reports whether the current member has that name.
func (w *walker) named(name string) bool {
	if len(w.key) > maxName {
		return false
	}
	if string(w.key) == name {
		return true
	}
	quoted := append(append(append(make([]byte, 0, len(w.key)+2), '"'), w.key...), '"')
	text, err := jsonscan.Check(quoted)
	return err == nil && string(jsonscan.Text(text)) == name
}
