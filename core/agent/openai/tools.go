package openai

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// toolset is what the model may call in a run.
type toolset struct {
	definitions []toolDefinition
	// at has the places of the definitions, by name.
	at map[string]int
	// server holds the tools that run here, by name; a name that is in front is
	// the front end's, and one in neither doesn't exist. A nil front has them all.
	server map[string]*agent.ServerTool
	front  map[string]bool
	state  *sharedState // nil without the state tools
	logger *slog.Logger
}

// toolset gathers the tools of a run: the front end's, then the configured ones,
// the state's, and those of the sources. A later one replaces an earlier one of
// the same name.
func (a *Agent) toolset(ctx context.Context, input *agui.RunAgentInput) (*toolset, error) {
	t := &toolset{at: map[string]int{}, server: map[string]*agent.ServerTool{}, front: map[string]bool{}, logger: a.config.Logger}
	for i := range input.Tools {
		tool := &input.Tools[i]
		parameters, err := cleanSchema(tool.Name, tool.Parameters)
		if err != nil {
			return nil, err
		}
		t.define(newToolDefinition(tool.Name, tool.Description, parameters))
		t.front[tool.Name] = true
	}
	for i := range a.config.Tools {
		t.addServer(&a.config.Tools[i], a.tools[i])
	}
	if !a.config.WithoutStateTools {
		t.state = newSharedState(input)
		for _, definition := range stateTools() {
			t.define(definition)
			delete(t.front, definition.Function.Name)
			delete(t.server, definition.Function.Name)
		}
	}
	for _, source := range a.config.ToolSources {
		tools, err := source.Tools(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			t.logger.WarnContext(ctx, "a tool source is left out of this run", "error", err)
			continue
		}
		for i := range tools {
			definitions, err := define(tools[i : i+1])
			if err != nil {
				t.logger.WarnContext(ctx, "a tool is left out of this run", "error", err)
				continue
			}
			t.addServer(&tools[i], definitions[0])
		}
	}
	return t, nil
}

func (t *toolset) addServer(tool *agent.ServerTool, definition toolDefinition) {
	t.define(definition)
	t.server[tool.Name] = tool
	delete(t.front, tool.Name)
}

// define checks tools and describes them to the model.
func define(tools []agent.ServerTool) ([]toolDefinition, error) {
	definitions := make([]toolDefinition, len(tools))
	for i := range tools {
		if err := tools[i].Check(); err != nil {
			return nil, err
		}
		parameters, err := cleanSchema(tools[i].Name, tools[i].Parameters)
		if err != nil {
			return nil, err
		}
		definitions[i] = newToolDefinition(tools[i].Name, tools[i].Description, parameters)
	}
	return definitions, nil
}

func (t *toolset) define(definition toolDefinition) {
	name := definition.Function.Name
	if at, ok := t.at[name]; ok {
		t.definitions[at] = definition
		return
	}
	t.at[name] = len(t.definitions)
	t.definitions = append(t.definitions, definition)
}

func newToolDefinition(name, description string, parameters json.RawMessage) toolDefinition {
	definition := toolDefinition{Type: "function"}
	definition.Function.Name = name
	definition.Function.Description = description
	definition.Function.Parameters = parameters
	return definition
}

// outcome is what came of the calls of one step.
type outcome struct {
	// results are for the model, in the order of the calls.
	results []message
	// interrupts are the questions that some calls ask.
	interrupts []agui.Interrupt
	// unanswered tells that some calls are for the front end.
	unanswered bool
}

// run runs the calls of one step side by side, and sends each result as soon as
// it is there. It returns after all of them have.
func (t *toolset) run(ctx context.Context, calls []*toolCall, out *emitter) (*outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()

	type answer struct {
		at     int
		result json.RawMessage
	}
	o := &outcome{}
	results := make([]json.RawMessage, len(calls))
	answers := make(chan answer, len(calls))
	record := func(at int, result json.RawMessage) error {
		results[at] = result
		return out.send(agui.ToolCallResultEvent{
			MessageID: newID(), ToolCallID: calls[at].id, Content: string(result), Role: agui.RoleTool,
		})
	}
	waiting := 0
	for at, call := range calls {
		tool := t.server[call.name]
		switch {
		case tool != nil && tool.Interrupt != nil:
			o.interrupts = append(o.interrupts, interruptOf(call, tool.Interrupt))
		case tool != nil:
			waiting++
			running.Go(func() {
				answers <- answer{at, t.runTool(ctx, tool, call)}
			})
		case t.state != nil && (call.name == stateSnapshotTool || call.name == stateDeltaTool):
			events, result, err := t.state.call(call.name, call.arguments.Bytes())
			if err != nil {
				result = errorResult(err.Error())
			}
			for _, event := range events {
				if err := out.send(event); err != nil {
					return nil, err
				}
			}
			if err := record(at, result); err != nil {
				return nil, err
			}
		case t.front == nil || t.front[call.name]:
			o.unanswered = true
		default:
			if err := record(at, errorResult("there is no tool named "+call.name)); err != nil {
				return nil, err
			}
		}
	}
	for ; waiting > 0; waiting-- {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case a := <-answers:
			if err := record(a.at, a.result); err != nil {
				return nil, err
			}
		}
	}
	for at, result := range results {
		if result != nil {
			o.results = append(o.results, message{Role: "tool", ToolCallID: calls[at].id, Content: plainText(result)})
		}
	}
	return o, nil
}

// runTool runs one tool. What goes wrong is the result.
func (t *toolset) runTool(ctx context.Context, tool *agent.ServerTool, call *toolCall) json.RawMessage {
	result, err := tool.Run(ctx, call.arguments.Bytes())
	if err == nil && !json.Valid(result) {
		err = errors.New("the tool's result is not JSON")
	}
	if err == nil {
		return json.RawMessage(compacted(result))
	}
	if panicked := (*agent.PanicError)(nil); errors.As(err, &panicked) {
		t.logger.ErrorContext(ctx, "a tool panicked", "tool", tool.Name, "panic", panicked.Value, "stack", string(panicked.Stack))
	} else {
		t.logger.InfoContext(ctx, "a tool failed", "tool", tool.Name, "error", err)
	}
	return errorResult(err.Error())
}

func interruptOf(call *toolCall, interrupt *agent.Interrupt) agui.Interrupt {
	reason := interrupt.Reason
	if reason == "" {
		reason = "tool_call"
	}
	return agui.Interrupt{ID: call.id, ToolCallID: call.id, Reason: reason, Message: interrupt.Message}
}

// plainText gives a result that is a string as its text, any other as its JSON.
func plainText(result json.RawMessage) string {
	var text string
	if json.Unmarshal(result, &text) == nil && string(result) != "null" {
		return text
	}
	return string(result)
}
