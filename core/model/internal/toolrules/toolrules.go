// Package toolrules translates the tools of a request to what a provider takes: names
// there and back, and the schemas of arguments.
package toolrules

import (
	"encoding/json"
	"slices"
	"sync"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// Rules are what a provider takes of tools. Names and schemas that it would refuse
// are translated in requests, and names translated back in answers, so that neither a
// dialect nor a tool has to know. Results are checked against a tool's own schema. The
// same tools are always translated to the same bytes, which providers cache. The zero
// value translates nothing.
type Rules struct {
	// Names says which names of tools the provider takes.
	Names NameRule
	// Properties says which names of properties it takes. Others are left to the
	// description of their object, as their names couldn't be translated back before
	// all arguments have come.
	Properties NameRule
	// Schemas is the form of the schemas of arguments that it takes. If zero, defaults
	// to [SchemaAsIs], and what follows has no effect.
	Schemas SchemaForm
	// Inline replaces each $ref by what it refers to, where the provider has none. A
	// schema that refers to itself ends in a plain object.
	Inline bool
	// FlatRoot merges the oneOf, anyOf and allOf of a schema's root, and removes its
	// enum and not.
	FlatRoot bool
	// OmitEmpty removes a schema without properties: Parameters are nil then.
	OmitEmpty bool
	// Keywords are the keywords that the provider takes, and RootKeywords those that it
	// takes at the root. If nil, they default to all, or to those of OpenAPI for
	// [SchemaOpenAPI]. Constraints that are removed are added to the description.
	Keywords, RootKeywords []string
	// Formats are the values of the keyword format that the provider takes. If nil,
	// defaults to all.
	Formats []string
	// MaxDepth is how deep schemas may nest. If zero, defaults to 32.
	MaxDepth int
}

// Names translates the names of a request's tools. A nil one translates nothing.
type Names struct{ sent, original map[string]string }

// Translate returns the request with tools as the provider takes them, and the names
// that have changed. A request that needs no change is returned as it is. The cache is
// that of these rules.
func (r *Rules) Translate(request *model.Request, schemas *Cache) (*model.Request, *Names) {
	names := r.translateNames(request)
	if names == nil && r.Schemas == SchemaAsIs || len(request.Tools) == 0 && names == nil {
		return request, nil
	}
	changed := *request
	changed.Tools = slices.Clone(request.Tools)
	for i := range changed.Tools {
		tool := &changed.Tools[i]
		tool.Name = names.send(tool.Name)
		tool.Parameters = schemas.convert(r, tool.Parameters)
	}
	if names != nil {
		changed.Settings.ToolChoice.Tool = names.send(request.Settings.ToolChoice.Tool)
		changed.Messages = slices.Clone(request.Messages)
		for i := range changed.Messages {
			names.sendCalls(&changed.Messages[i])
		}
	}
	return &changed, names
}

// send returns the name that the provider gets.
func (n *Names) send(name string) string {
	if n == nil {
		return name
	}
	if sent, ok := n.sent[name]; ok {
		return sent
	}
	return name
}

// sendCalls translates the names of a message's calls.
func (n *Names) sendCalls(m *agui.Message) {
	changes := func(call agui.ToolCall) bool { return n.send(call.Name) != call.Name }
	if !slices.ContainsFunc(m.ToolCalls, changes) {
		return
	}
	m.ToolCalls = slices.Clone(m.ToolCalls)
	for i := range m.ToolCalls {
		m.ToolCalls[i].Name = n.send(m.ToolCalls[i].Name)
	}
}

// Receive translates the name of a call that begins.
func (n *Names) Receive(delta *model.Delta) {
	if n == nil || delta.Kind != model.KindToolCall {
		return
	}
	if original, ok := n.original[delta.Name]; ok {
		delta.Name = original
	}
}

// maxSchemas bounds the schemas that a cache holds, in bytes.
const maxSchemas = 1 << 20

// Cache remembers how schemas were converted: those of most requests are the same, and
// converting them takes longer than all else that is done for a request. Its zero value
// is empty. It is safe for concurrent use.
type Cache struct {
	mu        sync.Mutex
	converted map[string]json.RawMessage
	size      int
}

// convert returns a schema as the provider takes it.
func (c *Cache) convert(r *Rules, original json.RawMessage) json.RawMessage {
	if r.Schemas == SchemaAsIs {
		return original
	}
	c.mu.Lock()
	known, ok := c.converted[string(original)]
	c.mu.Unlock()
	if ok {
		return known
	}
	converted := r.schema(original)
	size := len(original) + len(converted)
	if size > maxSchemas/8 {
		return converted
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.converted == nil || c.size+size > maxSchemas {
		c.converted, c.size = make(map[string]json.RawMessage), 0
	}
	c.converted[string(original)] = converted
	c.size += size
	return converted
}
