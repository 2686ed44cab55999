package a2ui

import (
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// arguments are those of a call that draws, as they come. Each byte is looked at once,
// and only the four members that matter are kept. Of several members with one name the
// first counts, since it may have been drawn. The zero value has none.
type arguments struct {
	walker                                 walker
	surfaceID, catalogID, components, data member
	// reading is the member that is being read, nil for none that matters.
	reading *member
	// ended is a string whose last byte was the last that has come.
	ended *member
	size  int
	// dataFirst is set if the data came before the components; broken when no more can
	// be understood.
	dataFirst, broken bool
}

// member is the value of a member, as it was written.
type member struct {
	text []byte
	// seen is set when it has begun, complete when it has ended.
	seen, complete bool
}

// add takes more of the arguments. It returns the limit that they exceed, if they do.
func (a *arguments) add(delta string) *problem {
	if a.size += len(delta); a.size > maxArguments {
		return tooMuch("arguments", "The arguments have more than %d bytes", maxArguments)
	}
	for i := 0; i < len(delta) && !a.broken; i++ {
		if a.ended != nil {
			a.ended.complete, a.ended = true, nil
		}
		b := delta[i]
		meaning := a.walker.next(b)
		switch meaning {
		case beginsValue:
			a.begin(b)
		case breaks:
			a.broken = true
			return nil
		case nests:
			return tooMuch("arguments", "The arguments nest deeper than %d levels", maxDepth)
		}
		if a.reading == nil {
			continue
		}
		a.reading.text = append(a.reading.text, b)
		if meaning == endsValue {
			if b == '"' {
				a.ended = a.reading
			} else {
				a.reading.complete = true
			}
			a.reading = nil
		} else if len(a.reading.text) > maxID && (a.reading == &a.surfaceID || a.reading == &a.catalogID) {
			return tooMuch("arguments", "An id has more than %d bytes", maxID)
		}
	}
	return nil
}

// begin begins the value of a member with its first byte.
func (a *arguments) begin(first byte) {
	for _, one := range []struct {
		name  string
		opens byte
		into  *member
	}{
		{"surfaceId", '"', &a.surfaceID}, {"catalogId", '"', &a.catalogID},
		{"components", '[', &a.components}, {"data", '{', &a.data},
	} {
		if one.into.seen || !a.walker.named(one.name) {
			continue
		}
		switch {
		case first == one.opens:
			one.into.seen, a.reading = true, one.into
			a.dataFirst = a.dataFirst || one.into == &a.components && a.data.seen
		case one.opens != '"':
			one.into.seen = true // and is no such thing
		}
		return
	}
}

// id returns the text of a string that is complete, "" for none.
func (m *member) id() string {
	if !m.complete {
		return ""
	}
	value, err := jsonscan.Check(m.text)
	if err != nil {
		return ""
	}
	return string(jsonscan.Text(value))
}

// items are those of the list in the data, which are drawn one by one as they come. Of
// the bytes of the data each is looked at once.
type items struct {
	walker walker
	key    string
	// read is how much of the data was looked at.
	read int
	// The items are at start, up to end; count counts those that are objects.
	start, end, count int
	// in is set while the list is being read, over when there is nothing more to find.
	in, over bool
}

// follow reads on in the data, and reports whether there are more items that are
// complete. A list whose items aren't JSON has no more.
func (i *items) follow(data []byte) (more bool) {
	if i.over {
		return false
	}
	before := i.end
	for ; i.read < len(data) && !i.over; i.read++ {
		b := data[i.read]
		switch i.walker.next(b) {
		case beginsValue:
			if i.walker.named(i.key) {
				i.in, i.over = b == '[', b != '['
				i.start, i.end = i.read+1, i.read+1
				before = i.end
			}
		case endsItem:
			if i.in {
				i.end = i.read + 1
				i.count++
			}
		case endsValue:
			i.over = i.in
		case breaks, nests:
			i.over = true
		}
	}
	if i.end == before {
		return false
	}
	if !isList(data[before:i.end], before > i.start) {
		i.end, i.over = before, true
		return false
	}
	return true
}

// isList reports whether text is what stands in an array, after a comma unless it is
// the beginning.
func isList(text []byte, continues bool) bool {
	list := make([]byte, 0, len(text)+3)
	list = append(list, '[')
	if continues {
		list = append(list, '0')
	}
	list = append(append(list, text...), ']')
	_, err := jsonscan.Check(list)
	return err == nil
}
