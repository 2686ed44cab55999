package agui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// maxIssues bounds what a [ValidationError] lists.
const maxIssues = 20

// SyntaxError reports where a text stops being JSON.
type SyntaxError = jsonscan.SyntaxError

// ValidationError reports where JSON departs from the protocol.
type ValidationError struct {
	// Issues holds the first 20.
	Issues []Issue
	// More counts the issues that are not listed.
	More int
}

// Issue is one departure from the protocol.
type Issue struct {
	// Path is where it is, e.g. messages[3].toolCalls[0].id, and "" for the
	// whole value.
	Path    string `json:"path"`
	Message string `json:"message"`
}

// String returns the path and the message.
func (i Issue) String() string {
	if i.Path == "" {
		return i.Message
	}
	return i.Path + ": " + i.Message
}

// Error returns a list of the issues.
func (e *ValidationError) Error() string {
	var text strings.Builder
	for i, issue := range e.Issues {
		if i > 0 {
			text.WriteString("; ")
		}
		text.WriteString(issue.String())
	}
	if e.More > 0 {
		fmt.Fprintf(&text, "; and %d more", e.More)
	}
	return text.String()
}

// path is the way from the root of a JSON value to a part of it. It lives on
// the stack and becomes text only in an issue.
type path struct {
	parent *path
	name   string
	// index is the index in an array when name is "".
	index int
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	parent := p.parent.String()
	switch {
	case p.name == "":
		return parent + "[" + strconv.Itoa(p.index) + "]"
	case parent == "":
		return p.name
	default:
		return parent + "." + p.name
	}
}

// decoder reads valid JSON into structs and collects the issues it meets.
type decoder struct {
	issues []Issue
	more   int
	// budget is how many elements and unknown members there may still be; it counts
	// if bounded is set.
	bounded bool
	budget  int
}

// spend takes n of the budget, and records an issue when there isn't as much.
func (d *decoder) spend(n int, at *path) bool {
	if !d.bounded {
		return true
	}
	if d.budget >= 0 {
		if d.budget -= n; d.budget < 0 {
			d.fail(at, fmt.Sprintf("more than %d elements and unknown fields up to here", maxInputParts))
		}
	}
	return d.budget >= 0
}

func (d *decoder) err() error {
	if len(d.issues) == 0 {
		return nil
	}
	return &ValidationError{d.issues, d.more}
}

func (d *decoder) fail(at *path, message string) {
	if len(d.issues) == maxIssues {
		d.more++
		return
	}
	d.issues = append(d.issues, Issue{at.String(), message})
}

// is reports whether value is of the kind, and records an issue otherwise.
func (d *decoder) is(kind string, value []byte, at *path) bool {
	got := jsonscan.Kind(value)
	if got != kind {
		d.fail(at, "expected "+kind+", got "+got)
	}
	return got == kind
}

// object reads the members of an object into fields. Others go to extra.
func (d *decoder) object(value []byte, at *path, extra *Extra, fields ...field) {
	if !d.is("object", value, at) {
		return
	}
	var seen uint32
	for m := jsonscan.MembersOf(value); m.Next(); {
		i := 0
		for ; i < len(fields); i++ {
			f := &fields[i]
			if string(m.Name) == f.name && (f.accepts == nil || f.accepts(m.Value)) {
				break
			}
		}
		if i < len(fields) {
			seen |= 1 << i
			d.read(&fields[i], m.Value, at)
			continue
		}
		if !d.spend(1, at) {
			return
		}
		if *extra == nil {
			*extra = Extra{}
		}
		(*extra)[string(m.Name)] = bytes.Clone(m.Value)
	}
	for i := range fields {
		if fields[i].required && seen&(1<<i) == 0 {
			d.fail(&path{parent: at, name: fields[i].name}, "required")
		}
	}
}

// read reads the value of a field of the object at a path.
func (d *decoder) read(f *field, value []byte, at *path) {
	switch {
	case f.kind != "" && f.kind != jsonscan.Kind(value):
		d.is(f.kind, value, &path{parent: at, name: f.name})
	case f.text != nil:
		*f.text = string(jsonscan.Text(value))
	case f.raw != nil:
		*f.raw = bytes.Clone(value)
	case f.content != nil && f.kind == "object":
		*f.content = ObjectContent(bytes.Clone(value))
	case f.content != nil:
		d.content(f.content, value, &path{parent: at, name: f.name})
	case f.custom != nil:
		f.custom(d, value, &path{parent: at, name: f.name})
	}
}

// field is a member of an object that this package knows.
type field struct {
	name     string
	required bool
	// accepts reports whether a value is what the field is for; others are carried as
	// if the field were unknown. Nil accepts all.
	accepts func(value []byte) bool
	reader
}

// reader says where a value goes: to one of text, raw, content and custom, or
// nowhere. Most are plain pointers: an input of a thousand messages has many.
type reader struct {
	// kind is what the value must be, "" for anything.
	kind    string
	text    *string
	raw     *json.RawMessage
	content *Content
	custom  func(d *decoder, value []byte, at *path)
}

func required(name string, into reader) field { return field{name: name, required: true, reader: into} }

func optional(name string, into reader) field { return field{name: name, reader: into} }

// elsewhere returns a field that is read by other means.
func elsewhere(name string) field { return field{name: name} }

// newer returns a field that not every version of the protocol knows: for an older
// peer it is a field like any other, that may hold anything.
func newer(name string, accepts func([]byte) bool, into reader) field {
	return field{name: name, accepts: accepts, reader: into}
}

func isString(value []byte) bool { return value[0] == '"' }

// text returns a reader of a string.
func text(dst *string) reader { return reader{kind: "string", text: dst} }

// nullableText returns a reader of a string that takes null for an absent one.
func nullableText(dst *string) reader {
	return reader{custom: func(d *decoder, value []byte, at *path) {
		if !jsonscan.IsNull(value) && d.is("string", value, at) {
			*dst = string(jsonscan.Text(value))
		}
	}}
}

// markedText returns a reader of a string that records that it was there.
func markedText(dst *string, has *bool) reader {
	return reader{kind: "string", custom: func(_ *decoder, value []byte, _ *path) {
		*dst, *has = string(jsonscan.Text(value)), true
	}}
}

// texts returns a reader of an array of strings.
func texts(dst *[]string) reader {
	return array(dst, func(d *decoder, value []byte, at *path, element *string) {
		if d.is("string", value, at) {
			*element = string(jsonscan.Text(value))
		}
	})
}

// word returns a reader of a string that is one of several.
func word[T ~string](dst *T, words ...T) reader {
	return reader{custom: func(d *decoder, value []byte, at *path) {
		*dst = oneOf(d, value, at, words)
	}}
}

// oneOf returns which of several words a string is, "" after recording an issue.
func oneOf[T ~string](d *decoder, value []byte, at *path, words []T) T {
	if !d.is("string", value, at) {
		return ""
	}
	got := jsonscan.Text(value)
	for _, w := range words {
		if string(got) == string(w) {
			return w
		}
	}
	d.fail(at, notOneOf(string(got), words))
	return ""
}

func notOneOf[T ~string](got string, words []T) string {
	var b strings.Builder
	b.WriteString("expected ")
	for i, w := range words {
		if i > 0 {
			b.WriteString(" or ")
		}
		b.WriteString(strconv.Quote(string(w)))
	}
	if len(got) > 40 {
		got = got[:40] + "…"
	}
	b.WriteString(", got ")
	b.WriteString(strconv.Quote(got))
	return b.String()
}

// anything returns a reader that keeps any JSON value, null too.
func anything(dst *json.RawMessage) reader { return reader{raw: dst} }

// orAbsent returns a reader that keeps any JSON value but null, which it takes for an
// absent one.
func orAbsent(dst *json.RawMessage) reader {
	return reader{custom: func(_ *decoder, value []byte, _ *path) {
		if !jsonscan.IsNull(value) {
			*dst = bytes.Clone(value)
		}
	}}
}

// rawOf returns a reader that keeps a JSON value of one kind.
func rawOf(kind string, dst *json.RawMessage) reader { return reader{kind: kind, raw: dst} }

// number returns a reader of a number.
func number(dst **float64) reader {
	return reader{kind: "number", custom: func(d *decoder, value []byte, at *path) {
		n, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			d.fail(at, "expected number, got one that is too large")
			return
		}
		*dst = &n
	}}
}

// count returns a reader of a whole number that isn't negative.
func count(dst **int64) reader {
	return reader{kind: "number", custom: func(d *decoder, value []byte, at *path) {
		whole, ok := parseCount(value)
		if !ok {
			d.fail(at, "expected a whole number that isn't negative")
			return
		}
		*dst = &whole
	}}
}

// parseCount reads a whole number that isn't negative, which 1e3 and 2.0 are too.
func parseCount(value []byte) (int64, bool) {
	n, err := strconv.ParseFloat(string(value), 64)
	if err != nil || n < 0 || n > 1<<53 || n != math.Trunc(n) {
		return 0, false
	}
	return int64(n), true
}

func isCount(value []byte) bool {
	_, ok := parseCount(value)
	return ok
}

// array returns a reader of an array, each element of which read reads. An empty one
// isn't nil.
func array[T any](dst *[]T, read func(d *decoder, value []byte, at *path, element *T)) reader {
	return boundedArray(dst, math.MaxInt, read)
}

// boundedArray returns a reader of an array that may have so many elements.
func boundedArray[T any](dst *[]T, most int, read func(d *decoder, value []byte, at *path, element *T)) reader {
	return reader{kind: "array", custom: func(d *decoder, value []byte, at *path) {
		n := 0
		for e := jsonscan.ElementsOf(value); e.Next(); {
			if n++; n > most {
				d.fail(at, fmt.Sprintf("more than %d elements", most))
				return
			}
		}
		if !d.spend(n, at) {
			return
		}
		list := make([]T, n)
		element := &path{parent: at}
		for e := jsonscan.ElementsOf(value); e.Next(); element.index++ {
			read(d, e.Value, element, &list[element.index])
		}
		*dst = list
	}}
}
