package dialecttest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A Strict function checks the body of a request as its provider does: which fields there
// are, which must be there, what may follow what. It returns all that would be refused.
type Strict func(body []byte) error

// checker collects what is wrong with a request.
type checker struct{ problems []error }

// strict returns the function that checks the body's object.
func strict(check func(c *checker, body object)) Strict {
	return func(body []byte) error {
		var decoded object
		if err := json.Unmarshal(body, &decoded); err != nil {
			return err
		}
		c := &checker{}
		check(c, decoded)
		return errors.Join(c.problems...)
	}
}

type object = map[string]any

func (c *checker) wrong(format string, values ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, values...))
}

// fields checks that a value is an object with the fields that are named, and no others.
// Those that end with a question mark may be missing.
func (c *checker) fields(at string, value any, names ...string) object {
	o, ok := value.(object)
	if !ok {
		c.wrong("%s: %v is not an object", at, value)
		return object{}
	}
	known := map[string]bool{}
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		known[name] = true
		if _, has := o[name]; !has && !optional {
			c.wrong("%s: no %s in %v", at, name, o)
		}
	}
	for name := range o {
		if !known[name] {
			c.wrong("%s: unknown field %s", at, name)
		}
	}
	return o
}

// list returns a list that has an element at least.
func (c *checker) list(at string, value any) []any {
	all, _ := value.([]any)
	if len(all) == 0 {
		c.wrong("%s: %v is no list, or empty", at, value)
	}
	return all
}

// text returns a text that isn't blank.
func (c *checker) text(at string, value any) string {
	text, _ := value.(string)
	if strings.TrimSpace(text) == "" {
		c.wrong("%s: blank text %v", at, value)
	}
	return text
}

func (c *checker) matches(at string, pattern *regexp.Regexp, value any) string {
	text, _ := value.(string)
	if !pattern.MatchString(text) {
		c.wrong("%s: %v doesn't match %s", at, value, pattern)
	}
	return text
}

func (c *checker) base64(at string, value any) {
	text, _ := value.(string)
	if _, err := base64.StdEncoding.DecodeString(text); err != nil || text == "" {
		c.wrong("%s: %.40v is no base64", at, value)
	}
}

// turns checks that messages alternate and begin with the user, and returns them.
func (c *checker) turns(at string, value any, user, assistant, content string) []turn {
	var turns []turn
	for i, message := range c.list(at, value) {
		at := fmt.Sprintf("%s.%d", at, i)
		m := c.fields(at, message, "role", content)
		role, _ := m["role"].(string)
		if want := []string{user, assistant}[i%2]; role != want {
			c.wrong("%s: the role is %s, not %s", at, role, want)
		}
		turns = append(turns, turn{at + "." + content, role == user, c.list(at, m[content])})
	}
	return turns
}

type turn struct {
	at     string
	user   bool
	blocks []any
}

// calls checks that calls have their results in the next turn.
type calls struct {
	*checker
	seen    map[string]bool
	waiting map[string]bool
}

func (c *checker) calls() *calls { return &calls{c, map[string]bool{}, map[string]bool{}} }

func (c *calls) call(at string, id any) {
	text := c.text(at+" id", id)
	if c.seen[text] {
		c.wrong("%s: the id %s is there twice", at, text)
	}
	c.seen[text], c.waiting[text] = true, true
}

func (c *calls) result(at string, id any) {
	text, _ := id.(string)
	if !c.waiting[text] {
		c.wrong("%s: a result without a call, or a second one: %v", at, id)
	}
	delete(c.waiting, text)
}

func (c *calls) settled(at string) {
	for id := range c.waiting {
		c.wrong("%s: the call %s has no result", at, id)
	}
	clear(c.waiting)
}

// schema checks a tool's schema: of an object, without combinations at its root.
func (c *checker) schema(at string, value any) {
	root, _ := value.(object)
	if root["type"] != "object" {
		c.wrong("%s: a schema of %v", at, root["type"])
	}
	for _, keyword := range []string{"oneOf", "anyOf", "allOf", "not", "enum"} {
		if root[keyword] != nil {
			c.wrong("%s: %s at the root of a schema", at, keyword)
		}
	}
}

// The forms of names and ids.
var (
	toolName     = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	callID       = regexp.MustCompile(`^.{1,64}$`)
	geminiName   = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$`)
	geminiRole   = regexp.MustCompile(`^(user|model)$`)
	documentName = regexp.MustCompile(`^[a-zA-Z0-9()\[\]-]+( [a-zA-Z0-9()\[\]-]+)*$`)
)

// StrictChatCompletions checks a request as OpenAI does.
var StrictChatCompletions = strict(func(c *checker, body object) {
	c.fields("body", body, "model", "messages", "stream", "stream_options?", "tools?", "tool_choice?", "temperature?", "top_k?", "max_completion_tokens?", "max_tokens?", "reasoning_effort?")
	calls := c.calls()
	for i, message := range c.list("messages", body["messages"]) {
		at := fmt.Sprintf("messages.%d", i)
		m, _ := message.(object)
		if m["role"] != "tool" {
			calls.settled(at)
		}
		switch m["role"] {
		case "system", "developer":
			c.fields(at, m, "role", "content")
		case "user":
			c.fields(at, m, "role", "content")
			if _, ok := m["content"].(string); !ok {
				for _, part := range c.list(at, m["content"]) {
					c.typed(at, part, "text: text; image_url: image_url; input_audio: input_audio; file: file")
				}
			}
		case "assistant":
			c.fields(at, m, "role", "content?", "tool_calls?")
			if m["content"] == nil && m["tool_calls"] == nil {
				c.wrong("%s: neither content nor calls", at)
			}
			if m["tool_calls"] != nil {
				for _, call := range c.list(at, m["tool_calls"]) {
					call := c.fields(at, call, "id", "type", "function", "extra_content?")
					calls.call(at, call["id"])
					function := c.fields(at, call["function"], "name", "arguments")
					c.matches(at, toolName, function["name"])
				}
			}
		case "tool":
			c.fields(at, m, "role", "content", "tool_call_id")
			calls.result(at, m["tool_call_id"])
		default:
			c.wrong("%s: role %v", at, m["role"])
		}
	}
	calls.settled("messages")
	if body["tools"] != nil {
		for _, tool := range c.list("tools", body["tools"]) {
			function := c.fields("tools", c.fields("tools", tool, "type", "function")["function"], "name", "description?", "parameters")
			c.matches("tools", toolName, function["name"])
			c.schema("tools", function["parameters"])
		}
	}
})

// StrictResponses checks a request as OpenAI's Responses API does.
var StrictResponses = strict(func(c *checker, body object) {
	c.fields("body", body, "model", "input", "stream", "store", "tools?", "tool_choice?", "temperature?", "max_output_tokens?", "include?", "reasoning?")
	calls := c.calls()
	items := c.list("input", body["input"])
	for i, value := range items {
		at := fmt.Sprintf("input.%d", i)
		m, _ := value.(object)
		switch m["type"] {
		case nil, "message":
			c.fields(at, m, "type?", "role", "content", "phase?")
			if _, ok := m["content"].(string); !ok {
				for _, part := range c.list(at, m["content"]) {
					c.typed(at, part, "input_text: text; input_image: image_url; input_file: filename?, file_data?, file_url?")
				}
			}
		case "function_call":
			c.fields(at, m, "type", "call_id", "name", "arguments")
			c.matches(at, callID, m["call_id"])
			c.matches(at, toolName, m["name"])
			calls.call(at, m["call_id"])
		case "function_call_output":
			c.fields(at, m, "type", "call_id", "output")
			calls.result(at, m["call_id"])
		case "reasoning":
			c.fields(at, m, "type", "summary", "encrypted_content")
			next := object{}
			if i+1 < len(items) {
				next, _ = items[i+1].(object)
			}
			if next["role"] != "assistant" && next["type"] != "function_call" && next["type"] != "reasoning" {
				c.wrong("%s: reasoning without what it led to", at)
			}
		default:
			c.wrong("%s: type %v", at, m["type"])
		}
	}
	calls.settled("input")
	if body["tools"] != nil {
		for _, tool := range c.list("tools", body["tools"]) {
			tool := c.fields("tools", tool, "type", "name", "description?", "parameters", "strict")
			c.matches("tools", toolName, tool["name"])
			c.schema("tools", tool["parameters"])
		}
	}
})

// typed checks an object by its type. A form is "type: field, field?; type: field".
func (c *checker) typed(at string, value any, forms string) object {
	o, _ := value.(object)
	for form := range strings.SplitSeq(forms, "; ") {
		if kind, fields, _ := strings.Cut(form, ": "); o["type"] == kind {
			return c.fields(at, value, append(strings.Split(fields, ", "), "type")...)
		}
	}
	c.wrong("%s: type %v", at, o["type"])
	return o
}
