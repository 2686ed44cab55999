package bedrock

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
	"github.com/copilotkit-go/runtime/core/model/internal/claude"
)

// ownFields are the fields of the body that options can't replace.
var ownFields = []string{"modelId", "messages", "system", "toolConfig", "inferenceConfig"}

// encode encodes the body of a request.
func (m *Model) encode(request *model.Request, conversation *blocks.Conversation) ([]byte, error) {
	s := &request.Settings
	options := s.ProviderOptions[name]
	tools := request.Tools
	if s.ToolChoice.Mode == model.ToolChoiceNone {
		tools = nil // there is no such choice
	}
	mustCall := len(tools) > 0 && (s.ToolChoice.Mode == model.ToolChoiceRequired || s.ToolChoice.Mode == model.ToolChoiceTool)
	thinking := m.claude.Think(claude.Asked{
		Effort: s.ReasoningEffort, Forced: mustCall, Tools: len(tools) > 0, Unthought: conversation.MidTurnWithoutReasoning(),
	})
	if m.claude.BindsThinking() && conversation.HasReasoning() {
		if thinking.Config["type"] == "disabled" {
			conversation.DropReasoning()
		} else {
			thinking.KeepValid()
		}
	}
	if len(tools) == 0 {
		conversation.SpellOut() // calls without tools are refused
	}
	choice := toolChoice(s.ToolChoice)
	if mustCall && !m.claude.TakesForcedTools() {
		choice = nil
		conversation.Demand(blocks.DemandOf(s.ToolChoice))
	}
	conversation.EndWithUser()

	marks := m.caches(options)
	messages, err := encodeTurns(conversation.Turns, strings.Contains(m.endpoint.Name.Model, "mistral."))
	if err != nil {
		return nil, err
	}
	if marks {
		mark(messages)
	}
	body := map[string]any{"messages": messages}
	for option, value := range options {
		if option != "caching" && option != "additionalModelRequestFields" && !slices.Contains(ownFields, option) {
			body[option] = value
		}
	}
	if system := encodeSystem(conversation.System, marks); len(system) > 0 {
		body["system"] = system
	}
	if len(tools) > 0 {
		config := map[string]any{"tools": encodeTools(tools, marks)}
		if choice != nil {
			config["toolChoice"] = choice
		}
		body["toolConfig"] = config
	}
	if inference := m.inference(s, &thinking); len(inference) > 0 {
		body["inferenceConfig"] = inference
	}
	if additional := m.additional(s, &thinking, options); len(additional) > 0 {
		body["additionalModelRequestFields"] = additional
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the request to the model: %w", err)
	}
	return encoded, nil
}

// caches reports whether prompts are marked for caching. A model that can't cache
// refuses marks, so only those are marked that are known to, or said to. Amazon's own
// models cache without marks.
func (m *Model) caches(options map[string]any) bool {
	if said, ok := options["caching"].(bool); ok {
		return said
	}
	return m.claude.Caches()
}

// inference returns the parameters that the API has for all models.
func (m *Model) inference(s *model.Settings, thinking *claude.Thinking) map[string]any {
	fields := make(map[string]any)
	if strings.Contains(m.endpoint.Name.Model, "amazon.nova-2") && novaEffort(s.ReasoningEffort) == "high" {
		// Amazon's own models then refuse all parameters but these.
		if len(s.Stop) > 0 {
			fields["stopSequences"] = s.Stop
		}
		return fields
	}
	answer := 0
	if s.MaxOutputTokens != nil {
		answer = *s.MaxOutputTokens
	}
	// By default, an answer is as long as the model can write.
	if budget := thinking.Budget(); answer > 0 || budget > 0 {
		fields["maxTokens"] = m.claude.Limit(answer, budget)
	}
	if len(s.Stop) > 0 {
		fields["stopSequences"] = s.Stop
	}
	if thinking.Active() || !m.claude.TakesSampling() {
		return fields
	}
	if s.Temperature != nil {
		fields["temperature"] = min(max(*s.Temperature, 0), 1)
	}
	if s.TopP != nil && (s.Temperature == nil || !m.claude.Known()) {
		fields["topP"] = *s.TopP
	}
	return fields
}

// additional returns the parameters that the model's provider has.
func (m *Model) additional(s *model.Settings, thinking *claude.Thinking, options map[string]any) map[string]any {
	fields := make(map[string]any)
	id := m.endpoint.Name.Model
	switch {
	case m.claude.Known():
		if thinking.Config != nil {
			fields["thinking"] = thinking.Config
		}
		if thinking.Effort != "" {
			fields["output_config"] = map[string]any{"effort": thinking.Effort}
		}
		if len(thinking.Betas) > 0 {
			fields["anthropic_beta"] = thinking.Betas
		}
		if s.TopK != nil && !thinking.Active() && m.claude.TakesSampling() {
			fields["top_k"] = *s.TopK
		}
	case strings.Contains(id, "openai."):
		if s.ReasoningEffort != "" && s.ReasoningEffort != "none" {
			fields["reasoning_effort"] = s.ReasoningEffort
		}
	case strings.Contains(id, "amazon.nova-2"):
		switch s.ReasoningEffort {
		case "":
		case "none":
			fields["reasoningConfig"] = map[string]any{"type": "disabled"}
		default:
			fields["reasoningConfig"] = map[string]any{"type": "enabled", "maxReasoningEffort": novaEffort(s.ReasoningEffort)}
		}
	}
	if s.TopK != nil && strings.Contains(id, "amazon.nova") {
		fields["inferenceConfig"] = map[string]any{"topK": *s.TopK}
	}
	if more, ok := options["additionalModelRequestFields"].(map[string]any); ok {
		maps.Copy(fields, more)
	}
	return fields
}

// novaEffort converts an effort to one that Amazon's models have.
func novaEffort(effort string) string {
	switch effort {
	case "minimal":
		return "low"
	case "xhigh":
		return "high"
	}
	return effort
}

// cachePoint marks what is cached: all that is before it.
var cachePoint = json.RawMessage(`{"type":"default"}`)

func encodeSystem(texts []string, marks bool) []block {
	var system []block
	for _, text := range texts {
		system = append(system, block{Text: &text})
	}
	if marks && len(system) > 0 {
		system = append(system, block{CachePoint: cachePoint})
	}
	return system
}

// tool is a tool in the provider's form, or a mark.
type tool struct {
	ToolSpec   *toolSpec       `json:"toolSpec,omitempty"`
	CachePoint json.RawMessage `json:"cachePoint,omitempty"`
}

type toolSpec struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	InputSchema toolInputSchema `json:"inputSchema"`
}

type toolInputSchema struct {
	JSON json.RawMessage `json:"json"`
}

func encodeTools(all []model.Tool, marks bool) []tool {
	converted := make([]tool, len(all), len(all)+1)
	for i, t := range all {
		converted[i] = tool{ToolSpec: &toolSpec{Name: t.Name, Description: t.Description, InputSchema: toolInputSchema{t.Parameters}}}
	}
	if marks {
		converted = append(converted, tool{CachePoint: cachePoint})
	}
	return converted
}

// toolChoice converts the choice of a tool, nil for the default.
func toolChoice(choice model.ToolChoice) map[string]any {
	switch choice.Mode {
	case model.ToolChoiceRequired:
		return map[string]any{"any": struct{}{}}
	case model.ToolChoiceTool:
		return map[string]any{"tool": map[string]string{"name": choice.Tool}}
	}
	return nil
}
