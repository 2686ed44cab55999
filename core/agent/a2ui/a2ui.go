// Package a2ui lets agents draw A2UI surfaces (v0.9) in CopilotKit's front ends: forms,
// cards and lists of components that the front end has registered in a catalog.
//
// A model draws by calling a tool, whose arguments are the surface. While they stream,
// the events of a run get ACTIVITY_SNAPSHOT events of the type "a2ui-surface" beside
// them: first that a surface is being built, then the surface with as much of its data
// as there is, or why it was refused. Results of other tools that hold A2UI operations
// are drawn as well. What the user does on a surface comes back with the next run, and
// reaches the model as a call of a tool with its result.
//
//	surfaces, err := a2ui.New(a2ui.Config{})
//	if err != nil {
//		log.Fatal(err)
//	}
//	config.Extensions = append(config.Extensions, surfaces) // all agents of a core.Config
//	drawing := agent.Use(inner, surfaces.Middleware)            // or a single one
package a2ui

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// The names that front ends know.
const (
	// ActivityType is the type of the activities that surfaces are.
	ActivityType = "a2ui-surface"
	// DefaultToolName is the name of the tool that draws, unless another is set.
	DefaultToolName = "render_a2ui"
	// ActionToolName is the name of the tool as whose calls a model sees what the user
	// does on surfaces.
	ActionToolName = "log_a2ui_event"
)

// Config configures an [Extension]. Its zero value is ready for use.
type Config struct {
	// Agents are the ids of the agents that may draw. If nil, all may.
	Agents []string
	// OnDemand limits surfaces to the runs whose front end says that it has a catalog.
	// Front ends aren't told of surfaces then. Defaults to false.
	OnDemand bool
	// Tool says which runs get the tool that draws. Defaults to those whose front end
	// says that it has a catalog.
	Tool ToolMode
	// ToolName is the name of that tool. If empty, defaults to [DefaultToolName].
	ToolName string
	// ToolNames are the names of all tools whose arguments are a surface, such as those
	// of a remote agent. That of the tool that runs get is always one of them. If nil,
	// defaults to [DefaultToolName].
	ToolNames []string
	// Schema are the components that models may use: {"catalogId", "components"} with
	// the JSON Schema of each by its name, or a list of descriptions. It reaches the
	// agent in place of what the front end says of its catalog, and a surface that
	// doesn't fit the former form is refused. If nil, surfaces are only checked for
	// their structure.
	Schema []byte
	// DefaultCatalogID is the id of the catalog that surfaces are made with. If empty, it
	// is that of the front end's catalog, else that which the model has named, else the
	// basic one of A2UI.
	DefaultCatalogID string
	// Recovery is about surfaces that are refused.
	Recovery Recovery
	// Logger receives why surfaces are cut short by a limit. If nil, defaults to
	// [slog.Default].
	Logger *slog.Logger
}

// ToolMode says which runs get the tool that draws.
type ToolMode int

// The modes.
const (
	// ToolWithCatalog gives it to the runs whose front end says that it has a catalog.
	ToolWithCatalog ToolMode = iota
	// ToolAlways gives it to all runs.
	ToolAlways
	// ToolNever gives it to none: the agents have tools of their own for it.
	ToolNever
)

// Recovery is what front ends show before there is a surface, and when one is refused.
type Recovery struct {
	// DebugExposure is how much of the reasons front ends show: "hidden", "collapsed" or
	// "verbose". If empty, it is left to them.
	DebugExposure string
	// HideProgress leaves out how many tokens of a surface have come. Defaults to false.
	HideProgress bool
	// MaxAttempts is how many attempts front ends are told there are. If zero, defaults
	// to 3. It limits nothing: who makes another attempt is the agent.
	MaxAttempts int
}

// Extension adds surfaces to agents. It is safe for concurrent use.
type Extension struct {
	config  Config
	catalog *catalog
}

const defaultMaxAttempts = 3

// New returns an extension, or an error that says what is wrong with the configuration.
func New(config Config) (*Extension, error) {
	schema, catalog, err := parseSchema(config.Schema)
	if err != nil {
		return nil, fmt.Errorf("a2ui: schema: %w", err)
	}
	if slices.Contains(config.Agents, "") || slices.Contains(config.ToolNames, "") {
		return nil, errors.New("a2ui: an agent or a tool has an empty name")
	}
	switch config.Recovery.DebugExposure {
	case "", "hidden", "collapsed", "verbose":
	default:
		return nil, fmt.Errorf("a2ui: debug exposure %q is neither hidden, collapsed nor verbose", config.Recovery.DebugExposure)
	}
	switch config.Tool {
	case ToolWithCatalog, ToolAlways, ToolNever:
	default:
		return nil, fmt.Errorf("a2ui: no such tool mode: %d", config.Tool)
	}
	if config.Recovery.MaxAttempts < 0 {
		return nil, fmt.Errorf("a2ui: the number of attempts is negative: %d", config.Recovery.MaxAttempts)
	}
	config.Schema = schema
	config.Agents, config.ToolNames = slices.Clone(config.Agents), slices.Clone(config.ToolNames)
	config.ToolName = cmp.Or(config.ToolName, DefaultToolName)
	if config.ToolNames == nil {
		config.ToolNames = []string{DefaultToolName}
	}
	config.Recovery.MaxAttempts = cmp.Or(config.Recovery.MaxAttempts, defaultMaxAttempts)
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	return &Extension{config: config, catalog: catalog}, nil
}

// Extend returns the agent with surfaces, or as it is if it isn't one of those that may
// draw.
func (x *Extension) Extend(agentID string, a agent.Agent) agent.Agent {
	if x.config.Agents != nil && !slices.Contains(x.config.Agents, agentID) {
		return a
	}
	return agent.Use(a, x.Middleware)
}

// Announce says that there are surfaces, and which agents draw them, unless they are
// on demand.
func (x *Extension) Announce(features *agent.Features) {
	if !x.config.OnDemand {
		features.A2UI, features.A2UIAgents = true, slices.Clone(x.config.Agents)
	}
}

// toolFor reports whether a run gets the tool.
func (x *Extension) toolFor(props props) bool {
	switch x.config.Tool {
	case ToolAlways:
		return true
	case ToolNever:
		return false
	default:
		return props.hasCatalog
	}
}

// draws reports whether the arguments of a tool are a surface.
func (x *Extension) draws(tool string, given bool) bool {
	return slices.Contains(x.config.ToolNames, tool) || given && tool == x.config.ToolName
}

// catalogOf returns the id of the catalog that the front end has said it has, "" for
// none.
func catalogOf(input *agui.RunAgentInput) string {
	for i := range input.Context {
		if input.Context[i].Description == schemaDescription {
			return catalogID([]byte(input.Context[i].Value))
		}
	}
	return ""
}
