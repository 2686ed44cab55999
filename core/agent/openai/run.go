package openai

import (
	"context"
	"errors"
	"strings"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// run plays a run of an [Agent].
func (a *Agent) run(ctx context.Context, input *agui.RunAgentInput, out *emitter) error {
	c, err := a.override(input.ForwardedProps)
	if err != nil {
		return err
	}
	if c.messages, err = messagesOf(input, a.config.ForwardSystemMessages, a.config.ForwardDeveloperMessages); err != nil {
		return err
	}
	c.endpoint.provider.sign(c.messages)
	if prompt := systemPrompt(c.prompt, input, !a.config.WithoutStateTools); prompt != "" {
		c.messages = append([]message{{Role: "system", Content: prompt}}, c.messages...)
	}
	tools, err := a.toolset(ctx, input)
	if err != nil {
		return err
	}
	c.tools = tools.definitions
	if c.toolChoice, err = parseToolChoice(c.settings.ToolChoice); err != nil {
		return err
	}
	if err := play(ctx, c, tools, max(a.config.MaxSteps, 1), input, out); err != nil {
		return c.failure(ctx, err)
	}
	return nil
}

// call is what one run asks of a model.
type call struct {
	endpoint *endpoint
	settings Settings
	prompt   string

	messages   []message
	tools      []toolDefinition
	toolChoice any
}

// open sends the request of a step. A choice that forces a tool holds for the
// first step only: what had to be called has been called then.
func (c *call) open(ctx context.Context, n int) (chunks, error) {
	choice := c.toolChoice
	if n > 1 && choice != "none" {
		choice = nil
	}
	body, err := c.body(c.messages, c.tools, choice)
	if err != nil {
		return nil, err
	}
	retries := defaultMaxRetries
	if c.settings.MaxRetries != nil {
		retries = *c.settings.MaxRetries
	}
	return c.endpoint.open(ctx, body, retries)
}

// failure is what a client may be told. A model that refuses an attachment gets
// an answer of its own, since the user can do something about it.
func (c *call) failure(ctx context.Context, err error) error {
	failed := c.endpoint.failure(ctx, err)
	var told *agent.Error
	if errors.As(failed, &told) && aboutContent(told) && c.hasAttachment() {
		told.Code = "unsupported_content"
		told.Message = "This model can't take an attachment of the conversation."
	}
	return failed
}

func (c *call) hasAttachment() bool {
	for i := range c.messages {
		parts, _ := c.messages[i].Content.([]part)
		for _, p := range parts {
			if p.Type != "text" {
				return true
			}
		}
	}
	return false
}

// aboutContent tells whether a provider refused a request over what is in it.
func aboutContent(told *agent.Error) bool {
	if told.Code != "invalid_request" && told.Code != "model_not_found" {
		return false
	}
	text := strings.ToLower(told.Err.Error())
	for _, word := range [...]string{"image", "audio", "vision", "file", "modalit", "content type", "multimodal"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

func (c *call) learn(answer *step, results []message) {
	c.messages = append(append(c.messages, answer.message(c.endpoint.provider.echoReasoning)), results...)
}

func (c *call) name() (provider, model string) {
	return c.endpoint.provider.name, c.endpoint.model
}
