package otel

import (
	"math"
	"strings"
	"sync"
	"unicode/utf8"
)

// kind is the type of an attribute's value.
type kind uint8

const (
	kindText kind = iota
	// kindTexts is a list of one text.
	kindTexts
	kindBool
	kindInt
	kindFloat
)

// attribute is a name and a value of a span, a metric or the resource.
type attribute struct {
	key    string
	kind   kind
	text   string
	number int64
}

func text(key, value string) attribute      { return attribute{key: key, text: value} }
func texts(key, value string) attribute     { return attribute{key: key, kind: kindTexts, text: value} }
func integer(key string, n int64) attribute { return attribute{key: key, kind: kindInt, number: n} }

func float(key string, n float64) attribute {
	return attribute{key: key, kind: kindFloat, number: int64(math.Float64bits(n))}
}

func boolean(key string, value bool) attribute {
	a := attribute{key: key, kind: kindBool}
	if value {
		a.number = 1
	}
	return a
}

// cut returns a text that has at most limit bytes and is valid UTF-8, without which a
// collector refuses everything that comes with it.
func cut(value string, limit int) string {
	if len(value) > limit {
		end := limit
		for end > 0 && !utf8.RuneStart(value[end]) {
			end--
		}
		value = value[:end]
	}
	if utf8.ValidString(value) {
		return value
	}
	return cut(strings.ToValidUTF8(value, "\uFFFD"), limit)
}

const (
	// maxWord is how long a value of a metric's attribute may be, in bytes.
	maxWord = 128
	// other stands for values beyond those that are told apart.
	other = "_OTHER"
)

// word returns a code or a reason that an agent has given. One that isn't a word may be a
// text, which quotes somebody.
func word(value string) string {
	if value == "" || len(value) > maxWord {
		return other
	}
	for i := range len(value) {
		switch c := value[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("_-.:/", c) >= 0:
		default:
			return other
		}
	}
	return value
}

// words are the values that a metric's attribute has had. Values that somebody else can
// make up, such as the codes of a remote agent, are told apart up to a number: each makes
// series that stay in memory, here and in who stores them.
type words struct {
	limit int
	mu    sync.RWMutex
	known map[string]bool
}

// expect adds values that are kept whatever others make up. It is called before keep.
func (w *words) expect(values ...string) {
	w.known = make(map[string]bool, len(values))
	for _, value := range values {
		w.known[value] = true
	}
	w.limit += len(values)
}

// keep returns a value, or "_OTHER" for one too many.
func (w *words) keep(value string) string {
	w.mu.RLock()
	known := w.known[value]
	w.mu.RUnlock()
	if known {
		return value
	}
	if len(value) > maxWord || !utf8.ValidString(value) {
		return other
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known == nil {
		w.known = make(map[string]bool)
	}
	if !w.known[value] && len(w.known) >= w.limit {
		return other
	}
	w.known[strings.Clone(value)] = true
	return value
}
