// Package bundle builds the runtime of a deployment from its environment.
//
//	runtime, err := bundle.New(ctx, os.Environ)
//	if err != nil {
//		log.Fatal(err) // names the variable that is wrong
//	}
//	defer runtime.Close()
//	http.Handle("/api/copilotkit/", runtime)
//
// custom.go is the place for your own agents and tools. A program that imports this
// package instead of changing it passes options: [WithAgent], [WithTool] and others.
// The README lists the variables.
package bundle

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core"
)

// New returns the runtime that the environment describes. It does no network I/O: the
// first request that needs a store, a model or a remote agent connects to it. For each
// variable that is missing, malformed or unknown the error has an [*EnvError].
//
// The runtime's Close closes what was opened for it: the store, the sessions of MCP
// servers, and the agents and tool sources of options that have a method Close() error.
func New(ctx context.Context, env Env, options ...Option) (*core.Runtime, error) {
	settings, err := Read(env, collect(options).defaults)
	if err != nil {
		return nil, fmt.Errorf("read the environment: %w", err)
	}
	return NewFromSettings(ctx, settings, options...)
}

// NewFromSettings returns the runtime that settings describe, as [New] does.
func NewFromSettings(ctx context.Context, settings *Settings, options ...Option) (*core.Runtime, error) {
	own, err := custom(settings)
	if err != nil {
		return nil, fmt.Errorf("add agents and tools: %w", err)
	}
	parts := collect(append(own, options...))
	parts.logger = parts.newLogger(settings.LogLevel)
	logStart(ctx, parts.logger, settings)
	config, err := newConfig(ctx, settings, parts)
	if err != nil {
		// Agents and tool sources of options stay open if there is no runtime.
		return nil, errors.Join(err, parts.opened.close())
	}
	parts.closeWith(&config)
	runtime, err := core.New(config)
	if err != nil {
		return nil, errors.Join(err, parts.opened.close())
	}
	return runtime, nil
}

// newConfig returns the configuration of the runtime, as changed by the options.
func newConfig(ctx context.Context, settings *Settings, parts parts) (core.Config, error) {
	config := core.Config{
		BasePath:           settings.BasePath,
		SingleRoute:        settings.SingleRoute,
		MaxBodyBytes:       settings.MaxBodyBytes,
		NameThreads:        settings.NameThreads,
		SupersedeRuns:      settings.SupersedeRuns,
		CancelOnDisconnect: settings.CancelOnDisconnect,
		FailOnStoreFailure: settings.FailOnStoreFailure,
		PublicThreads:      settings.PublicThreads,
		TrustedProxies:     settings.TrustedProxies,
		ForwardHeaders:     settings.ForwardHeaders,
		KeepAlive:          cmp.Or(settings.KeepAlive, -1),
		Debug:              settings.Debug,
		Development:        settings.Development,
		Logger:             parts.logger,
		Limits: core.Limits{
			RunsPerMinute:  settings.LimitRunsPerMinute,
			ConcurrentRuns: settings.LimitConcurrentRuns,
			TokensPerDay:   settings.LimitTokensPerDay,
			AllowUncounted: settings.AllowUncounted,
		},
	}
	if settings.AgentCore {
		if parts.noAgentCore {
			return config, &EnvError{Name: agentCoreVariable, Err: errNoAgentCore}
		}
		config.BareRunAgent = agentCoreAgent
	}
	if settings.Gather == 0 {
		config.Gather = -1
	} else if settings.Store.Scheme() != "" {
		config.Gather = settings.Gather
	}
	if len(settings.CORSOrigins) > 0 {
		config.CORS = &core.CORS{Origins: settings.CORSOrigins, Credentials: settings.CORSCredentials, MaxAge: &settings.CORSMaxAge}
	}
	if err := addTelemetry(&config, settings, parts); err != nil {
		return config, err
	}
	var err error
	if config.Identify, err = buildIdentify(settings, parts.logger); err != nil {
		return config, err
	}
	if config.Agents, err = buildAgents(settings, parts); err != nil {
		return config, err
	}
	surfaces, err := buildA2UI(settings, parts, config.Agents)
	if err != nil {
		return config, err
	}
	if surfaces != nil { // outermost: results of what is inside may be surfaces
		config.Extensions = append(config.Extensions, surfaces)
	}
	apps, err := buildApps(settings, parts, config.Agents)
	if err != nil {
		return config, err
	}
	parts.opened.add(apps)
	config.Extensions = append(config.Extensions, apps)
	if settings.OpenGenerativeUI {
		extension, err := buildOpenGenerativeUI(settings, parts, config.Agents)
		if err != nil {
			return config, err
		}
		config.Extensions = append(config.Extensions, extension)
	}
	if config.Transcriber, err = buildTranscriber(settings, parts); err != nil {
		return config, err
	}
	if err := buildIntelligence(settings, parts, &config); err != nil {
		return config, err
	}
	if config.Intelligence == nil {
		if config.Store, err = openStore(ctx, settings, parts); err != nil {
			return config, err
		}
		parts.opened.add(config.Store)
	}
	for _, change := range parts.changes {
		change(&config)
	}
	if err := addFrontEnd(&config, settings, parts); err != nil {
		return config, err
	}
	observeStore(&config, settings)
	return config, checkIdentified(ctx, settings, config)
}
