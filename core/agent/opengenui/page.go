package opengenui

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// page is what a call's arguments show, as an activity message that they make and
// change. Of the arguments these are shown: initialHeight, a number; css and jsFunctions,
// as soon as they are whole; html, as it grows; and the items of jsExpressions and
// placeholderMessages, one by one.
type page struct {
	scanner
	messageID string
	send      func(agui.Event)
	// begun is set when the message is made.
	begun bool
	// htmlBegun is set when the message has the current html, shownBytes counts what it
	// has of it.
	htmlBegun  bool
	shownBytes int
}

// write takes the next part of the arguments.
func (p *page) write(delta string) {
	p.scan(delta, p)
	if p.streams() {
		p.showHTML(false)
	}
}

// finish says that no more is written.
func (p *page) finish() {
	if p.streams() {
		p.showHTML(true)
	}
	p.send(p.change("/generating", []byte("false")))
}

// begin makes the message, unless that is done.
func (p *page) begin(height []byte) {
	if p.begun {
		return
	}
	p.begun = true
	content := []byte("{")
	if height != nil {
		content = append(append(append(content, `"initialHeight":`...), height...), ',')
	}
	p.send(agui.ActivitySnapshotEvent{
		MessageID: p.messageID, ActivityType: ActivityType, Content: append(content, `"generating":true}`...),
	})
}

// add changes the message, which it makes first if need be.
func (p *page) add(path string, value []byte) {
	p.begin(nil)
	p.send(p.change(path, value))
}

// change returns the event that sets a path of the message.
func (p *page) change(path string, value []byte) agui.Event {
	patch := append([]byte(`[{"op":"add","path":"`), path...)
	patch = append(append(patch, `","value":`...), value...)
	return agui.ActivityDeltaEvent{MessageID: p.messageID, ActivityType: ActivityType, Patch: append(patch, `}]`...)}
}

// The arguments that are shown, and those of them that are lists.
const (
	argHeight       = "initialHeight"
	argCSS          = "css"
	argHTML         = "html"
	argFunctions    = "jsFunctions"
	argExpressions  = "jsExpressions"
	argPlaceholders = "placeholderMessages"
)

func isList(key string) bool { return key == argExpressions || key == argPlaceholders }

// wants reports whether the value of an argument is to be gathered.
func (p *page) wants(key string) bool {
	switch key {
	case argHeight, argCSS, argHTML, argFunctions:
		return true
	}
	return false
}

// value shows an argument that is whole: of the scanner's kind, with its text.
func (p *page) value() {
	number := numberOf(p.kind, p.gathered)
	if number != nil {
		p.gathered = number
	}
	if p.list > 0 {
		p.add("/"+p.key+"/-", quote(p.gathered))
		return
	}
	isNull := p.kind == kindNull
	switch p.key {
	case argHeight:
		if !p.begun {
			p.begin(number)
		} else if number != nil {
			p.add("/"+argHeight, number)
		}
	case argCSS, argFunctions:
		if !isNull {
			p.add("/"+p.key, quote(p.gathered))
		}
		p.add("/"+p.key+"Complete", []byte("true"))
	case argHTML:
		if !isNull {
			p.showHTML(true)
		}
		p.add("/htmlComplete", []byte("true"))
		p.htmlBegun, p.shownBytes = false, 0
	}
}

// openList and closeList show the beginning and the end of a list.
func (p *page) openList() { p.add("/"+p.key, []byte("[]")) }

func (p *page) closeList() {
	if p.key == argExpressions {
		p.add("/"+p.key+"Complete", []byte("true"))
	}
}

// wholeChunks is how many bytes of html are shown as they come. Of more, a chunk waits
// until it is large beside what is there, so that a page of any size has some thousand
// chunks.
const wholeChunks = 64 << 10

// showHTML shows what has gathered of the html; all of it, if that is whole.
func (p *page) showHTML(whole bool) {
	n := len(p.gathered)
	if !whole {
		n -= partialRune(p.gathered)
		if p.shownBytes > wholeChunks && n < p.shownBytes/1024 {
			return
		}
	}
	if n == 0 {
		return
	}
	if !p.htmlBegun {
		p.htmlBegun = true
		p.add("/"+argHTML, []byte("[]"))
	}
	p.add("/"+argHTML+"/-", quote(p.gathered[:n]))
	p.shownBytes += n
	p.gathered = append(p.gathered[:0], p.gathered[n:]...)
}

// partialRune returns how many bytes at the end of text begin a character that isn't
// whole.
func partialRune(text []byte) int {
	for n := 1; n <= min(len(text), utf8.UTFMax-1); n++ {
		if c := text[len(text)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

func quote(text []byte) []byte {
	return jsonscan.AppendString(make([]byte, 0, len(text)+len(text)/16+2), text)
}

// numberOf returns a number as JavaScript writes it, nil for what is none.
func numberOf(kind valueKind, text []byte) []byte {
	if kind != kindNumber {
		return nil
	}
	number, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return nil
	}
	written, _ := json.Marshal(number) // a finite number
	return written
}
