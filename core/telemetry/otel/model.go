package otel

import (
	"cmp"
	"context"
	"time"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// providerName returns the name that the conventions have for a provider.
func providerName(name string) string {
	switch name {
	case "openai-responses":
		return "openai"
	case "azure", "azure-responses":
		return "azure.ai.openai"
	case "anthropic-chat":
		return "anthropic"
	case "bedrock":
		return "aws.bedrock"
	case "google":
		return "gcp.gemini"
	case "vertex":
		return "gcp.vertex_ai"
	case "mistral":
		return "mistral_ai"
	case "xai":
		return "x_ai"
	}
	return name
}

// Model begins the span of a call of a model.
func (t *Telemetry) Model(ctx context.Context, call telemetry.ModelCall) (context.Context, func(telemetry.ModelResult)) {
	name := "chat"
	if call.Model != "" {
		name += " " + call.Model
	}
	ctx, s := t.begin(ctx, kindClient, name)
	t.set(s, text("gen_ai.operation.name", "chat"), boolean("gen_ai.request.stream", true))
	if call.Temperature != nil {
		t.set(s, float("gen_ai.request.temperature", *call.Temperature))
	}
	if call.MaxTokens != nil {
		t.set(s, integer("gen_ai.request.max_tokens", *call.MaxTokens))
	}
	if t.Content() {
		t.setContent(s, "gen_ai.system_instructions", encodeInstructions(call.System))
		t.setContent(s, "gen_ai.input.messages", encodeMessages(call.Messages))
		t.setContent(s, "gen_ai.tool.definitions", encodeTools(call.Tools))
	}
	return ctx, func(result telemetry.ModelResult) { t.endModel(s, &call, &result) }
}

func (t *Telemetry) endModel(s *span, call *telemetry.ModelCall, result *telemetry.ModelResult) {
	took := time.Since(s.start).Seconds()
	// Of several models, the one that has answered counts.
	provider, model := call.Provider, cmp.Or(call.Model, result.Model)
	if result.Provider != "" && result.Provider != provider {
		provider, model = result.Provider, cmp.Or(result.Model, model)
	}
	provider = cmp.Or(providerName(provider), other)
	if s.run != nil {
		s.run.model.Store(&modelName{provider, model})
	}
	t.set(s, text("gen_ai.provider.name", provider))
	attributes := make([]attribute, 0, 6)
	attributes = append(attributes, text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", provider))
	if model != "" {
		t.set(s, text("gen_ai.request.model", model))
		attributes = append(attributes, text("gen_ai.request.model", t.metrics.models.keep(model)))
	}
	if result.Model != "" {
		t.set(s, text("gen_ai.response.model", result.Model))
		attributes = append(attributes, text("gen_ai.response.model", t.metrics.models.keep(result.Model)))
	}
	if result.FinishReason != "" {
		t.set(s, texts("gen_ai.response.finish_reasons", result.FinishReason))
	}
	if result.FirstToken > 0 {
		t.set(s, float("gen_ai.response.time_to_first_chunk", result.FirstToken.Seconds()))
		t.metrics.firstChunk.record(result.FirstToken.Seconds(), attributes...)
	}
	t.setUsage(s, result, attributes)
	if t.Content() {
		t.setContent(s, "gen_ai.output.messages", encodeAnswer(result.Answer, result.FinishReason))
	}
	if result.Err != nil {
		class := cmp.Or(result.Code, errorType(result.Err))
		t.fail(s, class, t.detail(result.Err))
		attributes = append(attributes, text("error.type", t.metrics.codes.keep(class)))
	}
	t.metrics.operations.record(took, attributes...)
	t.end(s)
}

// setUsage tells how many tokens were used, where the provider has counted them.
func (t *Telemetry) setUsage(s *span, result *telemetry.ModelResult, attributes []attribute) {
	usage := result.Usage
	if usage == nil {
		return
	}
	for _, count := range []struct {
		key   string
		value *int64
	}{
		{"gen_ai.usage.input_tokens", usage.InputTokens},
		{"gen_ai.usage.output_tokens", usage.OutputTokens},
		{"gen_ai.usage.cache_read.input_tokens", usage.CachedInputTokens},
		{"gen_ai.usage.cache_creation.input_tokens", usage.CacheWriteInputTokens},
		{"gen_ai.usage.reasoning.output_tokens", usage.ReasoningTokens},
	} {
		if count.value != nil {
			t.set(s, integer(count.key, *count.value))
		}
	}
	n := len(attributes)
	if usage.InputTokens != nil {
		t.metrics.tokens.record(float64(*usage.InputTokens), append(attributes[:n:n], text("gen_ai.token.type", "input"))...)
	}
	if usage.OutputTokens != nil {
		t.metrics.tokens.record(float64(*usage.OutputTokens), append(attributes[:n:n], text("gen_ai.token.type", "output"))...)
	}
}
