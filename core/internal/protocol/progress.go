package protocol

import (
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Progress follows the events of one run, and knows what is missing from it. The zero
// value is ready for use; it is for one goroutine.
type Progress struct {
	started, terminated bool
	// Each list is what is open, in the order of opening; they are short.
	messages, reasonings, reasoningMessages, steps, subagents []opened
	// formerSubagents have ended, and can't start again.
	formerSubagents []opened
	// calls are the tool calls that are open or without a result.
	calls []openedCall
	// thinking and thinkingMessage say what is open under the older names of
	// reasoning.
	thinking, thinkingMessage bool
	owners                    owners
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

// Started reports whether RUN_STARTED was observed.
func (p *Progress) Started() bool { return p.started }

// Terminated reports whether RUN_FINISHED or RUN_ERROR was observed: nothing may
// follow.
func (p *Progress) Terminated() bool { return p.terminated }

// Observe records the next event of the run, which no chunk is part of: they are
// expanded before. It fails, and records nothing, when the protocol's clients would
// refuse the event: when it continues or ends what isn't open, opens what is open,
// precedes RUN_STARTED, follows the terminal event, or is a RUN_FINISHED that leaves
// something open.
func (p *Progress) Observe(event agui.Event) error {
	eventType := event.EventType()
	if err := p.observe(eventType, event); err != nil {
		return fmt.Errorf("%s: %w", eventType, err)
	}
	return nil
}

func (p *Progress) observe(eventType agui.EventType, event agui.Event) error {
	switch {
	case p.terminated:
		return errors.New("the run has ended")
	case !p.started && eventType != agui.EventTypeRunStarted && eventType != agui.EventTypeRunError:
		return errors.New("the first event must be RUN_STARTED")
	}
	switch eventType {
	case agui.EventTypeRunStarted:
		if p.started {
			return errors.New("the run has started already")
		}
		p.started = true
		p.owners.seed(event)
		return nil
	case agui.EventTypeRunFinished:
		if err := p.allEnded(); err != nil {
			return err
		}
		p.terminated = true
		return nil
	case agui.EventTypeRunError:
		p.terminated = true
		return nil
	case agui.EventTypeThinkingStart, agui.EventTypeThinkingEnd, agui.EventTypeThinkingTextMessageStart,
		agui.EventTypeThinkingTextMessageContent, agui.EventTypeThinkingTextMessageEnd:
		return p.observeThinking(eventType)
	case agui.EventTypeTextMessageChunk, agui.EventTypeToolCallChunk, agui.EventTypeReasoningMessageChunk:
		return errors.New("chunks must be expanded")
	}
	field := idField(eventType)
	if field == "" {
		return p.observeOwners(eventType, event)
	}
	// Ids stay bytes of the event until they have to be kept: most events of a
	// run are deltas, and those cost nothing here.
	var id, owner []byte
	if encoded, ok := event.(agui.Encoded); ok {
		if id, owner, ok = identify(encoded, field); !ok {
			return fmt.Errorf("%s is missing", field)
		}
	} else {
		text, ok := idOf(event)
		if !ok {
			return fmt.Errorf("%T is not one of this package's events by value", event)
		}
		var idRoom, ownerRoom [64]byte
		id = append(idRoom[:0], text...)
		owner = append(ownerRoom[:0], agui.SubagentOf(event)...)
	}
	switch eventType {
	case agui.EventTypeToolCallStart:
		return p.startCall(event, id, owner)
	case agui.EventTypeToolCallResult:
		p.answerCall(event, id, owner)
		return nil
	case agui.EventTypeSubagentStarted:
		return p.startSubagent(event, id)
	}
	return p.observeEntity(eventType, id, owner)
}

func (p *Progress) observeEntity(eventType agui.EventType, id, owner []byte) error {
	switch eventType {
	case agui.EventTypeTextMessageStart:
		if find(p.messages, id) >= 0 {
			return fmt.Errorf("text message %q is open already", string(id))
		}
		return p.open(&p.messages, textEntity, id, owner)
	case agui.EventTypeTextMessageContent:
		return within(p.messages, "text message", id, owner)
	case agui.EventTypeTextMessageEnd:
		return end(&p.messages, "text message", id, owner)
	case agui.EventTypeToolCallArgs, agui.EventTypeToolCallEnd:
		call := p.call(id)
		if call == nil || call.ended {
			return fmt.Errorf("no tool call %q is open", string(id))
		}
		if len(owner) > 0 && call.owner != string(owner) {
			return fmt.Errorf("tool call %q is not of subagent %q", string(id), string(owner))
		}
		if eventType == agui.EventTypeToolCallEnd {
			call.ended = true
			p.forgetDone(call)
		}
		return nil
	case agui.EventTypeReasoningStart:
		return p.open(&p.reasonings, reasoningEntity, id, owner)
	case agui.EventTypeReasoningMessageStart:
		return p.open(&p.reasoningMessages, reasoningEntity, id, owner)
	case agui.EventTypeReasoningMessageContent, agui.EventTypeReasoningMessageEnd, agui.EventTypeReasoningEnd:
		// The protocol's clients take these without a start.
		if err := p.owners.check(reasoningEntity, id, owner); err != nil {
			return err
		}
		switch eventType {
		case agui.EventTypeReasoningMessageEnd:
			forget(&p.reasoningMessages, id)
		case agui.EventTypeReasoningEnd:
			forget(&p.reasonings, id)
		}
		return nil
	case agui.EventTypeStepStarted:
		if findOwned(p.steps, id, owner) >= 0 {
			return fmt.Errorf("step %q is open already", string(id))
		}
		p.steps = append(p.steps, opened{string(id), string(owner)})
		return nil
	case agui.EventTypeStepFinished:
		i := findOwned(p.steps, id, owner)
		if i < 0 {
			return fmt.Errorf("no step %q is open", string(id))
		}
		p.steps = append(p.steps[:i], p.steps[i+1:]...)
		return nil
	default: // SUBAGENT_FINISHED, SUBAGENT_ERROR
		if err := end(&p.subagents, "subagent", id, nil); err != nil {
			return err
		}
		p.formerSubagents = append(p.formerSubagents, opened{id: string(id)})
		return nil
	}
}

// open records a message as open, which it may be already.
func (p *Progress) open(list *[]opened, kind entityKind, id, owner []byte) error {
	if err := p.owners.check(kind, id, owner); err != nil {
		return err
	}
	first := p.owners.claim(kind, id, owner)
	if find(*list, id) < 0 {
		*list = append(*list, opened{string(id), first})
	}
	return nil
}

func (p *Progress) call(id []byte) *openedCall {
	for i := range p.calls {
		if p.calls[i].id == string(id) {
			return &p.calls[i]
		}
	}
	return nil
}

func (p *Progress) startCall(event agui.Event, id, owner []byte) error {
	call := p.call(id)
	if call != nil && !call.ended {
		return fmt.Errorf("tool call %q is open already", string(id))
	}
	if err := p.owners.check(callEntity, id, owner); err != nil {
		return err
	}
	if parent := textOf(event, "parentMessageId"); len(parent) > 0 {
		if err := p.owners.check(textEntity, parent, owner); err != nil {
			return err
		}
		if parentOwner, known := p.owners.lookup(textEntity, parent); known && len(owner) == 0 {
			// A call without a subagent of its own is that of its message.
			if callOwner, known := p.owners.lookup(callEntity, id); known && callOwner != parentOwner {
				return fmt.Errorf("tool call %q is of another subagent than message %q", string(id), string(parent))
			}
			owner = []byte(parentOwner)
		}
	}
	begun := openedCall{opened: opened{string(id), p.owners.claim(callEntity, id, owner)}}
	if call != nil {
		*call = begun
	} else {
		p.calls = append(p.calls, begun)
	}
	return nil
}

// answerCall records a result, which may be of a call of an earlier run.
func (p *Progress) answerCall(event agui.Event, id, owner []byte) {
	if call := p.call(id); call != nil {
		call.answered = true
		p.forgetDone(call)
	}
	p.owners.set(textEntity, textOf(event, "messageId"), owner)
}

// forgetDone removes a call that lacks nothing, so that the list of calls stays
// short in a run with many.
func (p *Progress) forgetDone(call *openedCall) {
	if !call.ended || !call.answered {
		return
	}
	for i := range p.calls {
		if &p.calls[i] == call {
			p.calls = append(p.calls[:i], p.calls[i+1:]...)
			return
		}
	}
}

func (p *Progress) startSubagent(event agui.Event, id []byte) error {
	if find(p.subagents, id) >= 0 {
		return fmt.Errorf("subagent %q is open already", string(id))
	}
	if find(p.formerSubagents, id) >= 0 {
		return fmt.Errorf("subagent %q has ended already", string(id))
	}
	parent := textOf(event, "parentSubagentRunId")
	if len(parent) > 0 && find(p.subagents, parent) < 0 && find(p.formerSubagents, parent) < 0 {
		return fmt.Errorf("subagent %q, which began it, has not started", string(parent))
	}
	p.subagents = append(p.subagents, opened{id: string(id)})
	return nil
}

func (p *Progress) observeThinking(eventType agui.EventType) error {
	switch eventType {
	case agui.EventTypeThinkingStart:
		if p.thinking {
			return errors.New("thinking has started already")
		}
		p.thinking = true
	case agui.EventTypeThinkingEnd:
		if !p.thinking {
			return errors.New("thinking has not started")
		}
		p.thinking = false
	case agui.EventTypeThinkingTextMessageStart:
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
		p.thinkingMessage = eventType != agui.EventTypeThinkingTextMessageEnd
	}
	return nil
}

// allEnded fails for what a RUN_FINISHED would leave open.
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

func within(list []opened, what string, id, owner []byte) error {
	i := find(list, id)
	if i < 0 {
		return fmt.Errorf("no %s %q is open", what, string(id))
	}
	if len(owner) > 0 && list[i].owner != string(owner) {
		return fmt.Errorf("%s %q is not of subagent %q", what, string(id), string(owner))
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
