package protocol

import (
	"cmp"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// Ending is how a run that has no terminal event of its own is to end.
type Ending struct {
	// Stopped ends it with RUN_FINISHED, since somebody asked for the stop;
	// otherwise it ends with RUN_ERROR.
	Stopped bool
	// ThreadID and RunID go into RUN_FINISHED.
	ThreadID, RunID string
	// Message and Code go into RUN_ERROR and the results of open tool calls. If
	// empty, they default to the reference's: "Run ended without emitting a terminal
	// event" and INCOMPLETE_STREAM; the message of a stop to "Run stopped by user".
	Message, Code string
}

const (
	stopMessage       = "Run stopped by user"
	incompleteMessage = "Run ended without emitting a terminal event"
	incompleteCode    = "INCOMPLETE_STREAM"
)

// Finalize returns the events that close the run: ends of open messages and tool
// calls, results of unanswered ones, and the terminal event; none when the run has
// terminated. The caller observes what it sends of them.
func (p *Progress) Finalize(ending Ending) []agui.Event {
	if p.terminated {
		return nil
	}
	message, reason := cmp.Or(ending.Message, stopMessage), "stop_requested"
	status := "stopped"
	if !ending.Stopped {
		message, status, reason = cmp.Or(ending.Message, incompleteMessage), "error", "missing_terminal_event"
		if ending.Code != "" {
			reason = strings.ToLower(ending.Code)
		}
	}
	events := p.closeMessages(nil)
	for _, call := range p.calls {
		base := agui.BaseEvent{SubagentRunID: call.owner}
		if !call.ended {
			events = append(events, agui.ToolCallEndEvent{BaseEvent: base, ToolCallID: call.id})
		}
		if !call.answered {
			events = append(events, agui.ToolCallResultEvent{
				BaseEvent:  base,
				MessageID:  call.id + "-result",
				ToolCallID: call.id,
				Content:    unansweredContent(status, reason, message),
				Role:       agui.RoleTool,
			})
		}
	}
	if !ending.Stopped {
		return append(events, agui.RunErrorEvent{Message: message, Code: cmp.Or(ending.Code, incompleteCode)})
	}
	events = p.closeParts(events, message)
	return append(events, agui.RunFinishedEvent{ThreadID: ending.ThreadID, RunID: ending.RunID})
}

// Closers returns the ends of all that a RUN_FINISHED must not leave open:
// messages, tool calls, steps and subagents. It is for a run whose agent sends
// its own RUN_FINISHED too early.
func (p *Progress) Closers() []agui.Event {
	if p.terminated {
		return nil
	}
	events := p.closeMessages(nil)
	for _, call := range p.calls {
		if !call.ended {
			events = append(events, agui.ToolCallEndEvent{
				BaseEvent: agui.BaseEvent{SubagentRunID: call.owner}, ToolCallID: call.id,
			})
		}
	}
	return p.closeParts(events, incompleteMessage)
}

// closeMessages appends the ends of text and reasoning.
func (p *Progress) closeMessages(events []agui.Event) []agui.Event {
	for _, m := range p.messages {
		events = append(events, agui.TextMessageEndEvent{
			BaseEvent: agui.BaseEvent{SubagentRunID: m.owner}, MessageID: m.id,
		})
	}
	for _, m := range p.reasoningMessages {
		events = append(events, agui.ReasoningMessageEndEvent{
			BaseEvent: agui.BaseEvent{SubagentRunID: m.owner}, MessageID: m.id,
		})
	}
	for _, m := range p.reasonings {
		events = append(events, agui.ReasoningEndEvent{
			BaseEvent: agui.BaseEvent{SubagentRunID: m.owner}, MessageID: m.id,
		})
	}
	if p.thinkingMessage {
		events = append(events, agui.ThinkingEvent{Type: agui.EventTypeThinkingTextMessageEnd})
	}
	if p.thinking {
		events = append(events, agui.ThinkingEvent{Type: agui.EventTypeThinkingEnd})
	}
	return events
}

// closeParts appends the ends of steps and subagents, the last opened first.
func (p *Progress) closeParts(events []agui.Event, message string) []agui.Event {
	for i := len(p.steps) - 1; i >= 0; i-- {
		events = append(events, agui.StepFinishedEvent{
			BaseEvent: agui.BaseEvent{SubagentRunID: p.steps[i].owner}, StepName: p.steps[i].id,
		})
	}
	// A subagent that is cut off hasn't finished: that would claim a success.
	for i := len(p.subagents) - 1; i >= 0; i-- {
		events = append(events, agui.SubagentErrorEvent{
			BaseEvent: agui.BaseEvent{SubagentRunID: p.subagents[i].id}, Message: message,
		})
	}
	return events
}

// unansweredContent returns the result of a tool call that got none.
func unansweredContent(status, reason, message string) string {
	content := append([]byte(nil), `{"status":`...)
	content = jsonscan.AppendString(content, status)
	content = append(content, `,"reason":`...)
	content = jsonscan.AppendString(content, reason)
	content = append(content, `,"message":`...)
	content = jsonscan.AppendString(content, message)
	return string(append(content, '}'))
}
