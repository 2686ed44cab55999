package a2ui

import (
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// call is a call of a tool that draws.
type call struct {
	id string
	// outer is the call of another tool that this one is part of, "" for none; key is
	// what the id of its activity ends with.
	outer, key string
	slot       *slot
	// arguments are read until there is nothing more to draw; nil then.
	arguments *arguments
	// characters counts those of the arguments as JavaScript does.
	characters int
	// pair is the first half of a character that two deltas have cut, as JSON writes it.
	pair []byte
	// surface is what is drawn, nil as long as nothing is; refused is set if that was
	// refused.
	surface *surface
	refused bool
}

// surface is what a call has drawn.
type surface struct {
	id string
	// operations are those that create it, as its snapshots begin.
	operations []byte
	items      items
	// size is that of the last snapshot; owing is set when there was one too many to
	// send.
	size  int
	owing bool
}

// slot is a place on the screen: that of a call, or of all attempts within an outer one.
type slot struct {
	// attempts counts the calls, tokens is how many were told last.
	attempts, tokens int
	// retrying is set while a refusal is shown.
	retrying bool
}

const (
	tokenStep          = 20
	charactersPerToken = 4
	basicCatalog       = "https://a2ui.org/specification/v0_9/basic_catalog.json"
)

// add takes more of a call's arguments, and returns the activities that they make.
func (s *session) add(c *call, delta string) []agui.Event {
	var events []agui.Event
	c.characters += utf16Length(delta)
	if c.surface == nil && !c.refused && !c.slot.retrying && !s.extension.config.Recovery.HideProgress {
		tokens := (c.characters + charactersPerToken/2) / charactersPerToken
		if tokens-c.slot.tokens >= tokenStep {
			c.slot.tokens = tokens
			events = append(events, snapshot(c.key, s.extension.building(tokens)))
		}
	}
	if c.arguments == nil {
		return events
	}
	if excess := c.arguments.add(delta); excess != nil {
		return append(events, s.refuse(c, *excess)...)
	}
	// What could end a value: most deltas are in the middle of one.
	closes := strings.ContainsAny(delta, "}]")
	if !closes && !strings.Contains(delta, `"`) {
		return events
	}
	if c.surface == nil {
		return append(events, s.begin(c, closes)...)
	}
	return append(events, s.update(c, false, closes)...)
}

// begin draws the surface of a call if its components are there and fit.
func (s *session) begin(c *call, closes bool) []agui.Event {
	if !c.arguments.surfaceID.complete || !c.arguments.components.complete {
		return nil
	}
	id := c.arguments.surfaceID.id()
	if id == "" {
		c.stop() // no surface, as the first of several ids counts
		return nil
	}
	array, err := jsonscan.Check(c.arguments.components.text)
	if err != nil {
		c.stop() // the call's result may still have operations
		return nil
	}
	components, excess := parseComponents(array, s.extension.catalog)
	if excess != nil {
		return s.refuse(c, *excess)
	}
	if len(components) == 0 || slices.ContainsFunc(components, func(c component) bool { return !c.hasKind }) {
		c.stop() // no surface
		return nil
	}
	if problems := validate(components, s.extension.catalog); len(problems) > 0 {
		return s.refuse(c, problems...)
	}
	if !s.allow(id) {
		return s.refuse(c, *tooMuch("surfaceId", "The run has more than %d surfaces", maxSurfaces))
	}
	c.surface = &surface{
		id:         id,
		operations: appendSurface(nil, id, s.catalogOf(c), array),
		items:      items{key: listKey(components), over: c.arguments.dataFirst},
	}
	c.arguments.components.text = nil
	s.streamed[id] = true
	s.painted[c.id] = true
	if c.outer != "" {
		s.painted[c.outer] = true
	}
	return s.update(c, true, closes)
}

// update draws what there is more of a surface's data. If first is set, there is at least
// the surface to draw.
func (s *session) update(c *call, first, closes bool) []agui.Event {
	var events []agui.Event
	data := &c.arguments.data
	more := c.surface.items.follow(data.text)
	if c.surface.items.count > maxItems {
		return s.refuse(c, *tooMuch("data", "The list has more than %d items", maxItems))
	}
	if first || more && s.affords(c) {
		events = append(events, s.draw(c, c.surface.list(data.text)))
	} else if more {
		c.surface.owing = true
	}
	if data.complete && closes {
		if value, err := jsonscan.Check(data.text); err == nil {
			events = append(events, s.draw(c, value))
		}
		c.stop()
	}
	return events
}

// end draws what is owing when the arguments have ended.
func (s *session) end(c *call) (events []agui.Event) {
	if c.arguments != nil && c.surface != nil && c.surface.owing {
		events = append(events, s.draw(c, c.surface.list(c.arguments.data.text)))
	}
	c.stop()
	return events
}

// stop ends the drawing of a call, and lets go of what that took: a run may have many.
func (c *call) stop() {
	c.arguments = nil
	if c.surface != nil {
		c.surface.operations = nil
	}
}

// list returns the data with the items that have come, nil for none.
func (u *surface) list(data []byte) []byte {
	found := data[u.items.start:u.items.end]
	if len(found) == 0 {
		return nil
	}
	list := make([]byte, 0, len(u.items.key)+len(found)+8)
	list = jsonscan.AppendString(append(list, '{'), u.items.key)
	list = append(append(list, ":["...), found...)
	return append(list, "]}"...)
}

// affords reports whether a surface may have another snapshot before all of it is there.
func (s *session) affords(c *call) bool {
	u := c.surface
	size := len(u.operations) + u.items.end - u.items.start
	return s.drawn+size <= freeSnapshots || size >= u.size+u.size/4
}

// draw returns the snapshot of a surface with that data, nil for none.
func (s *session) draw(c *call, data []byte) agui.Event {
	u := c.surface
	content := make([]byte, 0, len(u.operations)+len(data)+len(u.id)+96)
	content = append(content, u.operations...)
	if data != nil {
		content = append(beginData(content, u.id), data...)
		content = endData(content)
	}
	content = append(content, "]}"...)
	s.drawn += len(content)
	u.size, u.owing = len(content), false
	c.slot.retrying = false
	return snapshot(c.key, content)
}

// refuse refuses the surface of a call, and says why. One that is drawn stays as it is.
func (s *session) refuse(c *call, problems ...problem) []agui.Event {
	c.stop()
	if problems[0].code == limitExceeded {
		s.warn(problems[0].message)
	}
	if c.surface != nil {
		return nil
	}
	c.refused, c.slot.retrying, c.slot.tokens = true, true, 0
	attempt := min(c.slot.attempts+1, s.extension.config.Recovery.MaxAttempts)
	return []agui.Event{snapshot(c.key, s.extension.retrying(attempt, problems))}
}

// utf16Length returns how long JavaScript says a text is.
func utf16Length(text string) (length int) {
	for i := range len(text) {
		if b := text[i]; b&0xC0 != 0x80 {
			length++
			if b >= 0xF0 {
				length++
			}
		}
	}
	return length
}
