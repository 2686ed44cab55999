package agui

import (
	"errors"
	"fmt"
)

// Progress follows the events of one run, and knows what is missing from it.
// The zero value is ready; it is for one goroutine.
type Progress struct {
	started, terminated bool
	// Each list has what is open, in the order of opening; they are short.
	messages, reasonings, reasoningMessages, steps, subagents []opened
	// calls has the tool calls that are open or without a result.
	calls []openedCall
	// thinking and thinkingMessage are about the older names of reasoning.
	thinking, thinkingMessage bool
}

// opened is something that has begun and not ended.
type opened struct {
	id string
	// owner is the subagent, "" for the run's own agent.
	owner string
}

type openedCall struct {
	opened
	ended, answered bool
}

// Started tells whether RUN_STARTED was seen.
func (p *Progress) Started() bool { return p.started }

// Terminated tells whether RUN_FINISHED or RUN_ERROR was seen: nothing may follow.
func (p *Progress) Terminated() bool { return p.terminated }

// Observe takes note of the next event of the run, which chunk events are no
// part of: they are expanded before. It fails, and takes no note of the event,
// when the protocol's clients would refuse it: when it continues or ends what
// isn't open, opens what is open, precedes RUN_STARTED, follows the terminal
// event, or is a RUN_FINISHED that leaves something open.
func (p *Progress) Observe(event Event) error {
	eventType := event.EventType()
	if err := p.observe(eventType, event); err != nil {
		return fmt.Errorf("%s: %w", eventType, err)
	}
	return nil
}

func (p *Progress) observe(eventType EventType, event Event) error {
	switch {
	case p.terminated:
		return errors.New("the run has ended")
	case !p.started && eventType != EventTypeRunStarted && eventType != EventTypeRunError:
		return errors.New("the first event must be RUN_STARTED")
	}
	switch eventType {
	case EventTypeRunStarted:
		if p.started {
			return errors.New("the run has started already")
		}
		p.started = true
		return nil
	case EventTypeRunFinished:
		if err := p.allEnded(); err != nil {
			return err
		}
		p.terminated = true
		return nil
	case EventTypeRunError:
		p.terminated = true
		return nil
	case EventTypeThinkingStart, EventTypeThinkingEnd, EventTypeThinkingTextMessageStart,
		EventTypeThinkingTextMessageContent, EventTypeThinkingTextMessageEnd:
		return p.observeThinking(eventType)
	case EventTypeTextMessageChunk, EventTypeToolCallChunk, EventTypeReasoningMessageChunk:
		return errors.New("chunks must be expanded")
	}
	field := idField(eventType)
	if field == "" {
		return nil
	}
	// Ids stay bytes of the event until they have to be kept: most events of a
	// run are deltas, and those cost nothing here.
	var id, owner []byte
	if encoded, ok := event.(Encoded); ok {
		if id, owner, ok = encoded.identity(field); !ok {
			return fmt.Errorf("%s is missing", field)
		}
	} else {
		text, ok := idOf(event)
		if !ok {
			return fmt.Errorf("%T is not one of this package's events by value", event)
		}
		var idRoom, ownerRoom [64]byte
		id = append(idRoom[:0], text...)
		owner = append(ownerRoom[:0], subagentOf(event)...)
	}
	return p.observeEntity(eventType, id, owner)
}

func (p *Progress) observeEntity(eventType EventType, id, owner []byte) error {
	switch eventType {
	case EventTypeTextMessageStart:
		return begin(&p.messages, "text message", id, owner)
	case EventTypeTextMessageContent:
		return within(p.messages, "text message", id, owner)
	case EventTypeTextMessageEnd:
		return end(&p.messages, "text message", id, owner)
	case EventTypeReasoningMessageStart:
		note(&p.reasoningMessages, id, owner)
		return nil
	case EventTypeReasoningMessageContent:
		return nil
	case EventTypeReasoningMessageEnd:
		forget(&p.reasoningMessages, id)
		return nil
	case EventTypeReasoningStart:
		note(&p.reasonings, id, owner)
		return nil
	case EventTypeReasoningEnd:
		forget(&p.reasonings, id)
		return nil
	case EventTypeStepStarted:
		if findOwned(p.steps, id, owner) >= 0 {
			return fmt.Errorf("step %q is open already", string(id))
		}
		p.steps = append(p.steps, opened{string(id), string(owner)})
		return nil
	case EventTypeStepFinished:
		i := findOwned(p.steps, id, owner)
		if i < 0 {
			return fmt.Errorf("no step %q is open", string(id))
		}
		p.steps = append(p.steps[:i], p.steps[i+1:]...)
		return nil
	case EventTypeSubagentStarted:
		return begin(&p.subagents, "subagent", id, nil)
	case EventTypeSubagentFinished, EventTypeSubagentError:
		return end(&p.subagents, "subagent", id, nil)
	default:
		return p.observeCall(eventType, id, owner)
	}
}

func (p *Progress) observeCall(eventType EventType, id, owner []byte) error {
	var call *openedCall
	for i := range p.calls {
		if p.calls[i].id == string(id) {
			call = &p.calls[i]
		}
	}
	isOpen := call != nil && !call.ended
	switch {
	case eventType == EventTypeToolCallStart && isOpen:
		return fmt.Errorf("tool call %q is open already", string(id))
	case eventType == EventTypeToolCallStart && call != nil:
		*call = openedCall{opened: opened{call.id, string(owner)}}
	case eventType == EventTypeToolCallStart:
		p.calls = append(p.calls, openedCall{opened: opened{string(id), string(owner)}})
	case eventType == EventTypeToolCallResult:
		// A result may be of a call of an earlier run.
		if call != nil {
			call.answered = true
		}
	case !isOpen:
		return fmt.Errorf("no tool call %q is open", string(id))
	case len(owner) > 0 && call.owner != string(owner):
		return fmt.Errorf("tool call %q is not of subagent %q", string(string(id)), string(owner))
	case eventType == EventTypeToolCallEnd:
		call.ended = true
	}
	return nil
}

func (p *Progress) observeThinking(eventType EventType) error {
	switch eventType {
	case EventTypeThinkingStart:
		if p.thinking {
			return errors.New("thinking has started already")
		}
		p.thinking = true
	case EventTypeThinkingEnd:
		if !p.thinking {
			return errors.New("thinking has not started")
		}
		p.thinking = false
	case EventTypeThinkingTextMessageStart:
		if !p.thinking {
			return errors.New("thinking has not started")
		}
		if p.thinkingMessage {
			return errors.New("a thinking message is open already")
		}
		p.thinkingMessage = true
	default:
		if !p.thinkingMessage {
			return errors.New("no thinking message is open")
		}
		p.thinkingMessage = eventType != EventTypeThinkingTextMessageEnd
	}
	return nil
}

// allEnded says what a RUN_FINISHED would leave open.
func (p *Progress) allEnded() error {
	switch {
	case len(p.steps) > 0:
		return fmt.Errorf("step %q is open", p.steps[0].id)
	case len(p.messages) > 0:
		return fmt.Errorf("text message %q is open", p.messages[0].id)
	case len(p.subagents) > 0:
		return fmt.Errorf("subagent %q is open", p.subagents[0].id)
	}
	for _, call := range p.calls {
		if !call.ended {
			return fmt.Errorf("tool call %q is open", call.id)
		}
	}
	return nil
}

func begin(list *[]opened, what string, id, owner []byte) error {
	if find(*list, id) >= 0 {
		return fmt.Errorf("%s %q is open already", what, string(id))
	}
	*list = append(*list, opened{string(id), string(owner)})
	return nil
}

func within(list []opened, what string, id, owner []byte) error {
	i := find(list, id)
	if i < 0 {
		return fmt.Errorf("no %s %q is open", what, string(id))
	}
	if len(owner) > 0 && list[i].owner != string(owner) {
		return fmt.Errorf("%s %q is not of subagent %q", what, string(string(id)), string(owner))
	}
	return nil
}

func end(list *[]opened, what string, id, owner []byte) error {
	err := within(*list, what, id, owner)
	if err == nil {
		forget(list, id)
	}
	return err
}

// note opens what may be opened twice: the protocol's clients don't mind.
func note(list *[]opened, id, owner []byte) {
	if find(*list, id) < 0 {
		*list = append(*list, opened{string(id), string(owner)})
	}
}

func forget(list *[]opened, id []byte) {
	if i := find(*list, id); i >= 0 {
		*list = append((*list)[:i], (*list)[i+1:]...)
	}
}

func find(list []opened, id []byte) int {
	for i := range list {
		if list[i].id == string(id) {
			return i
		}
	}
	return -1
}

func findOwned(list []opened, id, owner []byte) int {
	for i := range list {
		if list[i].id == string(id) && list[i].owner == string(owner) {
			return i
		}
	}
	return -1
}
