package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/store"
)

const basePath = "/api/copilotkit"

// setup is one way to configure the runtime.
type setup struct {
	runtime core.Runtime
	options core.Options
}

// newSetups makes a handler for each set-up. They share one store, as the
// reference's do.
func newSetups(agents map[string]agent.Agent, trace *trace, logger *slog.Logger) (map[string]http.Handler, error) {
	threads := store.NewMemory(store.MemoryLimits{})
	handlers := make(map[string]http.Handler)
	for name, s := range setups(trace) {
		if s.runtime.AgentsFor == nil && s.runtime.Agents == nil {
			s.runtime.Agents = agents
		}
		s.runtime.Store = threads
		s.runtime.Logger = logger
		s.runtime.Development = name == "development"
		handler, err := core.NewHandler(&s.runtime, s.options)
		if err != nil {
			return nil, fmt.Errorf("set-up %s: %w", name, err)
		}
		handlers[name] = handler
	}
	return handlers, nil
}

func setups(trace *trace) map[string]setup {
	tenMinutes := 600
	based := core.Options{BasePath: basePath}
	single := core.Options{BasePath: basePath, Mode: core.SingleRoute}
	cors := func(c core.CORS) setup { return setup{options: core.Options{BasePath: basePath, CORS: &c}} }
	headers := func(policy core.HeaderPolicy) setup {
		return setup{runtime: core.Runtime{ForwardHeaders: policy}, options: based}
	}
	traced := core.Runtime{BeforeRequest: trace.beforeRequest, AfterRequest: trace.afterRequest}
	return map[string]setup{
		"main":        {options: based},
		"development": {options: based},
		"slash":       {options: core.Options{BasePath: basePath + "/"}},
		"root":        {options: core.Options{BasePath: "/"}},
		"suffix":      {},
		"single":      {options: single},
		"single bare": {options: core.Options{Mode: core.SingleRoute}},

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
		"cors single": {options: core.Options{BasePath: basePath, Mode: core.SingleRoute, CORS: &core.CORS{}}},

		"hooks":        {runtime: traced, options: core.Options{BasePath: basePath, Hooks: trace.hooks(), CORS: &core.CORS{}}},
		"hooks single": {runtime: traced, options: core.Options{BasePath: basePath, Hooks: trace.hooks(), Mode: core.SingleRoute}},

		"headers allow": headers(core.HeaderPolicy{Allow: []string{"X-One", "x-forwarded-for", "X-Two"}, Deny: []string{"x-two"}}),
		"headers deny":  headers(core.HeaderPolicy{Deny: []string{"Authorization"}, DenyPrefixes: []string{"X-Internal-"}}),
		"headers open":  headers(core.HeaderPolicy{NoDefaultDenylist: true}),

		"transcribe":        {runtime: core.Runtime{Transcriber: transcriber{}}, options: based},
		"transcribe single": {runtime: core.Runtime{Transcriber: transcriber{}}, options: single},

		"agents by request": {runtime: core.Runtime{AgentsFor: agentsOfTenant}, options: based},
		"one agent":         {runtime: core.Runtime{Agents: map[string]agent.Agent{"agent of pages": scriptedAgent{}}}, options: based},
		"supersede":         {runtime: superseding(), options: based},
	}
}

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

func superseding() (rt core.Runtime) {
	rt.Runner.SupersedeRuns = true
	return rt
}
