package agui

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// encoder appends JSON to buf. Its first error sticks, so that callers check once.
type encoder struct {
	buf []byte
	err error
}

// open begins an object, close ends it; between them come members.
func (e *encoder) open() { e.buf = append(e.buf, '{') }

func (e *encoder) close() { e.buf = append(e.buf, '}') }

// member appends a member's name and the comma before it. Names are plain ASCII.
func (e *encoder) member(name string) {
	if e.buf[len(e.buf)-1] != '{' {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(e.buf, '"')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '"', ':')
}

// str appends a string member.
func (e *encoder) str(name, value string) {
	e.member(name)
	e.buf = jsonscan.AppendString(e.buf, value)
}

// optStr appends a string member unless it is empty.
func (e *encoder) optStr(name, value string) {
	if value != "" {
		e.str(name, value)
	}
}

// strs appends a member that is an array of strings unless it is nil.
func (e *encoder) strs(name string, values []string) {
	if values != nil {
		e.list(name)
		for _, value := range values {
			e.element()
			e.buf = jsonscan.AppendString(e.buf, value)
		}
		e.endList()
	}
}

// raw appends a JSON member, with fallback in place of nil.
func (e *encoder) raw(name string, value json.RawMessage, fallback string) {
	e.member(name)
	if value == nil {
		e.buf = append(e.buf, fallback...)
		return
	}
	e.value(name, value)
}

// optRaw appends a JSON member unless it is nil.
func (e *encoder) optRaw(name string, value json.RawMessage) {
	if value != nil {
		e.member(name)
		e.value(name, value)
	}
}

// optInt appends a number member unless it is nil.
func (e *encoder) optInt(name string, value *int64) {
	if value != nil {
		e.member(name)
		e.buf = strconv.AppendInt(e.buf, *value, 10)
	}
}

// optFloat appends a number member unless it is nil.
func (e *encoder) optFloat(name string, value *float64) {
	if value == nil {
		return
	}
	if math.IsNaN(*value) || math.IsInf(*value, 0) {
		e.fail(name, fmt.Errorf("%v is not a JSON number", *value))
		return
	}
	e.member(name)
	format := byte('f')
	if abs := math.Abs(*value); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	e.buf = strconv.AppendFloat(e.buf, *value, format, -1, 64)
}

// extra appends the members that this package has no name for, in the order of
// their names.
func (e *encoder) extra(extra Extra) {
	if len(extra) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if e.buf[len(e.buf)-1] != '{' {
			e.buf = append(e.buf, ',')
		}
		e.buf = jsonscan.AppendString(e.buf, name)
		e.buf = append(e.buf, ':')
		if value := extra[name]; value == nil {
			e.buf = append(e.buf, "null"...)
		} else {
			e.value(name, value)
		}
	}
}

// Levels of nesting that are kept free for what is put around a value, so that an
// event that was encoded can be parsed again: around a field of an event, the deepest
// of which are those of a tool call in a run's input, and around that input itself.
const (
	levelsAroundValue = 16
	levelsAroundInput = 2 * levelsAroundValue
)

// value appends JSON that a caller gave, once it has proved to be that.
func (e *encoder) value(name string, value json.RawMessage) {
	checked, err := jsonscan.CheckWithin(value, levelsAroundValue)
	if err != nil {
		e.fail(name, err)
		return
	}
	e.buf = jsonscan.AppendLine(e.buf, checked)
}

func (e *encoder) fail(name string, err error) {
	if e.err == nil {
		e.err = fmt.Errorf("%s: %w", name, err)
	}
}

// list begins a member that is an array, element comes before each element, and
// endList after the last. (Passing a function for the elements would move the
// encoder to the heap.)
func (e *encoder) list(name string) {
	e.member(name)
	e.buf = append(e.buf, '[')
}

func (e *encoder) element() {
	if e.buf[len(e.buf)-1] != '[' {
		e.buf = append(e.buf, ',')
	}
}

func (e *encoder) endList() { e.buf = append(e.buf, ']') }
