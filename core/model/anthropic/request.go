package anthropic

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
	"github.com/copilotkit-go/runtime/core/model/internal/claude"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// ownFields are the fields of the body that options can't replace.
var ownFields = []string{"model", "messages", "system", "stream", "tools", "tool_choice", "max_tokens"}

// encode encodes the body of a request, and returns the beta features that it needs.
func (m *Model) encode(request *model.Request, conversation *blocks.Conversation) (encoded []byte, betas []string, err error) {
	s := &request.Settings
	options, err := readOptions(s.ProviderOptions[name])
	if err != nil {
		return nil, nil, err
	}
	mustCall := len(request.Tools) > 0 && (s.ToolChoice.Mode == model.ToolChoiceRequired || s.ToolChoice.Mode == model.ToolChoiceTool)
	asked := claude.Asked{
		Effort: s.ReasoningEffort, Forced: mustCall, Tools: len(request.Tools) > 0, Unthought: conversation.MidTurnWithoutReasoning(),
	}
	thinking := m.claude.Think(asked)
	if !(mustCall && m.claude.TakesForcedTools()) && !(asked.Unthought && options.thinking["type"] == "enabled") {
		options.replace(&thinking)
	}
	if m.claude.BindsThinking() && conversation.HasReasoning() {
		if thinking.Config["type"] == "disabled" {
			conversation.DropReasoning()
		} else {
			thinking.KeepValid()
		}
	}
	if m.claude.TakesPrefill() && !thinking.Active() {
		trimEnd(conversation)
	} else {
		conversation.EndWithUser()
	}
	choice, demand := m.toolChoice(s.ToolChoice, options.oneCall)
	if mustCall && demand != "" {
		conversation.Demand(demand)
	}

	body := map[string]any{"model": m.endpoint.Name.Model, "stream": true}
	answer := 0
	if s.MaxOutputTokens != nil {
		answer = *s.MaxOutputTokens
	}
	body["max_tokens"] = m.claude.Limit(answer, thinking.Budget())
	messages, err := encodeTurns(conversation.Turns)
	if err != nil {
		return nil, nil, err
	}
	body["messages"] = messages
	system := make([]block, len(conversation.System))
	for i, text := range conversation.System {
		system[i] = block{Type: "text", Text: text}
	}
	tools := m.encodeTools(request.Tools)
	options.mark(tools, system, messages)
	if len(system) > 0 {
		body["system"] = system
	}
	if len(tools) > 0 {
		body["tools"] = tools
		if choice != nil {
			body["tool_choice"] = choice
		}
	}
	m.setSampling(body, s, thinking.Active())
	if len(s.Stop) > 0 {
		body["stop_sequences"] = s.Stop
	}
	options.addTo(body)
	if thinking.Config != nil {
		body["thinking"] = thinking.Config
	}
	if thinking.Effort != "" {
		output, _ := body["output_config"].(map[string]any)
		if output == nil {
			output = make(map[string]any)
		}
		output["effort"] = thinking.Effort
		body["output_config"] = output
	}
	encoded, err = json.Marshal(body)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the request to the model: %w", err)
	}
	return encoded, slices.Compact(slices.Sorted(slices.Values(slices.Concat(options.betas, thinking.Betas)))), nil
}

// setSampling sets how the model chooses its words, as far as it can be told: not while
// it thinks, and not by two parameters.
func (m *Model) setSampling(body map[string]any, s *model.Settings, thinks bool) {
	if thinks || !m.claude.TakesSampling() {
		return
	}
	if s.Temperature != nil {
		body["temperature"] = min(max(*s.Temperature, 0), 1)
	}
	if s.TopP != nil && (s.Temperature == nil || !m.claude.Known()) {
		body["top_p"] = *s.TopP
	}
	if s.TopK != nil {
		body["top_k"] = *s.TopK
	}
}

// tool is a tool in the provider's form.
type tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	InputSchema json.RawMessage `json:"input_schema"`
	// EagerInputStreaming has arguments come as the model writes them, not all at once.
	EagerInputStreaming bool            `json:"eager_input_streaming,omitempty"`
	CacheControl        json.RawMessage `json:"cache_control,omitempty"`
}

func (m *Model) encodeTools(all []model.Tool) []tool {
	converted := make([]tool, len(all))
	for i, t := range all {
		// Other servers of this protocol may refuse a field that they don't know.
		converted[i] = tool{Name: t.Name, Description: t.Description, InputSchema: t.Parameters, EagerInputStreaming: !m.endpoint.OwnAddress}
	}
	return converted
}

// toolChoice converts the choice of a tool, nil for the default. Where the model can't
// be made to call one, demand says in words what it should do.
func (m *Model) toolChoice(choice model.ToolChoice, oneCall bool) (converted map[string]any, demand string) {
	switch choice.Mode {
	case model.ToolChoiceNone:
		return map[string]any{"type": "none"}, ""
	case model.ToolChoiceRequired:
		converted = map[string]any{"type": "any"}
	case model.ToolChoiceTool:
		converted = map[string]any{"type": "tool", "name": choice.Tool}
	}
	if converted != nil && !m.claude.TakesForcedTools() {
		converted, demand = nil, blocks.DemandOf(choice)
	}
	if oneCall {
		if converted == nil {
			converted = map[string]any{"type": "auto"}
		}
		converted["disable_parallel_tool_use"] = true
	}
	return converted, demand
}

// options are the provider's options of a request.
type options struct {
	// cacheControl is the mark of what is cached, nil if nothing is.
	cacheControl json.RawMessage
	thinking     map[string]any
	effort       string
	oneCall      bool
	betas        []string
	// fields are those that are sent as they are.
	fields map[string]any
}

// defaultCacheControl keeps prompts for five minutes from their last use.
const defaultCacheControl = `{"type":"ephemeral"}`

func readOptions(all map[string]any) (*options, error) {
	o := &options{cacheControl: json.RawMessage(defaultCacheControl), fields: make(map[string]any)}
	caches := true
	for option, value := range all {
		value = snakeCase(value)
		switch option = transport.SnakeCase(option); option {
		case "caching":
			caches = value != false
		case "cache_control":
			mark, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("encode the option cacheControl: %w", err)
			}
			o.cacheControl = mark
		case "thinking":
			o.thinking, _ = value.(map[string]any)
		case "effort":
			o.effort, _ = value.(string)
		case "disable_parallel_tool_use":
			o.oneCall = value == true
		case "anthropic_beta":
			o.betas = texts(value)
		default:
			if !slices.Contains(ownFields, option) {
				o.fields[option] = value
			}
		}
	}
	if !caches {
		o.cacheControl = nil
	}
	return o, nil
}

// replace replaces the thinking of the settings with that of the options.
func (o *options) replace(thinking *claude.Thinking) {
	if o.thinking != nil {
		thinking.Config = o.thinking
	}
	if o.effort != "" {
		thinking.Effort = o.effort
	}
}

func (o *options) addTo(body map[string]any) {
	for option, value := range o.fields {
		body[option] = value
	}
}

// texts returns the texts of a list.
func texts(value any) []string {
	if list, ok := value.([]string); ok {
		return list
	}
	list, _ := value.([]any)
	var texts []string
	for _, element := range list {
		if text, ok := element.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// snakeCase returns a copy of an option's value with the names of fields in snake case,
// but for JSON Schemas, whose names are somebody else's.
func snakeCase(value any) any {
	switch value := value.(type) {
	case map[string]any:
		converted := make(map[string]any, len(value))
		for field, inner := range value {
			if field != "schema" {
				inner = snakeCase(inner)
			}
			converted[transport.SnakeCase(field)] = inner
		}
		return converted
	case []any:
		converted := make([]any, len(value))
		for i, element := range value {
			converted[i] = snakeCase(element)
		}
		return converted
	}
	return value
}
