package core

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// referenceVersion is the version of the reference runtime whose routes and
// shapes this one serves. /info reports it, since front ends show it and may come
// to decide by it; the version of this module means nothing to them.
const referenceVersion = "1.75.0"

type runtimeInfo struct {
	Version         string                   `json:"version"`
	Agents          map[string]agentInfo     `json:"agents"`
	Transcription   bool                     `json:"audioFileTranscriptionEnabled"`
	Mode            string                   `json:"mode"`
	ThreadEndpoints threadEndpoints          `json:"threadEndpoints"`
	SingleRoute     *singleRouteCapabilities `json:"singleRoute,omitempty"`
	Intelligence    *intelligenceInfo        `json:"intelligence,omitempty"`
	Inspector       bool                     `json:"inspectorMetadata,omitempty"`
	Suggestions     bool                     `json:"suggestions"`
	A2UIEnabled     bool                     `json:"a2uiEnabled"`
	A2UI            *a2uiInfo                `json:"a2ui,omitempty"`
	OpenGenUI       bool                     `json:"openGenerativeUIEnabled"`
	License         string                   `json:"licenseStatus,omitempty"`
	Entitlements    json.RawMessage          `json:"runtimeEntitlements,omitempty"`
	NoTelemetry     bool                     `json:"telemetryDisabled"`
}

// intelligenceInfo is where browsers reach the platform's gateway.
type intelligenceInfo struct {
	URL string `json:"wsUrl"`
}

type a2uiInfo struct {
	Enabled bool     `json:"enabled"`
	Agents  []string `json:"agents,omitzero"` // empty for none, nil for all
}

type agentInfo struct {
	Name         string            `json:"name"`
	Description  string            `json:"description"`
	ClassName    string            `json:"className"`
	Capabilities agui.Capabilities `json:"capabilities,omitempty"`
}

// threadEndpoints are what a front end's list of threads may do.
type threadEndpoints struct {
	List      bool `json:"list"`
	Inspect   bool `json:"inspect"`
	Mutations bool `json:"mutations"`
	// Realtime needs the Intelligence platform's WebSocket.
	Realtime bool `json:"realtimeMetadata"`
}

type singleRouteCapabilities struct {
	ResourceOperations bool            `json:"resourceOperations"`
	ThreadEndpoints    threadEndpoints `json:"threadEndpoints"`
}

// serveInfo shows what the runtime has, in the reference's key order.
func (rt *Runtime) serveInfo(ex *exchange) error {
	agents, err := rt.agents(ex)
	if err != nil {
		return namedFailure("Failed to retrieve runtime information", err)
	}
	info := runtimeInfo{
		Version:         referenceVersion,
		Agents:          make(map[string]agentInfo, len(agents)),
		Transcription:   rt.config.Transcriber != nil,
		Mode:            "sse",
		ThreadEndpoints: threadEndpoints{List: rt.listsThreads(ex), Inspect: true, Mutations: true},
		Suggestions:     true,
		NoTelemetry:     true,
	}
	if config := rt.config.Intelligence; config != nil {
		info.Mode = "intelligence"
		info.Intelligence, info.Inspector = &intelligenceInfo{config.Platform.ClientURL()}, true
		info.ThreadEndpoints.Realtime = true
		entitlements := config.Platform.Entitlements(ex.r.Context())
		info.License, info.Entitlements = entitlements.License, entitlements.JSON
	}
	if rt.config.SingleRoute {
		// Over a single route the thread routes are reached in envelopes only.
		info.SingleRoute = &singleRouteCapabilities{ResourceOperations: true, ThreadEndpoints: info.ThreadEndpoints}
		info.ThreadEndpoints = threadEndpoints{}
	}
	features := rt.features()
	info.OpenGenUI = features.OpenGenerativeUI
	if info.A2UIEnabled = features.A2UI; info.A2UIEnabled {
		info.A2UI = &a2uiInfo{Enabled: true, Agents: features.A2UIAgents}
	}
	for name, a := range agents {
		info.Agents[name] = ex.describe(name, a)
	}
	return ex.json(http.StatusOK, info)
}

// features returns what the extensions bring.
func (rt *Runtime) features() (features agent.Features) {
	for _, extension := range rt.config.Extensions {
		if announcer, ok := extension.(agent.Announcer); ok {
			announcer.Announce(&features)
		}
	}
	return features
}

// describe returns what /info shows of an agent. One that panics meanwhile is
// shown with its name only, so that the others are still shown.
func (ex *exchange) describe(name string, a agent.Agent) agentInfo {
	info := agentInfo{Name: name, ClassName: className(a)}
	err := recovering(func() error {
		if describer, ok := agent.As[agent.Describer](a); ok {
			info.Description = describer.Description()
		}
		if reporter, ok := agent.As[agent.CapabilityReporter](a); ok {
			capabilities := reporter.Capabilities()
			if _, err := json.Marshal(capabilities); err != nil {
				return err
			}
			info.Capabilities = capabilities
		}
		return nil
	})
	if err != nil {
		ex.config.Logger.WarnContext(ex.r.Context(), "an agent could not describe itself", "agent", name, "error", err)
	}
	return info
}

// className returns the name of an agent's kind: its own, or that of its Go type.
func className(a agent.Agent) string {
	if namer, ok := agent.As[agent.ClassNamer](a); ok {
		return namer.ClassName()
	}
	t := reflect.TypeOf(a)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}
