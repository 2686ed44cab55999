// Package remote is an agent that lives behind an AG-UI endpoint: LangGraph,
// CrewAI, Mastra, Pydantic AI, ADK, Agno, or anything else that takes a run's
// input by POST and answers with Server-Sent Events.
//
// The input is passed on unabridged, and the events come back as they were
// sent: they are checked, but not decoded and encoded again. That includes the
// RUN_ERROR by which a remote agent says that it failed. Its message is what that
// agent says to its clients, so it reaches them in production too.
package remote

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Codes of the RUN_ERROR that a run ends with when the remote agent fails.
const (
	// CodeUnreachable means that no answer came at all.
	CodeUnreachable = "remote_agent_unreachable"
	// CodeStatus means that the answer was an HTTP error.
	CodeStatus = "remote_agent_error"
	// CodeProtocol means that the answer was no AG-UI event stream.
	CodeProtocol = "remote_agent_protocol_error"
	// CodeBroken means that the stream broke off before its end.
	CodeBroken = "remote_agent_stream_broken"
)

// Config says where an agent is. All fields but URL may be zero.
type Config struct {
	// URL takes the runs by POST. It is required.
	URL string
	// ConnectURL, for an agent that keeps threads of its own, takes the same input
	// by POST and answers with the thread's history. It is asked for threads that
	// this runtime has never seen. Another CopilotKit runtime's is its URL with
	// "connect" in the place of "run". If empty, such threads have no history.
	ConnectURL string
	// Headers are sent with every request, and win over the headers that the
	// front end's request brings, as does a user in the URL. If nil, those alone are
	// sent.
	Headers map[string]string
	// ForwardAuthorization sends the agent also the credentials among the headers of
	// the front end's request that the runtime's policy lets through: Authorization,
	// and headers that are named like X-Api-Key or X-Auth-Token. Whoever has them can
	// act as the caller, so the agent must be trusted to. Defaults to false: it gets
	// the other headers alone, unlike in the reference.
	ForwardAuthorization bool
	// Description is shown by /info. If empty, nothing is.
	Description string
	// Capabilities are shown by /info. If nil, none are.
	Capabilities agui.Capabilities
	// HTTPClient makes the requests. Redirects are only followed within the same
	// scheme, host and port, whatever it says, so that headers reach nobody else. If
	// nil, or if it has no Transport, the agent isn't connected to at addresses at which
	// clouds answer their own machines, and connections that were idle for seconds aren't
	// used again: an instance that was frozen doesn't know that they are gone.
	HTTPClient *http.Client
	// HeaderTimeout is how long the agent may take from the beginning of the
	// request to the header of its answer. Some servers send that with their first
	// event only, and some are started by the request. If zero, defaults to 5
	// minutes, as the reference has it: that is the limit of Node.js's fetch. If
	// negative, there is none.
	HeaderTimeout time.Duration
	// IdleTimeout is how long the agent may be silent within its answer. Events
	// and the comments that keep a stream alive both count as signs of life. If
	// zero, defaults to 5 minutes, as HeaderTimeout. If negative, there is none:
	// then an agent that hangs keeps its thread busy until somebody stops the run,
	// or the platform's time limit ends it.
	IdleTimeout time.Duration
	// MaxEventBytes is the most that one event may have. If zero, defaults to 64
	// MiB: some agents send a run's input back with RUN_STARTED, files and all.
	MaxEventBytes int
}

const defaultMaxEventBytes = 64 << 20

// Agent is a remote agent. It is safe for concurrent use.
type Agent struct {
	config  Config
	header  http.Header
	secrets outbound.Secrets
	// idle are those of what New made, none where the caller brought a transport.
	idle outbound.Connections
}

var _ interface {
	io.Closer
	agent.Agent
	agent.Describer
	agent.CapabilityReporter
	agent.ClassNamer
	agent.Connector
} = (*Agent)(nil)

// New returns an agent. It checks the configuration, but does not connect.
func New(config Config) (*Agent, error) {
	addresses := make([]*url.URL, 0, 2)
	for _, field := range []struct{ name, value string }{{"URL", config.URL}, {"ConnectURL", config.ConnectURL}} {
		if field.name == "ConnectURL" && field.value == "" {
			continue
		}
		address, err := outbound.ParseURL(field.value)
		if err != nil {
			return nil, fmt.Errorf("remote agent: %s %w", field.name, err)
		}
		addresses = append(addresses, address)
	}
	header, err := outbound.NewHeader(config.Headers)
	if err != nil {
		return nil, fmt.Errorf("remote agent: %w", err)
	}
	a := &Agent{header: header, secrets: outbound.NewSecrets(header, addresses...)}
	if config.HTTPClient == nil {
		config.HTTPClient = new(http.Client)
	}
	config.HTTPClient = outbound.Guard(config.HTTPClient)
	if config.HTTPClient.Transport == nil {
		a.idle.Transport = outbound.NewTransport(addresses...)
		a.idle.Transport.MaxIdleConnsPerHost = 32 // as many runs begin at once
		config.HTTPClient.Transport = a.idle.Transport
	}
	if config.HeaderTimeout == 0 {
		config.HeaderTimeout = outbound.DefaultTimeout
	}
	if config.IdleTimeout == 0 {
		config.IdleTimeout = outbound.DefaultTimeout
	}
	if config.MaxEventBytes == 0 {
		config.MaxEventBytes = defaultMaxEventBytes
	}
	a.config = config
	return a, nil
}

// Close closes connections that no run uses. Runs go on, and new ones connect anew.
func (a *Agent) Close() error {
	a.idle.Close()
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

// Description returns the configured one.
func (a *Agent) Description() string { return a.config.Description }

// Capabilities returns the configured ones.
func (a *Agent) Capabilities() agui.Capabilities { return a.config.Capabilities }

// ClassName returns what the reference calls this kind of agent.
func (a *Agent) ClassName() string { return "HttpAgent" }
