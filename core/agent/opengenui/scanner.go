package opengenui

// scanner reads JSON that comes in parts, cut anywhere, and each byte once. It keeps the
// member of the outermost object that it is in, and of that the value as far as it is
// wanted. Whatever is no JSON it skips, and goes on as well as it can.
type scanner struct {
	state scanState
	// stack are the objects and arrays that are open, '{' or '['; objects counts the
	// former.
	stack   []byte
	objects int
	// key is the member of the outermost object; list the length of the stack inside of
	// the list that is its value, 0 outside of one.
	key  string
	list int
	// opening is set from the beginning of a list to what follows it, when the list is
	// shown, as the reference does.
	opening bool

	// gathered is the text of a key or a wanted value, text says that it is a string.
	// gathers is set while there is a value that is to be shown.
	gathered []byte
	gathers  bool
	text     bool
	kind     valueKind

	// literal is what is left of true, false or null.
	literal string
	// escaped counts the bytes of an escape in a string so far, code is the value of its
	// digits, high the first half of a surrogate pair that waits for the other.
	escaped    int
	code, high rune

	// broken says that something was no JSON; given up, that nothing more is read.
	broken, givenUp bool
}

type scanState int

const (
	// beforeRoot skips what is before the arguments.
	beforeRoot scanState = iota
	beforeValue
	beforeKey
	inKey
	afterKey
	inString
	inNumber
	inLiteral
	afterValue
)

type valueKind int

const (
	kindString valueKind = iota
	kindNumber
	kindBool
	kindNull
)

const (
	// maxNesting is how deep the arguments may nest, and maxValue how long one may be in
	// bytes. What goes beyond isn't read to its end.
	maxNesting = 512
	maxValue   = 8 << 20
	// maxKey is more than the length of any key that is looked for.
	maxKey = 32
)

// scan reads the next part. It calls p's value, openList and closeList for what is to be
// shown.
func (s *scanner) scan(part string, p *page) {
	for i := 0; i < len(part) && !s.givenUp; {
		c := part[i]
		switch s.state {
		case inString, inKey:
			i += s.scanString(part[i:])
			continue
		case inNumber:
			if isNumberByte(c) {
				s.gather(part[i : i+1])
				break
			}
			s.endValue(p)
			continue
		case inLiteral:
			if c == s.literal[0] {
				if s.literal = s.literal[1:]; s.literal == "" {
					s.endValue(p)
				}
				break
			}
			s.broken, s.gathers, s.state = true, false, afterValue
			continue
		default:
			if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
				s.scanBetween(c, p)
			}
		}
		i++
	}
}

// scanBetween reads a byte that is in no string, number or literal.
func (s *scanner) scanBetween(c byte, p *page) {
	switch s.state {
	case beforeRoot:
		if c == '{' || c == '[' {
			s.open(c, p)
		} else {
			s.broken = true
		}
	case beforeKey:
		switch c {
		case '"':
			s.gathered, s.state = s.gathered[:0], inKey
		case '}':
			s.close(c, p)
		default:
			s.broken = true
		}
	case afterKey:
		switch c {
		case ':':
			s.state = beforeValue
		case ',', '}':
			s.broken = true
			s.after(c, p)
		default:
			s.broken = true
		}
	case beforeValue:
		s.beginValue(c, p)
	default: // afterValue
		s.after(c, p)
	}
}

// after reads what follows a value.
func (s *scanner) after(c byte, p *page) {
	s.deliver(p)
	switch {
	case c == '}' || c == ']':
		s.close(c, p)
	case c == ',' && s.inObject():
		s.state = beforeKey
	case c == ',':
		s.state = beforeValue
	case c == '"' && s.inObject(): // a comma is missing
		s.broken = true
		s.gathered, s.state = s.gathered[:0], inKey
	default:
		s.broken = true
	}
}

func (s *scanner) beginValue(c byte, p *page) {
	if s.opening {
		s.opening = false
		p.openList()
	}
	switch {
	case c == '{' || c == '[':
		s.open(c, p)
		return
	case c == '"':
		s.state, s.kind = inString, kindString
	case c == '-' || c >= '0' && c <= '9':
		s.state, s.kind = inNumber, kindNumber
	case c == 't':
		s.state, s.kind, s.literal = inLiteral, kindBool, "rue"
	case c == 'f':
		s.state, s.kind, s.literal = inLiteral, kindBool, "alse"
	case c == 'n':
		s.state, s.kind, s.literal = inLiteral, kindNull, "ull"
	case c == ',' || c == '}' || c == ']':
		// An array may end before its first value; any other is missing.
		s.broken = s.broken || c != ']'
		s.state = afterValue
		s.after(c, p)
		return
	default:
		s.broken = true
		return
	}
	s.text = s.kind == kindString
	s.gathered = s.gathered[:0]
	s.gathers = s.list > 0 && s.list == len(s.stack) || s.isMember() && p.wants(s.key)
	switch s.kind {
	case kindNumber:
		s.gather(string(rune(c)))
	case kindBool, kindNull:
		s.gather(string(rune(c)) + s.literal)
	}
}

// endValue ends a value that isn't a string: it is whole at its last byte, or before the
// next. A string is shown when what follows it is there, as the reference does.
func (s *scanner) endValue(p *page) {
	s.state = afterValue
	s.deliver(p)
}

// deliver shows the value that has ended, if it is to be shown.
func (s *scanner) deliver(p *page) {
	if s.gathers {
		s.gathers = false
		p.value()
	}
}

func (s *scanner) open(c byte, p *page) {
	if len(s.stack) == maxNesting {
		s.giveUp()
		return
	}
	opensList := c == '[' && s.isMember() && isList(s.key)
	s.stack = append(s.stack, c)
	if c == '{' {
		s.objects++
		s.state = beforeKey
		return
	}
	s.state = beforeValue
	if opensList {
		s.list, s.opening = len(s.stack), true
	}
}

func (s *scanner) close(c byte, p *page) {
	depth := len(s.stack)
	s.state = afterValue
	if depth == 0 || (c == '}') != (s.stack[depth-1] == '{') {
		s.broken = true
		return
	}
	if s.list == depth {
		s.list = 0
		p.closeList()
	}
	if s.stack = s.stack[:depth-1]; c == '}' {
		s.objects--
	}
	if depth == 1 {
		s.state = beforeRoot
	}
}

func (s *scanner) inObject() bool { return len(s.stack) > 0 && s.stack[len(s.stack)-1] == '{' }

// isMember reports whether what begins here is the value of a member of the outermost
// object.
func (s *scanner) isMember() bool { return s.objects == 1 && s.inObject() }

// streams reports whether the value is html, which is shown as it grows.
func (s *scanner) streams() bool { return s.gathers && s.text && s.list == 0 && s.key == argHTML }

// gather keeps text of a key or a wanted value.
func (s *scanner) gather(text string) {
	switch {
	case s.state == inKey:
		// Of a longer key no more is kept than tells that it is longer.
		s.gathered = append(s.gathered, text[:min(len(text), maxKey-min(len(s.gathered), maxKey))]...)
	case !s.gathers:
	case len(s.gathered)+len(text) > maxValue && !s.streams():
		s.giveUp()
	default:
		s.gathered = append(s.gathered, text...)
	}
}

func (s *scanner) giveUp() {
	s.broken, s.givenUp = true, true
	s.gathered, s.gathers = nil, false
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}
