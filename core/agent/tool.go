package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/google/jsonschema-go/jsonschema"
)

// ServerTool is a tool that the model can call and that runs in this process.
// [Tool] makes one from a Go function, [InterruptTool] one that asks a person.
type ServerTool struct {
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments, an object. If nil, the tool
	// has no arguments.
	Parameters json.RawMessage
	// Call runs the tool with arguments that are a JSON object, and returns JSON.
	// The text of an error is sent to the model, which may try again, and shown to
	// the user, so it must not contain keys or addresses. Calls of one step run
	// concurrently.
	Call func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error)
	// Interrupt makes a call of this tool end the run with a question instead of
	// running anything. The answer to the question is the tool's result. Call must
	// be nil then.
	Interrupt *Question

	err error
}

// Question is what a person is asked when the model calls an interrupt tool.
type Question struct {
	// Reason is a category for the front end. If empty, defaults to "tool_call".
	Reason string
	// Message is the text of the question, empty for none.
	Message string
}

// ToolSource provides tools that are known only at run time, such as those of an
// MCP server. It must be safe for concurrent use.
type ToolSource interface {
	// Tools returns the tools for one run. If it fails, the run goes on without
	// them.
	Tools(ctx context.Context) ([]ServerTool, error)
}

// Tool returns a tool that calls a function. The schema of its arguments is
// inferred from In, a struct whose fields may have a description in a jsonschema
// tag; arguments that don't match the schema never reach the function. Out is any
// type that can be marshaled to JSON. Check reports a type that has no schema.
func Tool[In, Out any](name, description string, call func(ctx context.Context, in In) (Out, error)) ServerTool {
	tool := ServerTool{Name: name, Description: description}
	schema, parameters, err := inferSchema[In]()
	if err != nil {
		tool.err = fmt.Errorf("tool %s: %w", name, err)
		return tool
	}
	tool.Parameters = parameters
	tool.Call = func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error) {
		in, err := decodeArguments[In](schema, arguments)
		if err != nil {
			return nil, err
		}
		out, err := call(ctx, in)
		if err != nil {
			return nil, err
		}
		result, err := json.Marshal(out)
		if err != nil {
			return nil, fmt.Errorf("encode the result: %w", err)
		}
		return result, nil
	}
	return tool
}

// InterruptTool returns a tool whose call ends the run with a question for a
// person. The schema of its arguments is inferred from In, as in [Tool].
func InterruptTool[In any](name, description string, question Question) ServerTool {
	tool := ServerTool{Name: name, Description: description, Interrupt: &question}
	_, parameters, err := inferSchema[In]()
	if err != nil {
		tool.err = fmt.Errorf("tool %s: %w", name, err)
	}
	tool.Parameters = parameters
	return tool
}

// Check reports what is wrong with the tool: a missing name, a type without a
// schema, nothing to call. Agents check their tools when they are made.
func (t *ServerTool) Check() error {
	switch {
	case t.err != nil:
		return t.err
	case t.Name == "":
		return errors.New("tool without a name")
	case t.Interrupt == nil && t.Call == nil:
		return fmt.Errorf("tool %s: nothing to call", t.Name)
	case t.Interrupt != nil && t.Call != nil:
		return fmt.Errorf("tool %s: an interrupt tool must not have a Call of its own", t.Name)
	}
	return nil
}

// PanicError is a panic of a tool. Its text is safe to show; Value and Stack are
// for the log.
type PanicError struct {
	Value any
	Stack []byte
}

// Error reports only that the tool failed.
func (e *PanicError) Error() string { return "the tool failed unexpectedly" }

// Run calls the tool and converts a panic to a [*PanicError]. Empty arguments are
// an empty object.
func (t *ServerTool) Run(ctx context.Context, arguments json.RawMessage) (result json.RawMessage, err error) {
	defer func() {
		if value := recover(); value != nil {
			result, err = nil, &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	if len(bytes.TrimSpace(arguments)) == 0 {
		arguments = json.RawMessage("{}")
	}
	return t.Call(ctx, arguments)
}

// inferSchema infers the schema of a tool's arguments.
func inferSchema[In any]() (*jsonschema.Resolved, json.RawMessage, error) {
	schema, err := jsonschema.For[In](nil)
	if err != nil {
		return nil, nil, fmt.Errorf("infer the schema of the arguments: %w", err)
	}
	if schema.Type == "" && len(schema.Types) == 0 {
		schema.Type = "object" // any, as In, means an object with anything in it
	}
	if schema.Type != "object" {
		return nil, nil, fmt.Errorf("the arguments must be a struct or a map, not %T", *new(In))
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		return nil, nil, fmt.Errorf("resolve the schema of the arguments: %w", err)
	}
	parameters, err := json.Marshal(schema)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the schema of the arguments: %w", err)
	}
	return resolved, parameters, nil
}

// decodeArguments validates arguments against the schema and decodes them.
func decodeArguments[In any](schema *jsonschema.Resolved, arguments json.RawMessage) (in In, err error) {
	var value map[string]any
	if err := json.Unmarshal(arguments, &value); err != nil {
		return in, fmt.Errorf("the arguments are not a JSON object: %w", err)
	}
	if err := schema.Validate(value); err != nil {
		return in, fmt.Errorf("the arguments do not fit the schema: %w", err)
	}
	if err := json.Unmarshal(arguments, &in); err != nil {
		return in, fmt.Errorf("decode the arguments: %w", err)
	}
	return in, nil
}
