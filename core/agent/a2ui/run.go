package a2ui

import (
	"context"
	"iter"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
)

// Middleware returns an agent whose runs draw. It is an [agent.Middleware].
func (x *Extension) Middleware(inner agent.Agent) agent.Agent {
	return agent.Func(func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		props := readProps(input.ForwardedProps)
		if x.config.OnDemand && !props.hasCatalog {
			return inner.Run(ctx, input)
		}
		return func(yield func(agui.Event, error) bool) {
			s := x.newSession(ctx, input, props)
			s.run(inner.Run(ctx, x.prepare(input, props)), yield)
		}
	})
}

// session is one run.
type session struct {
	extension *Extension
	ctx       context.Context
	// given is set if the run got the tool that draws; catalogID is that of the front
	// end's catalog, "" for none.
	given     bool
	catalogID string

	expander protocol.Expander
	expanded []agui.Event
	// calls are those of tools that draw which have begun and not ended, slots where they
	// draw, by keys.
	calls map[string]*call
	slots map[string]*slot
	// order has the calls of all messages that draw, unanswered those without a result.
	order      []string
	unanswered map[string]bool
	// outer is the call of another tool that what is drawn is part of, "" for none.
	outer string
	// surfaces are the ids of all that was drawn, streamed of those from arguments;
	// painted has the calls, also outer ones, that have drawn from arguments.
	surfaces, streamed, painted map[string]bool
	// drawn is how many bytes of surfaces there were.
	drawn int
	// warned is set when the log says that the run has met a limit.
	warned bool
}

func (x *Extension) newSession(ctx context.Context, input *agui.RunAgentInput, props props) *session {
	s := &session{
		extension: x, ctx: ctx, given: x.toolFor(props), catalogID: catalogOf(input),
		calls: make(map[string]*call), slots: make(map[string]*slot),
		surfaces: make(map[string]bool), streamed: make(map[string]bool), painted: make(map[string]bool),
	}
	s.recall(input.Messages)
	return s
}

// run yields the agent's events with what is drawn.
func (s *session) run(events iter.Seq2[agui.Event, error], yield func(agui.Event, error) bool) {
	for event, err := range events {
		if err != nil {
			yield(nil, err)
			return
		}
		if event == nil {
			continue // as the runner does
		}
		expanded, err := s.expander.Expand(s.expanded[:0], event)
		if err != nil {
			expanded = append(expanded, event) // the runner refuses it as well, and says why
		}
		s.expanded = expanded
		for _, event := range expanded {
			if !s.pass(event, yield) {
				return
			}
		}
	}
	for _, event := range s.expander.Close(nil) {
		if !s.pass(event, yield) {
			return
		}
	}
}

// pass yields an event, what is drawn because of it, and reports whether to go on.
func (s *session) pass(event agui.Event, yield func(agui.Event, error) bool) bool {
	var before, after []agui.Event
	switch event.EventType() {
	case agui.EventTypeToolCallStart:
		before = s.start(event)
	case agui.EventTypeToolCallArgs:
		if len(s.calls) > 0 {
			before = s.addDelta(event)
		}
	case agui.EventTypeToolCallEnd:
		if c := s.calls[callOf(event)]; c != nil {
			before = s.end(c)
			delete(s.calls, c.id)
		}
	case agui.EventTypeToolCallResult:
		after = s.result(event)
	case agui.EventTypeMessagesSnapshot:
		if snapshot, ok := decoded(event).(agui.MessagesSnapshotEvent); ok {
			s.recall(snapshot.Messages)
		}
	case agui.EventTypeRunFinished:
		before = s.answer()
	}
	for _, event := range before {
		if !yield(event, nil) {
			return false
		}
	}
	if !yield(event, nil) {
		return false
	}
	for _, event := range after {
		if !yield(event, nil) {
			return false
		}
	}
	return true
}

// start begins a call.
func (s *session) start(event agui.Event) []agui.Event {
	start, ok := decoded(event).(agui.ToolCallStartEvent)
	if !ok {
		return nil
	}
	if !s.extension.draws(start.ToolCallName, s.given) {
		if start.ToolCallName != ActionToolName {
			s.outer = start.ToolCallID
		}
		return nil
	}
	key := s.outer
	if key == "" {
		key = start.ToolCallID
	}
	place := s.slots[key]
	if place == nil {
		place = &slot{}
		s.slots[key] = place
	}
	place.attempts++
	place.tokens = 0
	s.calls[start.ToolCallID] = &call{
		id: start.ToolCallID, outer: s.outer, key: key, slot: place, arguments: &arguments{},
	}
	s.expectResult(start.ToolCallID)
	if place.retrying {
		return nil
	}
	return []agui.Event{snapshot(key, s.extension.building(0))}
}

// warn logs that the run has met a limit, once: a model may meet it any number of times.
func (s *session) warn(reason string) {
	if !s.warned {
		s.warned = true
		s.extension.config.Logger.WarnContext(s.ctx, "a limit on A2UI surfaces cuts a run's short", "reason", reason)
	}
}

// allow reports whether the run may have a surface.
func (s *session) allow(id string) bool {
	if !s.surfaces[id] && len(s.surfaces) >= maxSurfaces {
		return false
	}
	s.surfaces[id] = true
	return true
}

// catalogOf returns the id of the catalog that a call's surface is made with.
func (s *session) catalogOf(c *call) string {
	if id := s.extension.config.DefaultCatalogID; id != "" {
		return id
	}
	if s.catalogID != "" {
		return s.catalogID
	}
	if id := c.arguments.catalogID.id(); id != "" && id != "basic" {
		return id
	}
	return basicCatalog
}

// recall takes the calls that messages leave unanswered in place of those known.
func (s *session) recall(messages []agui.Message) {
	answered := make(map[string]bool)
	for i := range messages {
		if messages[i].Role == agui.RoleTool {
			answered[messages[i].ToolCallID] = true
		}
	}
	s.order, s.unanswered = nil, make(map[string]bool)
	for i := range messages {
		for _, call := range messages[i].ToolCalls {
			if !answered[call.ID] && s.extension.draws(call.Name, s.given) {
				s.expectResult(call.ID)
			}
		}
	}
}

func (s *session) expectResult(callID string) {
	if !s.unanswered[callID] {
		s.unanswered[callID] = true
		s.order = append(s.order, callID)
	}
}

// answer returns the results of the calls that have none: what was drawn is all that
// they were for. A call that the agent has left open ends before.
func (s *session) answer() []agui.Event {
	var results []agui.Event
	for _, id := range s.order {
		if s.unanswered[id] {
			delete(s.unanswered, id)
			if c := s.calls[id]; c != nil {
				results = append(append(results, s.end(c)...), agui.ToolCallEndEvent{ToolCallID: id})
			}
			results = append(results, agui.ToolCallResultEvent{MessageID: agui.NewID(), ToolCallID: id, Content: `{"status":"rendered"}`})
		}
	}
	return results
}
