package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core"
)

// forwardAuthorization is the variable that names who gets the caller's Authorization.
const forwardAuthorization = "COPILOTKIT_FORWARD_AUTHORIZATION"

func setForwardAuthorization(s *Settings, value string) error {
	if value == "off" {
		return nil
	}
	s.ForwardAuthorization = splitList(value)
	return nil
}

func setForwardHeaders(s *Settings, value string) error {
	options := struct {
		Deny, DenyPrefixes, Allow []string
		UseDefaultDenylist        bool
	}{UseDefaultDenylist: true}
	if err := parseObject(value, &options); err != nil {
		return fmt.Errorf(`not %w such as {"deny":["x-internal"],"denyPrefixes":["x-my-"],"allow":[],"useDefaultDenylist":true}`, err)
	}
	for _, name := range slices.Concat(options.Deny, options.DenyPrefixes, options.Allow) {
		if !isToken(strings.TrimSpace(name)) {
			return fmt.Errorf("%q is not the name of a header", name)
		}
	}
	s.ForwardHeaders = core.HeaderPolicy{
		NoDefaultDenylist: !options.UseDefaultDenylist,
		Deny:              options.Deny, DenyPrefixes: options.DenyPrefixes, Allow: options.Allow,
	}
	return nil
}

// checkForwarding returns an error if a name has no effect, since what it names isn't
// there, or has an Authorization of its own.
func (s *Settings) checkForwarding() error {
	for _, name := range s.ForwardAuthorization {
		remoteAgent, isAgent := s.Agents[name]
		server, isServer := s.MCPServers[name]
		app, isApp := s.MCPApps[name]
		switch {
		case name == "*":
		case name == "":
			return errors.New("there is an empty name")
		case name == "off":
			return errors.New("off stands alone")
		case !isAgent && !isServer && !isApp:
			return fmt.Errorf("%q is neither an agent of COPILOTKIT_AGENTS nor a server of COPILOTKIT_MCP_SERVERS or COPILOTKIT_MCP_APPS", name)
		case isAgent && remoteAgent.authorizes():
			return fmt.Errorf("agent %q has an Authorization of its own in COPILOTKIT_AGENTS, which wins: leave one of them out", name)
		case isServer && server.authorizes():
			return fmt.Errorf("MCP server %q has an Authorization of its own in COPILOTKIT_MCP_SERVERS, which wins: leave one of them out", name)
		case isApp && app.authorizes():
			return fmt.Errorf("MCP server %q has an Authorization of its own in COPILOTKIT_MCP_APPS, which wins: leave one of them out", name)
		}
	}
	return nil
}

// forwardsToAgent reports whether the remote agent of this name gets the caller's
// Authorization.
func (s *Settings) forwardsToAgent(name string) bool {
	return slices.Contains(s.ForwardAuthorization, "*") || slices.Contains(s.ForwardAuthorization, name)
}

// forwardsToMCP reports whether the MCP server of this name gets it. It must be named:
// the reference sends MCP servers nothing of its callers.
func (s *Settings) forwardsToMCP(name string) bool {
	return slices.Contains(s.ForwardAuthorization, name)
}

// authorizes reports whether the upstream is configured with an Authorization.
func (u Upstream) authorizes() bool {
	return u.Headers["Authorization"] != "" || u.URL.url.User != nil || u.OAuth.ClientID != ""
}
