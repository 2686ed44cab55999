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

// ServerTool is a tool that the model can call and that this process runs.
// [Tool] makes one from a Go function, [InterruptTool] one that asks a person.
type ServerTool struct {
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments, an object. Nil means that
	// there are none.
	Parameters json.RawMessage
	// Call runs the tool with arguments that are a JSON object, and returns JSON.
	// The text of an error is told to the model and shown to the user, so that
	// the model can try again: no keys and no addresses in it. Calls of one step
	// run side by side.
	Call func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error)
	// Interrupt makes a call of this tool end the run with a question instead of
	// running anything; the answer to the question is the tool's result.
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

// ToolSource gives tools that are known only at run time, such as those of an
// MCP server. It is used by many runs at once. An error leaves the source's
// tools out of that run.
type ToolSource interface {
	Tools(ctx context.Context) ([]ServerTool, error)
}

// Tool makes a tool from a function. The schema of its arguments comes from In,
// a struct whose fields may carry a description in a jsonschema tag; arguments
// that don't fit the schema never reach the function. Out is anything that can
// be marshaled to JSON. A type that has no schema is reported by Check.
func Tool[In, Out any](name, description string, call func(ctx context.Context, in In) (Out, error)) ServerTool {
	tool := ServerTool{Name: name, Description: description}
	schema, parameters, err := schemaOf[In]()
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

// InterruptTool makes a tool whose call ends the run with a question for a
// person. In gives the schema of the arguments, as in [Tool].
func InterruptTool[In any](name, description string, question Question) ServerTool {
	tool := ServerTool{Name: name, Description: description, Interrupt: &question}
	_, parameters, err := schemaOf[In]()
	if err != nil {
		tool.err = fmt.Errorf("tool %s: %w", name, err)
	}
	tool.Parameters = parameters
	return tool
}

// Check tells what is wrong with the tool: a missing name, a type without a
// schema, nothing to run. Agents check their tools when they are made.
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

// PanicError is a tool's panic. Its text is safe to show; the rest is for the log.
type PanicError struct {
	Value any
	Stack []byte
}

// Error says only that the tool failed.
func (e *PanicError) Error() string { return "the tool failed unexpectedly" }

// Run calls the tool and turns a panic into a [*PanicError]. Arguments that are
// empty count as an empty object.
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

// schemaOf infers the schema of a tool's arguments.
func schemaOf[In any]() (*jsonschema.Resolved, json.RawMessage, error) {
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

// decodeArguments checks arguments against the schema and decodes them.
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
