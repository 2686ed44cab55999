package bundle

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/postgres"
)

// Option adds to what the environment describes.
type Option func(*parts)

// OpenStore opens the store at an address, without network I/O.
type OpenStore func(ctx context.Context, address string) (store.Store, error)

// parts are what the options add.
type parts struct {
	logger  *slog.Logger
	format  LogFormat
	agents  map[string]agent.Agent
	tools   []agent.ServerTool
	sources []agent.ToolSource
	stores  map[string]OpenStore
	// passwords are ways to sign in to a database.
	passwords map[string]postgres.PasswordFunc
	signIns   map[string]model.SignIn
	changes   []func(*core.Config)
	defaults  map[string]string
	timeouts  Timeouts
	// frontEnd is an app's files, nil for none. noFrontEnd says what serves one instead, if
	// the program doesn't.
	frontEnd   fs.FS
	noFrontEnd string
	// noAgentCore is set if the program can't be called by AgentCore.
	noAgentCore bool
	// serveMetrics serves metrics at an address, nil in programs that don't.
	serveMetrics func(address string, metrics http.Handler) (*metricsServer, error)
	// opened is what is opened for the runtime while it is put together.
	opened *closers
}

func collect(options []Option) parts {
	p := parts{
		agents: make(map[string]agent.Agent), stores: make(map[string]OpenStore), signIns: make(map[string]model.SignIn),
		passwords: make(map[string]postgres.PasswordFunc), opened: &closers{},
	}
	for _, option := range options {
		option(&p)
	}
	return p
}

// WithAgent adds an agent by the name that front ends use. One that is named
// "default" takes the built-in agent's place, and then no model is needed. One
// that has a method Close() error is closed with the runtime.
func WithAgent(name string, a agent.Agent) Option {
	return func(p *parts) { p.agents[name] = a }
}

// WithTool adds a tool that the built-in agent's model can call and that this
// process runs.
func WithTool(tools ...agent.ServerTool) Option {
	return func(p *parts) { p.tools = slices.Concat(p.tools, tools) }
}

// WithToolSource adds tools that are known only at run time. A source that has a
// method Close() error is closed with the runtime.
func WithToolSource(sources ...agent.ToolSource) Option {
	return func(p *parts) { p.sources = slices.Concat(p.sources, sources) }
}

// WithDefaults replaces defaults of the environment, by variable, as a platform does
// that knows better. [NewFromSettings] ignores it.
func WithDefaults(defaults map[string]string) Option {
	return func(p *parts) { p.defaults = defaults }
}

// WithStore adds a kind of store, so that COPILOTKIT_STORE can name it by the
// scheme of its addresses. The runtime's Close closes what open returns.
func WithStore(scheme string, open OpenStore) Option {
	return func(p *parts) { p.stores[scheme] = open }
}

// WithSignIn lets models whose provider has identities of that name ("aws", "azure",
// "google") be asked without a key.
func WithSignIn(name string, sign model.SignIn) Option {
	return func(p *parts) { p.signIns[name] = sign }
}

// WithDatabasePassword adds a way to sign in to a Postgres store, which the parameter iam
// of its address names. A program that has [WithSignIn] for "google" has iam=google, too.
func WithDatabasePassword(iam string, password postgres.PasswordFunc) Option {
	return func(p *parts) { p.passwords[iam] = password }
}

// WithLogger sets where logs go. By default they go to standard error as JSON,
// from COPILOTKIT_LOG_LEVEL on. Lines have requestId, traceId and spanId as attributes,
// unless the logger's handler is a [telemetry.LogHandler] that adds others.
func WithLogger(logger *slog.Logger) Option {
	return func(p *parts) { p.logger = logger }
}

// Timeouts limit how long the servers that the environment names may take. A zero
// field leaves the default, which its comment names; a negative one turns the limit
// off.
type Timeouts struct {
	// ModelHeader is how long a provider may take to the header of its answer,
	// retries included, and ModelIdle how long it may be silent within it; 5 minutes
	// each. See [model.Config].
	ModelHeader, ModelIdle time.Duration
	// AgentHeader and AgentIdle are the same for remote agents; 5 minutes each. See
	// [remote.Config].
	AgentHeader, AgentIdle time.Duration
	// MCPConnect is how long connecting to an MCP server and listing its tools may
	// take, each, and MCPCall how long one call of a tool; 5 seconds and 5 minutes.
	// See [mcp.Config].
	MCPConnect, MCPCall time.Duration
}

// WithTimeouts limits how long providers, remote agents and MCP servers may take.
func WithTimeouts(timeouts Timeouts) Option {
	return func(p *parts) { p.timeouts = timeouts }
}

// WithConfig has a function change the configuration that the environment and
// the other options came to, before the runtime is made from it: hooks, owners
// of threads, header policy, CORS in detail. A store that it puts in the place of
// the environment's is closed by whoever opened it.
func WithConfig(change func(*core.Config)) Option {
	return func(p *parts) { p.changes = append(p.changes, change) }
}
