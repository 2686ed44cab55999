// Package remote is an agent that lives behind an AG-UI endpoint: LangGraph,
// CrewAI, Mastra, Pydantic AI, ADK, Agno, or anything else that takes a run's
// input by POST and answers with Server-Sent Events.
//
// The input is passed on unabridged, and the events come back as they were
// sent: they are checked, but not decoded and built again.
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
	"net/url"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Codes of the RUN_ERROR that a run ends with when the remote agent fails.
const (
	// CodeUnreachable: no answer came at all.
	CodeUnreachable = "remote_agent_unreachable"
	// CodeStatus: the answer was an HTTP error.
	CodeStatus = "remote_agent_error"
	// CodeProtocol: the answer was no AG-UI event stream.
	CodeProtocol = "remote_agent_protocol_error"
	// CodeBroken: the stream broke off before its end.
	CodeBroken = "remote_agent_stream_broken"
)

// Config says where the agent is. The zero values of all but URL are sensible.
type Config struct {
	// URL takes the runs by POST.
	URL string
	// ConnectURL, if the agent keeps threads of its own, takes the same input by
	// POST and answers with the thread's history. It is asked for threads that
	// this runtime has never seen. Another CopilotKit runtime's is its URL with
	// "connect" in the place of "run".
	ConnectURL string
	// Headers are sent with every request, and win over the headers that the
	// front end's request brings.
	Headers map[string]string
	// Description is shown by /info.
	Description string
	// Capabilities are shown by /info, nil for none.
	Capabilities agui.Capabilities
	// HTTPClient makes the requests. The default follows redirects within the
	// same host only, so that headers reach nobody else, and has no time limit
	// of its own: a run lasts as long as its context.
	HTTPClient *http.Client
	// MaxEventBytes is the most that one event may have, 16 MiB by default.
	MaxEventBytes int
}

// Agent is a remote agent. It is safe for use by many runs at once.
type Agent struct {
	config  Config
	headers http.Header
}

var _ interface {
	agent.Agent
	agent.Describer
	agent.CapabilityReporter
	agent.ClassNamer
	agent.Connector
} = (*Agent)(nil)

// New checks the configuration; it does not connect.
func New(config Config) (*Agent, error) {
	if err := checkURL("URL", config.URL); err != nil {
		return nil, err
	}
	if config.ConnectURL != "" {
		if err := checkURL("ConnectURL", config.ConnectURL); err != nil {
			return nil, err
		}
	}
	if config.HTTPClient == nil {
		config.HTTPClient = outbound.NewClient()
	}
	if config.MaxEventBytes == 0 {
		config.MaxEventBytes = 16 << 20
	}
	headers := make(http.Header, len(config.Headers))
	for name, value := range config.Headers {
		headers[name] = []string{value}
	}
	return &Agent{config: config, headers: headers}, nil
}

func checkURL(name, text string) error {
	parsed, err := url.Parse(text)
	switch {
	case err != nil:
		// The parser's message quotes the whole URL, which may hold a password.
		return fmt.Errorf("remote agent: %s is not a URL", name)
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return fmt.Errorf("remote agent: %s must begin with http:// or https://", name)
	case parsed.Host == "":
		return fmt.Errorf("remote agent: %s names no host", name)
	}
	return nil
}

// Run posts the input and yields the events of the answer. Cancelling ctx
// closes the connection, which tells the remote agent to stop.
func (a *Agent) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return a.post(ctx, a.config.URL, input)
}

// Connect yields the history of the thread as the remote agent has it, and
// nothing when the agent has no ConnectURL.
func (a *Agent) Connect(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	if a.config.ConnectURL == "" {
		return func(func(agui.Event, error) bool) {}
	}
	return a.post(ctx, a.config.ConnectURL, input)
}

// Description is the configured one.
func (a *Agent) Description() string { return a.config.Description }

// Capabilities are the configured ones.
func (a *Agent) Capabilities() agui.Capabilities { return a.config.Capabilities }

// ClassName is what the reference calls this kind of agent.
func (a *Agent) ClassName() string { return "HttpAgent" }

func (a *Agent) post(ctx context.Context, target string, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		// Whoever stops reading has stopped the remote agent, too.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		response, err := a.open(ctx, target, input)
		if err != nil {
			if ctx.Err() == nil {
				yield(nil, err)
			}
			return
		}
		defer response.Body.Close()
		a.relay(ctx, response.Body, yield)
	}
}

func (a *Agent) open(ctx context.Context, target string, input *agui.RunAgentInput) (*http.Response, error) {
	body, err := json.Marshal(input)
	if err != nil {
		return nil, fmt.Errorf("encode the input for the remote agent: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request to the remote agent: %w", err)
	}
	request.Header = agent.MergeHeaders(a.headers, agent.ForwardedHeaders(ctx))
	request.Header.Set("Content-Type", "application/json")
	// The protocol's protobuf encoding is declined: its events could not be
	// passed through as they are.
	request.Header.Set("Accept", "text/event-stream")
	response, err := a.config.HTTPClient.Do(request)
	if err != nil {
		return nil, &agent.Error{Code: CodeUnreachable, Message: "The remote agent could not be reached.", Err: withoutURL(err)}
	}
	if err := checkResponse(response); err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

// withoutURL drops the URL that net/http puts before its errors: it may hold a
// password or a token.
func withoutURL(err error) error {
	var urlError *url.Error
	if errors.As(err, &urlError) {
		return urlError.Err
	}
	return err
}

func checkResponse(response *http.Response) error {
	if response.StatusCode < 200 || response.StatusCode > 299 {
		detail, _ := io.ReadAll(io.LimitReader(response.Body, 2<<10))
		return &agent.Error{
			Code:    CodeStatus,
			Message: fmt.Sprintf("The remote agent answered with status %d.", response.StatusCode),
			Err:     fmt.Errorf("answer: %q", detail),
		}
	}
	// Some servers leave the content type out; what is certainly something else
	// is told apart from a stream that ends too early.
	switch mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); mediaType {
	case "application/json", "text/html", "application/vnd.ag-ui.event+proto":
		return &agent.Error{
			Code:    CodeProtocol,
			Message: "The remote agent did not answer with an event stream.",
			Err:     fmt.Errorf("content type %s", mediaType),
		}
	}
	return nil
}

func (a *Agent) relay(ctx context.Context, body io.Reader, yield func(agui.Event, error) bool) {
	for message, err := range agui.ReadSSE(body, a.config.MaxEventBytes) {
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			yield(nil, brokenOff(err))
			return
		}
		if len(message.Data) == 0 {
			continue
		}
		event, err := agui.ParseEncoded(message.Data)
		if errors.Is(err, agui.ErrUnknownType) {
			continue // of a newer protocol: our clients wouldn't know it either
		}
		if cut := (*agui.SyntaxError)(nil); errors.As(err, &cut) && cut.Offset >= len(message.Data) {
			// A server that dies may close its connection as if all were said.
			yield(nil, brokenOff(err))
			return
		}
		if err == nil {
			err = event.Validate()
		}
		if err != nil {
			yield(nil, &agent.Error{Code: CodeProtocol, Message: "The remote agent sent something that is no AG-UI event.", Err: err})
			return
		}
		if !yield(event, nil) {
			return
		}
	}
}

func brokenOff(err error) error {
	return &agent.Error{Code: CodeBroken, Message: "The connection to the remote agent broke off.", Err: err}
}
