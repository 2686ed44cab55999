// Package core is the CopilotKit runtime: an http.Handler that a CopilotKit
// front end talks to.
//
//	runtime, err := core.New(core.Config{
//		Agents:   map[string]agent.Agent{"default": myAgent},
//		BasePath: "/api/copilotkit",
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer runtime.Close()
//	http.Handle("/api/copilotkit/", runtime)
//
// A request goes through the hooks ([Hooks]) to one of the routes ([Route]); a
// run is handed to the runner, which asks the agent (package agent) and records
// the events (package agui) in the store (package store). In its place a managed
// platform may keep threads (package intelligence).
package core
