package agent

import (
	"context"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Usage is what one call of a model has used.
type Usage struct {
	agui.TokenUsage
	// Estimated is set if the provider hasn't counted the tokens.
	Estimated bool
}

type usageKey struct{}

// WithUsage returns a context whose runs report what they use: report is called for
// each call of a model as it ends, also if the run fails or is stopped. It may be
// called concurrently. A report that ctx has already isn't called any more.
func WithUsage(ctx context.Context, report func(Usage)) context.Context {
	return context.WithValue(ctx, usageKey{}, report)
}

// ReportUsage reports what a call of a model has used, once, when it has ended. An
// agent, a tool or a transcriber that calls a model reports it; the built-in ones do.
// For an agent that reports nothing, the usage of its RUN_FINISHED or RUN_ERROR counts.
func ReportUsage(ctx context.Context, usage Usage) {
	if report, ok := ctx.Value(usageKey{}).(func(Usage)); ok {
		report(usage)
	}
}

// WantsUsage reports whether somebody counts what is reported, so that an estimate is
// worth making.
func WantsUsage(ctx context.Context) bool {
	_, ok := ctx.Value(usageKey{}).(func(Usage))
	return ok
}

// What an estimate goes by: text has about four bytes for each token, and an image or
// another file about as many tokens as a page of text. Documents that are text are sent
// as that.
const (
	bytesPerToken = 4
	tokensPerFile = 1000
)

// EstimateTokens returns about how many tokens a text of so many bytes has.
func EstimateTokens(bytes int64) int64 { return (bytes + bytesPerToken - 1) / bytesPerToken }

// EstimateMessages returns about how many tokens messages have.
func EstimateMessages(messages []agui.Message) int64 {
	bytes, files := int64(0), int64(0)
	for i := range messages {
		message := &messages[i]
		for _, part := range message.Content.Parts() {
			if text := textBytes(&part); text > 0 {
				bytes += text
			} else if part.Type != "text" {
				files++
			}
		}
		bytes += int64(len(message.Content.Text()) + len(message.Name))
		for _, call := range message.ToolCalls {
			bytes += int64(len(call.Name) + len(call.Arguments))
		}
	}
	return EstimateTokens(bytes) + files*tokensPerFile
}

// textBytes returns how many bytes of text a document has that is text in base64.
func textBytes(part *agui.InputContent) int64 {
	kind, data := part.MimeType, part.Data
	if part.Source != nil && part.Source.Type == "data" {
		kind, data = part.Source.MimeType, part.Source.Value
	}
	if !strings.HasPrefix(kind, "text/") && !strings.HasPrefix(kind, "application/json") {
		return 0
	}
	return int64(len(data)) / 4 * 3
}
