package loop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// Tools are the tools that the model can call in a run. A tool that is added
// replaces an earlier one of the same name, but those of sources replace none.
type Tools struct {
	// UnknownAreClient leaves calls of tools that weren't added to the front end.
	// Otherwise their result is an error.
	UnknownAreClient bool
	// Logger logs what clients must not see.
	Logger *slog.Logger

	definitions []model.Tool
	// index holds the indices of the definitions, by name.
	index  map[string]int
	client map[string]bool
	server map[string]*agent.ServerTool
	state  *sharedState // nil without the state tools
}

// Definitions returns the definitions of the tools for the model.
func (t *Tools) Definitions() []model.Tool { return t.definitions }

// AddClient adds the tools of the front end.
func (t *Tools) AddClient(tools []agui.Tool) error {
	for i := range tools {
		definition, err := model.NewTool(tools[i].Name, tools[i].Description, tools[i].Parameters)
		if err != nil {
			return err
		}
		t.define(definition)
		if t.client == nil {
			t.client = make(map[string]bool, len(tools))
		}
		t.client[definition.Name] = true
		delete(t.server, definition.Name)
	}
	return nil
}

// AddServer adds a tool that runs in this process.
func (t *Tools) AddServer(tool *agent.ServerTool, definition model.Tool) {
	t.define(definition)
	if t.server == nil {
		t.server = map[string]*agent.ServerTool{}
	}
	t.server[tool.Name] = tool
	delete(t.client, tool.Name)
}

// AddState adds the two tools that change the shared state, which starts as the
// state of the input.
func (t *Tools) AddState(input *agui.RunAgentInput) {
	t.state = newSharedState(input)
	for _, definition := range StateTools() {
		t.define(definition)
		delete(t.client, definition.Name)
		delete(t.server, definition.Name)
	}
}

// AddSources adds the tools of sources, which are asked side by side, in their order. It
// leaves out, and logs, a source that fails and a tool that isn't valid. A tool whose name
// is taken gets another, so that no source gets the calls of a tool that isn't its own. It
// fails if ctx ends.
func (t *Tools) AddSources(ctx context.Context, sources []agent.ToolSource) error {
	listed := make([][]agent.ServerTool, len(sources))
	failures := make([]error, len(sources))
	var listing sync.WaitGroup
	for i, source := range sources {
		if i == len(sources)-1 {
			listed[i], failures[i] = ask(ctx, source) // without a goroutine where there is but one
			break
		}
		listing.Go(func() { listed[i], failures[i] = ask(ctx, source) })
	}
	listing.Wait()
	for i, tools := range listed {
		if failures[i] != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			t.Logger.WarnContext(ctx, "a tool source is left out of this run", "error", failures[i])
			continue
		}
		t.addSource(ctx, tools)
	}
	return nil
}

// ask asks a source for its tools. A panic is a failure of it alone.
func ask(ctx context.Context, source agent.ToolSource) (tools []agent.ServerTool, err error) {
	defer func() {
		if value := recover(); value != nil {
			tools, err = nil, fmt.Errorf("panic: %v", value)
		}
	}()
	return source.Tools(ctx)
}

func (t *Tools) addSource(ctx context.Context, tools []agent.ServerTool) {
	for i := range tools {
		tool := &tools[i]
		if name := t.freeName(tool.Name); name != tool.Name {
			renamed := *tool // others share the list
			renamed.Name = name
			tool = &renamed
		}
		definitions, err := Define([]agent.ServerTool{*tool})
		if err != nil {
			t.Logger.WarnContext(ctx, "a tool is left out of this run", "error", err)
			continue
		}
		t.AddServer(tool, definitions[0])
	}
}

// freeName returns a name that no tool has: the given one, or one with a number.
func (t *Tools) freeName(name string) string {
	free := name
	for n := 2; ; n++ {
		if _, taken := t.index[free]; !taken {
			return free
		}
		free = name + "_" + strconv.Itoa(n)
	}
}

// Define checks tools and returns their definitions, in the same order.
func Define(tools []agent.ServerTool) ([]model.Tool, error) {
	definitions := make([]model.Tool, len(tools))
	for i := range tools {
		if err := tools[i].Check(); err != nil {
			return nil, err
		}
		definition, err := model.NewTool(tools[i].Name, tools[i].Description, tools[i].Parameters)
		if err != nil {
			return nil, err
		}
		definitions[i] = definition
	}
	return definitions, nil
}

func (t *Tools) define(definition model.Tool) {
	if at, ok := t.index[definition.Name]; ok {
		t.definitions[at] = definition
		return
	}
	if t.index == nil {
		t.index = map[string]int{}
	}
	t.index[definition.Name] = len(t.definitions)
	t.definitions = append(t.definitions, definition)
}

// callsOutcome is the outcome of the calls of one step.
type callsOutcome struct {
	// results are messages for the model, in the order of the calls.
	results []agui.Message
	// interrupts are the questions of interrupt tools.
	interrupts []agui.Interrupt
	// unanswered reports that there are calls for the front end.
	unanswered bool
}

// run runs the calls of one step concurrently, and sends each result when it is
// available. All tools have returned when it returns.
func (t *Tools) run(ctx context.Context, calls []*toolCall, out *emitter) (*callsOutcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()

	type answer struct {
		index  int
		result json.RawMessage
	}
	outcome := &callsOutcome{}
	results := make([]json.RawMessage, len(calls))
	answers := make(chan answer, len(calls))
	record := func(index int, result json.RawMessage) error {
		results[index] = result
		return out.send(agui.ToolCallResultEvent{
			MessageID: agui.NewID(), ToolCallID: calls[index].id, Content: string(result), Role: agui.RoleTool,
		})
	}
	waiting := 0
	for i, call := range calls {
		tool := t.server[call.name]
		switch {
		case tool != nil && tool.Interrupt != nil:
			outcome.interrupts = append(outcome.interrupts, newInterrupt(call, tool.Interrupt))
		case tool != nil:
			waiting++
			running.Go(func() {
				// A tool that calls runtime.Goexit, as the FailNow of a test does,
				// has failed too.
				result := errorResult("the tool ended its goroutine")
				defer func() { answers <- answer{i, result} }()
				result = t.runTool(ctx, tool, call)
			})
		case t.state != nil && isStateTool(call.name):
			events, result, err := t.state.call(call.name, call.arguments.Bytes())
			if err != nil {
				result = errorResult(err.Error())
			}
			for _, event := range events {
				if err := out.send(event); err != nil {
					return nil, err
				}
			}
			if err := record(i, result); err != nil {
				return nil, err
			}
		case t.UnknownAreClient || t.client[call.name]:
			outcome.unanswered = true
		default:
			if err := record(i, errorResult("there is no tool named "+call.name)); err != nil {
				return nil, err
			}
		}
	}
	for ; waiting > 0; waiting-- {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case a := <-answers:
			if err := record(a.index, a.result); err != nil {
				return nil, err
			}
		}
	}
	for i, result := range results {
		if result != nil {
			outcome.results = append(outcome.results, agui.Message{
				ID: agui.NewID(), Role: agui.RoleTool, ToolCallID: calls[i].id, Content: agui.TextContent(plainText(result)),
			})
		}
	}
	return outcome, nil
}

// maxResult bounds the result of a tool, in bytes. It goes to the model, to the client
// and into the thread.
const maxResult = 8 << 20

// runTool runs one tool. If it fails, the error is the result.
func (t *Tools) runTool(ctx context.Context, tool *agent.ServerTool, call *toolCall) (answer json.RawMessage) {
	within, observed := observeTool(ctx, tool, call)
	ended := errors.New("the tool ended its goroutine")
	defer func() { observed(answer, ended) }()
	result, err := tool.Run(within, call.arguments.Bytes())
	if err == nil && len(result) > maxResult {
		err = fmt.Errorf("the tool's result has %d bytes, and %d at most are taken", len(result), maxResult)
	}
	if err == nil && !json.Valid(result) {
		err = errors.New("the tool's result is not JSON")
	}
	if ended = err; err == nil {
		return json.RawMessage(compact(result))
	}
	if panicked := (*agent.PanicError)(nil); errors.As(err, &panicked) {
		t.Logger.ErrorContext(ctx, "a tool panicked", "tool", tool.Name, "panic", panicked.Value, "stack", string(panicked.Stack))
	} else {
		t.Logger.InfoContext(ctx, "a tool failed", "tool", tool.Name, "error", err)
	}
	return errorResult(err.Error())
}

func newInterrupt(call *toolCall, question *agent.Question) agui.Interrupt {
	reason := question.Reason
	if reason == "" {
		reason = "tool_call"
	}
	return agui.Interrupt{ID: call.id, ToolCallID: call.id, Reason: reason, Message: question.Message}
}

// plainText returns the text of a result that is a JSON string, and any other
// result as JSON.
func plainText(result json.RawMessage) string {
	var text string
	if json.Unmarshal(result, &text) == nil && string(result) != "null" {
		return text
	}
	return string(result)
}
