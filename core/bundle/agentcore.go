package bundle

import (
	"errors"
	"time"
)

const (
	// agentCorePath is the one path to which AgentCore sends requests.
	agentCorePath = "/invocations"
	// agentCoreAgent answers runs that name no agent.
	agentCoreAgent = "default"
	// agentCoreLimit is how long AgentCore lets an answer stream.
	agentCoreLimit = time.Hour

	agentCoreVariable = "COPILOTKIT_AGENTCORE"
	maxRequestSeconds = "COPILOTKIT_MAX_REQUEST_SECONDS"
)

// WithoutAgentCore makes COPILOTKIT_AGENTCORE=on an error that says where it works. It is for
// programs that don't keep the contract of Amazon Bedrock AgentCore: there it would only move
// the routes.
func WithoutAgentCore() Option {
	return func(p *parts) { p.noAgentCore = true }
}

// errNoAgentCore is what such programs say.
var errNoAgentCore = errors.New("it works in the container image alone (docs/image.md), which is what AgentCore runs; here it would only move the routes to " + agentCorePath)

// applyAgentCore sets what follows from AgentCore's contract: all requests come to one
// path, without what a browser says of its page, since AgentCore answers that itself. It
// finds variables that ask for something else.
func (s *Settings) applyAgentCore(values map[string]string) []error {
	if !s.AgentCore {
		return nil
	}
	var errs []error
	for _, fixed := range []struct{ name, value string }{{"COPILOTKIT_ENDPOINT", "single-route"}, {"COPILOTKIT_BASE_PATH", agentCorePath}} {
		if value := values[fixed.name]; value != "" && value != fixed.value {
			errs = append(errs, &EnvError{Name: fixed.name, Err: errors.New("with COPILOTKIT_AGENTCORE=on it is " + fixed.value)})
		}
	}
	s.SingleRoute, s.BasePath = true, agentCorePath
	if values["COPILOTKIT_CORS_ORIGINS"] == "" {
		s.CORSOrigins = nil
	}
	if values[maxRequestSeconds] == "" {
		s.MaxRequest = agentCoreLimit
	}
	return errs
}
