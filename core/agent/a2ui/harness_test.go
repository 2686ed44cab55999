package a2ui_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

const basic = "https://a2ui.org/specification/v0_9/basic_catalog.json"

// root is the component of the simplest surface.
const root = `{"id":"root","component":"Text","text":"hi"}`

// own is for agents with tools of their own: no run gets one.
var own = a2ui.Config{Tool: a2ui.ToolNever}

var finished = agui.RunFinishedEvent{ThreadID: "t", RunID: "r"}

// call returns the events of a call whose arguments come in deltas.
func call(id, tool string, deltas ...string) []agui.Event {
	events := []agui.Event{agui.ToolCallStartEvent{ToolCallID: id, ToolCallName: tool}}
	for _, delta := range deltas {
		events = append(events, agui.ToolCallArgsEvent{ToolCallID: id, Delta: delta})
	}
	return append(events, agui.ToolCallEndEvent{ToolCallID: id})
}

// result returns the result of a call.
func result(id, content string) []agui.Event {
	return []agui.Event{agui.ToolCallResultEvent{MessageID: "of-" + id, ToolCallID: id, Content: content}}
}

func run(parts ...[]agui.Event) []agui.Event { return slices.Concat(parts...) }

// answering is an agent that answers with events, and keeps the input it got.
func answering(events []agui.Event, got **agui.RunAgentInput) agent.Agent {
	return agent.Func(func(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		if got != nil {
			*got = input
		}
		return func(yield func(agui.Event, error) bool) {
			for _, event := range events {
				if !yield(event, nil) {
					return
				}
			}
		}
	})
}

func newExtension(t testing.TB, config a2ui.Config) *a2ui.Extension {
	t.Helper()
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	x, err := a2ui.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// drawn returns what front ends get of events, as trace tells it. It is the same whether
// the events are structs or have their wire form.
func drawn(t testing.TB, config a2ui.Config, input *agui.RunAgentInput, events ...agui.Event) []string {
	t.Helper()
	if input == nil {
		input = &agui.RunAgentInput{ThreadID: "t", RunID: "r"}
	}
	x := newExtension(t, config)
	got := trace(t, agenttest.Run(t, x.Extend("default", answering(events, nil)), input))
	encoded := make([]agui.Event, len(events))
	for i := range events {
		var err error
		if encoded[i], err = agui.Encode(events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if other := trace(t, agenttest.Run(t, x.Extend("default", answering(encoded, nil)), input)); !slices.Equal(other, got) {
		t.Errorf("encoded events become\n%s\nstructs\n%s", strings.Join(other, "\n"), strings.Join(got, "\n"))
	}
	return got
}

// trace tells events in one line each, those of a call by the call's id.
func trace(t testing.TB, events []agui.Event) (lines []string) {
	t.Helper()
	for _, event := range events {
		encoded, err := agui.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		if event, err = encoded.Decode(); err != nil {
			t.Fatalf("%s: %v", encoded.JSON(), err)
		}
		switch v := event.(type) {
		case agui.ToolCallStartEvent:
			lines = append(lines, "start "+v.ToolCallID)
		case agui.ToolCallArgsEvent:
			lines = append(lines, "args "+v.ToolCallID)
		case agui.ToolCallEndEvent:
			lines = append(lines, "end "+v.ToolCallID)
		case agui.ToolCallResultEvent:
			content := v.Content
			if strings.Contains(content, "a2ui") {
				content = "…"
			}
			lines = append(lines, "result "+v.ToolCallID+" "+content)
		case agui.ActivitySnapshotEvent:
			if replace, _ := encoded.Field("replace"); string(replace) != "true" || v.ActivityType != "a2ui-surface" {
				t.Errorf("%s is not an activity of a surface that replaces what was there", encoded.JSON())
			}
			lines = append(lines, "  "+strings.TrimPrefix(v.MessageID, "a2ui-surface-")+": "+tell(t, v.Content))
		default:
			lines = append(lines, string(event.EventType()))
		}
	}
	return lines
}

// operations are the content of a surface that is drawn.
type operations struct {
	Operations []operation `json:"a2ui_operations"`
}

type operation struct {
	Version       string `json:"version"`
	CreateSurface *struct {
		SurfaceID string `json:"surfaceId"`
		CatalogID string `json:"catalogId"`
	} `json:"createSurface"`
	UpdateComponents *struct {
		SurfaceID  string            `json:"surfaceId"`
		Components []json.RawMessage `json:"components"`
	} `json:"updateComponents"`
	UpdateDataModel *struct {
		SurfaceID string          `json:"surfaceId"`
		Path      string          `json:"path"`
		Value     json.RawMessage `json:"value"`
	} `json:"updateDataModel"`
}

// tell tells the content of an activity: operations in words, the rest as it is.
func tell(t testing.TB, content json.RawMessage) string {
	t.Helper()
	var surface operations
	if err := json.Unmarshal(content, &surface); err != nil {
		t.Fatal(err)
	}
	if surface.Operations == nil {
		return string(content)
	}
	var words []string
	for _, op := range surface.Operations {
		switch {
		case op.CreateSurface != nil:
			catalog := op.CreateSurface.CatalogID
			if catalog == basic {
				catalog = "basic"
			}
			words = append(words, fmt.Sprintf("create %s of %s", op.CreateSurface.SurfaceID, catalog))
		case op.UpdateComponents != nil:
			words = append(words, fmt.Sprintf("%d components", len(op.UpdateComponents.Components)))
		case op.UpdateDataModel != nil:
			words = append(words, "data "+string(op.UpdateDataModel.Value))
		default:
			words = append(words, "another")
		}
	}
	return strings.Join(words, ", ")
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var errAgent = errors.New("the agent failed")
