package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/intelligence/managed"
)

// newManagedSetups returns a runtime for each set-up whose threads the managed platform
// keeps, as ../reference-managed.mjs has them. Platform is what its process says of itself.
func newManagedSetups(platform string, agents map[string]agent.Agent, logger *slog.Logger) (map[string]http.Handler, error) {
	var at struct{ URL, GatewayURL, Key string }
	if err := json.Unmarshal([]byte(platform), &at); err != nil {
		return nil, fmt.Errorf("PLATFORM: %w", err)
	}
	type setup struct {
		core   core.Config
		config intelligence.Config
		client managed.Options
	}
	all := map[string]setup{
		"managed":                  {config: intelligence.Config{ServeMemories: true}},
		"managed single":           {core: core.Config{SingleRoute: true}, config: intelligence.Config{ServeMemories: true}},
		"managed without memories": {},
		"managed with a policy":    {config: intelligence.Config{Memory: memoryPolicy}},
		"managed with names":       {core: core.Config{NameThreads: true}},
		"managed with containers":  {config: intelligence.Config{Container: container}},
		"managed with a lock":      {client: managed.Options{LockTTL: 30 * time.Second, LockKeyPrefix: "mine"}},
		"with another key":         {client: managed.Options{APIKey: "cpk-42_not-the-key"}},
	}
	for n := range 12 {
		all[fmt.Sprintf("entitlements %d", n+1)] = setup{}
	}
	handlers := make(map[string]http.Handler)
	for name, s := range all {
		s.client.APIURL, s.client.WSURL, s.client.Logger = at.URL, at.GatewayURL, logger
		if s.client.APIKey == "" {
			s.client.APIKey = at.Key
		}
		client, err := managed.New(s.client)
		if err != nil {
			return nil, fmt.Errorf("set-up %s: %w", name, err)
		}
		s.config.Platform = client
		s.core.Intelligence = &s.config
		s.core.BasePath, s.core.Logger, s.core.Identify = basePath, logger, identify
		s.core.Agents = map[string]agent.Agent{"scripted": agents["scripted"], "remote": agents["plain"]}
		if handlers[name], err = core.New(s.core); err != nil {
			return nil, fmt.Errorf("set-up %s: %w", name, err)
		}
	}
	return handlers, nil
}

// identify takes X-User's word for who calls.
func identify(r *http.Request) (access.User, error) {
	id := r.Header.Get("X-User")
	if id == "broken" {
		return access.User{}, errors.New("the users are away")
	}
	return access.User{ID: id}, nil
}

// memoryPolicy finds in a user's id what it may do: "grant:read:none", "grant:null", …
func memoryPolicy(_ context.Context, user access.User, consumer intelligence.Consumer) (intelligence.Grant, error) {
	scopes := append(strings.Split(user.ID, ":"), "", "")[1:]
	switch scopes[0] {
	case "throw":
		return intelligence.Grant{}, errors.New("the policy broke")
	case "null":
		return intelligence.Grant{}, nil
	case "agents":
		if consumer == intelligence.Agent {
			return intelligence.Grant{User: intelligence.Read, Project: intelligence.Read}, nil
		}
		return intelligence.Grant{}, nil
	}
	return intelligence.Grant{User: intelligence.Scope(scopes[0]), Project: intelligence.Scope(scopes[1])}, nil
}

// container finds a learning container in a user's id: "of:a-container", "of:throw".
func container(_ context.Context, request intelligence.ContainerRequest) (string, error) {
	_, id, _ := strings.Cut(request.User.ID, ":")
	if id == "throw" {
		return "", errors.New("the containers are away")
	}
	return id, nil
}
