package bundle

import (
	"context"
	"log/slog"
	"slices"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/store"
)

// Option adds to what the environment describes.
type Option func(*parts)

// OpenStore opens the store at an address. It does no network I/O.
type OpenStore func(ctx context.Context, address string) (store.Store, error)

// parts is what options and customize have put in.
type parts struct {
	logger  *slog.Logger
	agents  map[string]agent.Agent
	tools   []agent.ServerTool
	sources []agent.ToolSource
	stores  map[string]OpenStore
	changes []func(*core.Runtime, *core.Options)
}

func collect(options []Option) parts {
	p := parts{agents: make(map[string]agent.Agent), stores: make(map[string]OpenStore)}
	for _, option := range options {
		option(&p)
	}
	return p
}

// WithAgent adds an agent by the name that front ends use. One that is named
// "default" takes the built-in agent's place, and then no model is needed.
func WithAgent(name string, a agent.Agent) Option {
	return func(p *parts) { p.agents[name] = a }
}

// WithTool adds a tool that the built-in agent's model can call and that this
// process runs.
func WithTool(tools ...agent.ServerTool) Option {
	return func(p *parts) { p.tools = slices.Concat(p.tools, tools) }
}

// WithToolSource adds tools that are known only at run time.
func WithToolSource(sources ...agent.ToolSource) Option {
	return func(p *parts) { p.sources = slices.Concat(p.sources, sources) }
}

// WithStore makes a kind of store known by the scheme of its addresses, so that
// COPILOTKIT_STORE can name it.
func WithStore(scheme string, open OpenStore) Option {
	return func(p *parts) { p.stores[scheme] = open }
}

// WithLogger sets where logs go. By default they go to standard error as JSON,
// from COPILOTKIT_LOG_LEVEL on.
func WithLogger(logger *slog.Logger) Option {
	return func(p *parts) { p.logger = logger }
}

// WithChange lets a function change the runtime and its options before the
// handler is made: hooks, owners of threads, header policy, CORS in detail.
func WithChange(change func(*core.Runtime, *core.Options)) Option {
	return func(p *parts) { p.changes = append(p.changes, change) }
}
