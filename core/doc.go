// Package core is the CopilotKit runtime: an http.Handler that a CopilotKit
// front end talks to.
//
//	handler, err := core.NewHandler(&core.Runtime{
//		Agents: map[string]agent.Agent{"default": myAgent},
//	}, core.Options{BasePath: "/api/copilotkit"})
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.Handle("/api/copilotkit/", handler)
//
// A request goes through the hooks to one of the routes ([Route]); a run is
// handed to the runner (package runner), which asks the agent (package agent)
// and records the events (package agui) in the store (package store).
package core
