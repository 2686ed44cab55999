package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// request is one request to the remote agent, and its answer.
type request struct {
	*Agent
	// caller ends when nobody wants the answer any more; ctx also when the agent
	// is too slow.
	caller, ctx context.Context
	cancel      context.CancelCauseFunc
	input       *agui.RunAgentInput
}

// post yields the events that target answers the input with.
func (a *Agent) post(ctx context.Context, target string, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		r := &request{Agent: a, caller: ctx, input: input}
		r.ctx, r.cancel = context.WithCancelCause(ctx)
		// Whoever stops reading stops the remote agent, too.
		defer r.cancel(nil)
		response, err := r.send(target)
		if err == nil {
			defer response.Body.Close()
			body := outbound.NewIdleReader(response.Body, a.config.IdleTimeout, func() { r.cancel(outbound.ErrSilent) })
			if err = r.check(response, body); err == nil {
				err = r.relay(body, yield)
			}
		}
		// A caller who has gone needn't know how it ended.
		if err != nil && ctx.Err() == nil {
			yield(nil, err)
		}
	}
}

// send returns the answer when its header has come.
func (r *request) send(target string) (*http.Response, error) {
	body, err := json.Marshal(r.input)
	if err != nil {
		return nil, fmt.Errorf("encode the input for the remote agent: %w", err)
	}
	post, err := http.NewRequestWithContext(r.ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request to the remote agent: %w", err)
	}
	post.Header = r.headers(r.caller, post)
	post.Header.Set("Content-Type", "application/json")
	// The protocol's protobuf encoding is declined: its events could not be
	// passed on as they are.
	post.Header.Set("Accept", "text/event-stream")
	if limit := r.config.HeaderTimeout; limit > 0 {
		defer time.AfterFunc(limit, func() { r.cancel(outbound.ErrNoHeader) }).Stop()
	}
	r.idle.Use()
	_, ended := telemetry.StartCall(r.ctx, telemetry.Call{Method: post.Method, URL: post.URL}, post.Header)
	response, err := r.config.HTTPClient.Do(post)
	ended(telemetry.ResultOf(response, err))
	if err != nil {
		return nil, r.failure(CodeUnreachable, "The remote agent could not be reached.", err)
	}
	return response, nil
}

const (
	// maxDetail is how much of an error's body is logged.
	maxDetail = 2 << 10
	// maxRead is how much of it is read: a secret across the end of what is logged
	// must be whole to be found.
	maxRead = 16 << 10
)

// check refuses an answer that is no event stream.
func (r *request) check(response *http.Response, body io.Reader) error {
	if response.StatusCode < 200 || response.StatusCode > 299 {
		read, _ := io.ReadAll(io.LimitReader(body, maxRead))
		// It may quote the request.
		detail := r.redacted().RedactText(string(read))
		return &agent.Error{
			Code:    CodeStatus,
			Message: fmt.Sprintf("The remote agent answered with status %d.", response.StatusCode),
			Err:     fmt.Errorf("answer: %q", detail[:min(len(detail), maxDetail)]),
		}
	}
	// Some servers leave the content type out; what is certainly something else
	// is told apart from a stream that ends too early.
	switch mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); mediaType {
	case "application/json", "text/html", "application/vnd.ag-ui.event+proto":
		return r.failure(CodeProtocol, "The remote agent did not answer with an event stream.", fmt.Errorf("content type %s", mediaType))
	}
	return nil
}

// relay yields the events of an answer.
func (r *request) relay(body io.Reader, yield func(agui.Event, error) bool) error {
	for message, err := range agui.ReadSSE(body, r.config.MaxEventBytes) {
		if r.caller.Err() != nil {
			return nil
		}
		if err != nil {
			return r.failure(CodeBroken, "The connection to the remote agent broke off.", err)
		}
		if len(message.Data) == 0 {
			continue
		}
		event, err := agui.ParseEncoded(message.Data)
		if errors.Is(err, agui.ErrUnknownType) {
			continue // of a newer protocol: this runtime's clients don't know it either
		}
		if syntax, ok := errors.AsType[*agui.SyntaxError](err); ok && syntax.Offset >= len(message.Data) {
			// A server that dies may close its connection as if it had ended.
			return r.failure(CodeBroken, "The connection to the remote agent broke off.", err)
		}
		if err == nil {
			err = event.Validate()
		}
		if err != nil {
			return r.failure(CodeProtocol, "The remote agent sent something that is no AG-UI event.", err)
		}
		if !yield(event, nil) {
			return nil
		}
	}
	return nil
}

// failure returns what the run ends with. A time limit that cut the request off
// takes the place of what came of it.
func (r *request) failure(code, message string, err error) error {
	switch cause := context.Cause(r.ctx); {
	case errors.Is(cause, outbound.ErrNoHeader):
		return &agent.Error{
			Code: CodeUnreachable, Message: "The remote agent did not answer in time.",
			Err: fmt.Errorf("%w (%v)", cause, r.config.HeaderTimeout),
		}
	case errors.Is(cause, outbound.ErrSilent):
		return &agent.Error{
			Code: CodeBroken, Message: "The remote agent fell silent.",
			Err: fmt.Errorf("%w (%v)", cause, r.config.IdleTimeout),
		}
	}
	return &agent.Error{Code: code, Message: message, Err: r.redacted().Redact(err)}
}

// redacted returns what a log must not show of the request.
func (r *request) redacted() outbound.Secrets {
	secrets := r.secrets.With(agent.ForwardedHeaders(r.caller))
	texts := make([]string, 0, len(r.input.Messages))
	for i := range r.input.Messages {
		texts = append(texts, r.input.Messages[i].Content.Text())
	}
	return secrets.WithTexts(texts...)
}
