package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/agent/opengenui"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

const basePath = "/api/copilotkit"

// newSetups returns a runtime for each set-up. They share one store, as the
// reference's do.
func newSetups(agents map[string]agent.Agent, trace *trace, logger *slog.Logger) (map[string]http.Handler, error) {
	threads := memory.New(memory.Limits{})
	handlers := make(map[string]http.Handler)
	surfaces, err := newSurfaces(logger)
	if err != nil {
		return nil, err
	}
	all := setups(trace)
	if err := addApps(all, logger); err != nil {
		return nil, err
	}
	for name, config := range all {
		if extension := surfaces[name]; extension != nil {
			config.Extensions = append(config.Extensions, extension)
		}
		if config.AgentsFor == nil && config.Agents == nil {
			config.Agents = agents
		}
		config.Store = threads
		config.Logger = logger
		config.Development = name == "development"
		config.PublicThreads = name != "root"
		runtime, err := core.New(config)
		if err != nil {
			return nil, fmt.Errorf("set-up %s: %w", name, err)
		}
		handlers[name] = runtime
	}
	return handlers, nil
}

func setups(trace *trace) map[string]core.Config {
	tenMinutes := 600
	cors := func(c core.CORS) core.Config { return core.Config{BasePath: basePath, CORS: &c} }
	headers := func(policy core.HeaderPolicy) core.Config {
		return core.Config{BasePath: basePath, ForwardHeaders: policy}
	}
	pages := func(agents ...string) core.Config {
		extension := opengenui.New(opengenui.Config{Agents: agents, Logger: slog.New(slog.DiscardHandler)})
		return core.Config{BasePath: basePath, Extensions: []agent.Extension{extension}}
	}
	return map[string]core.Config{
		"main":        {BasePath: basePath},
		"development": {BasePath: basePath},
		"slash":       {BasePath: basePath + "/"},
		"root":        {BasePath: "/"},
		"suffix":      {},
		"single":      {BasePath: basePath, SingleRoute: true},
		"single bare": {SingleRoute: true},

		"cors any":  cors(core.CORS{}),
		"cors one":  cors(core.CORS{Origin: "https://one.example"}),
		"cors list": cors(core.CORS{Origins: []string{"https://one.example", "https://two.example"}}),
		"cors function": cors(core.CORS{OriginFunc: func(origin string) string {
			if strings.HasSuffix(origin, ".example") {
				return origin
			}
			return ""
		}}),
		"cors credentials": cors(core.CORS{Origins: []string{"https://one.example"}, Credentials: true}),
		"cors all": cors(core.CORS{
			Origin:        "https://one.example",
			Credentials:   true,
			AllowMethods:  []string{"GET", "POST"},
			AllowHeaders:  []string{"content-type", "x-one"},
			ExposeHeaders: []string{"x-two", "x-three"},
			MaxAge:        &tenMinutes,
		}),
		"cors single": {BasePath: basePath, SingleRoute: true, CORS: &core.CORS{}},

		"hooks":        {BasePath: basePath, Hooks: trace.hooks(), CORS: &core.CORS{}},
		"hooks single": {BasePath: basePath, Hooks: trace.hooks(), SingleRoute: true},

		"headers allow": headers(core.HeaderPolicy{Allow: []string{"X-One", "x-forwarded-for", "X-Two"}, Deny: []string{"x-two"}}),
		"headers deny":  headers(core.HeaderPolicy{Deny: []string{"Authorization"}, DenyPrefixes: []string{"X-Internal-"}}),
		"headers open":  headers(core.HeaderPolicy{NoDefaultDenylist: true}),

		"transcribe":        {BasePath: basePath, Transcriber: transcriber{}},
		"transcribe single": {BasePath: basePath, SingleRoute: true, Transcriber: transcriber{}},

		"agents by request": {BasePath: basePath, AgentsFor: agentsOfTenant},
		"one agent":         {BasePath: basePath, Agents: map[string]agent.Agent{"agent of pages": scriptedAgent{}}},
		"surfaces":          {BasePath: basePath},
		"surfaces off":      {BasePath: basePath},

		"surfaces with a catalog":  {BasePath: basePath},
		"surfaces by another tool": {BasePath: basePath},

		"debug":        {BasePath: basePath, Debug: core.Debug{Events: true, Lifecycle: true}},
		"impatient":    {BasePath: basePath, KeepAlive: 50 * time.Millisecond},
		"silent":       {BasePath: basePath, KeepAlive: -1},
		"pages":        pages(),
		"pages of one": pages("scripted"),
		"supersede":    {BasePath: basePath, SupersedeRuns: true},
		"limited":      {BasePath: basePath, Limits: core.Limits{RunsPerMinute: 1}},
	}
}

// newSurfaces returns the extensions that draw surfaces, by set-up.
func newSurfaces(logger *slog.Logger) (map[string]agent.Extension, error) {
	extensions := make(map[string]agent.Extension)
	for name, config := range map[string]a2ui.Config{
		"main":     {OnDemand: true},
		"surfaces": {},
		"surfaces with a catalog": {
			Tool: a2ui.ToolAlways, Schema: []byte(catalog), DefaultCatalogID: "server",
			Recovery: a2ui.Recovery{DebugExposure: "verbose", MaxAttempts: 2, HideProgress: true},
		},
		"surfaces by another tool": {Tool: a2ui.ToolAlways, ToolName: "draw", Agents: []string{"scripted"}, ToolNames: []string{"paint"}},
	} {
		config.Logger = logger
		extension, err := a2ui.New(config)
		if err != nil {
			return nil, fmt.Errorf("set-up %s: %w", name, err)
		}
		extensions[name] = extension
	}
	return extensions, nil
}

// catalog are the components of the set-ups with a catalog.
const catalog = `{
	"catalogId": "of the server",
	"components": {
		"Text": {"required": ["text"]},
		"Column": {},
		"Modal": {"properties": {"trigger": {"format": "componentRef"}}},
		"Tabs": {"properties": {"tabs": {"type": "array", "items": {"type": "object", "properties": {"child": {"format": "componentRef"}}}}}}
	}
}`

func agentsOfTenant(r *http.Request) (map[string]agent.Agent, error) {
	tenant := r.Header.Get("X-Tenant")
	if tenant == "broken" {
		return nil, errors.New("no such tenant")
	}
	return map[string]agent.Agent{"of-" + tenant: scriptedAgent{description: "Of " + tenant}}, nil
}

type transcriber struct{}

func (transcriber) Transcribe(_ context.Context, audio agent.Audio) (string, error) {
	failures := map[string]agent.TranscriptionCode{
		"fail-rate.webm": agent.TranscriptionRateLimited,
		"fail-auth.webm": agent.TranscriptionAuthFailed,
		"fail-long.webm": agent.TranscriptionTooLong,
	}
	if code, ok := failures[audio.Filename]; ok {
		return "", &agent.TranscriptionError{Code: code}
	}
	if strings.HasPrefix(audio.Filename, "fail-") {
		return "", errors.New("the provider broke")
	}
	sound, err := io.ReadAll(audio.Reader)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %s %d %s", audio.Filename, audio.MimeType, len(sound), sound), nil
}
