package intelligence

import "encoding/json"

// Thread is a thread as the platform has it.
type Thread struct {
	ID      string
	Name    string
	AgentID string
	// JSON is all of it, for the front end.
	JSON json.RawMessage
}

// ThreadQuery says which threads to list.
type ThreadQuery struct {
	AgentID         string
	IncludeArchived bool
	// Limit is the most threads of a page, as the front end has it; "" for the
	// platform's.
	Limit string
	// Cursor is the nextCursor of the page before, "" for the first.
	Cursor string
}

// ThreadPatch is a change of a thread. What is nil stays as it is; a name of null takes
// the name away.
type ThreadPatch struct {
	Name     json.RawMessage
	Archived *bool
}

// Annotation is what a user has done.
type Annotation struct {
	// ID makes a repetition known. If empty, it gets one.
	ID       string
	Type     string
	ThreadID string
	// Payload is any JSON, nil for none.
	Payload json.RawMessage
	// OccurredAt is the front end's time, "" for none.
	OccurredAt string
}

// Entitlements are what the project may use.
type Entitlements struct {
	// JSON is runtimeEntitlements of /info.
	JSON json.RawMessage
	// License is licenseStatus of /info: valid, none or unknown.
	License string
}
