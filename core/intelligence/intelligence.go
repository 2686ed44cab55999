// Package intelligence says what a runtime needs of CopilotKit's managed platform
// ("Intelligence") where that keeps its threads in place of a store: a [Platform],
// which package managed implements. What the deployer decides is in [Config].
//
// In this mode the answer to a run isn't its events, but where they can be had: the
// runtime passes them to the platform's gateway as they come, which stores them and
// sends them to everybody who has the thread open.
package intelligence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/store"
)

// Platform keeps threads, and passes on the events of runs. It is safe for concurrent
// use. Its calls end with their contexts, and by time limits of their own; those that
// fail return an [*Error]. The JSON that they return is the platform's own, for the front
// end.
//
// A user's thread that another user asks for is one that doesn't exist: the platform
// answers 404.
type Platform interface {
	// Begin opens a run: it gets or creates its thread, takes the thread's lock, reads
	// which messages the thread has, and joins the gateway, before it returns.
	// [store.ErrLocked] means that another run has the lock. A failure leaves no lock
	// behind.
	Begin(ctx context.Context, request BeginRequest) (Run, error)
	// Connect returns where a thread's events can be had, nil if there are none.
	Connect(ctx context.Context, user, agentID, threadID string) (*Credentials, error)
	// Stop asks the thread's live run to stop, wherever it runs; with a runID only that
	// run. It reports whether there was one.
	Stop(ctx context.Context, user, agentID, threadID, runID string) (bool, error)

	// Thread returns one thread.
	Thread(ctx context.Context, user, threadID string) (Thread, error)
	// Threads lists a user's threads: {"threads", "joinCode", "nextCursor"}.
	Threads(ctx context.Context, user string, query ThreadQuery) (json.RawMessage, error)
	// CreateThread adds a thread without runs, or fails with status 409. An empty name
	// is none.
	CreateThread(ctx context.Context, user, agentID, threadID, name string) (Thread, error)
	// UpdateThread changes what patch sets.
	UpdateThread(ctx context.Context, user, agentID, threadID string, patch ThreadPatch) (Thread, error)
	// DeleteThread removes a thread.
	DeleteThread(ctx context.Context, user, agentID, threadID string) error
	// SubscribeThreads returns {"joinToken"}, with which a front end follows the list.
	SubscribeThreads(ctx context.Context, user string) (json.RawMessage, error)
	// Messages returns a thread's messages: {"messages"}.
	Messages(ctx context.Context, user, threadID string) (json.RawMessage, error)
	// Events returns a thread's events: {"events", …}. The platform doesn't ask whose
	// thread it is: the caller has, by Thread.
	Events(ctx context.Context, threadID string) (json.RawMessage, error)
	// State returns the shared state after the thread's last run, nil for none. Whose
	// thread it is the caller has asked, by Thread.
	State(ctx context.Context, threadID string) (json.RawMessage, error)

	// Memories lists memories: {"memories"}.
	Memories(ctx context.Context, access MemoryAccess, includeInvalidated bool) (json.RawMessage, error)
	// CreateMemory adds one, and returns it.
	CreateMemory(ctx context.Context, access MemoryAccess, memory Memory) (json.RawMessage, error)
	// ReplaceMemory puts one in another's place, and returns it with "retiredId".
	ReplaceMemory(ctx context.Context, access MemoryAccess, id string, memory Memory) (json.RawMessage, error)
	// RemoveMemory removes one.
	RemoveMemory(ctx context.Context, access MemoryAccess, id string) error
	// Recall finds memories: {"memories"}.
	Recall(ctx context.Context, access MemoryAccess, query RecallQuery) (json.RawMessage, error)
	// SubscribeMemories returns tokens and codes with which a front end follows them.
	SubscribeMemories(ctx context.Context, access MemoryAccess) (json.RawMessage, error)

	// MemoryTools returns what gives an agent the platform's memory tools, in a user's
	// name: it is added to the extensions of one run.
	MemoryTools(access MemoryAccess) agent.Extension

	// Annotate records what a user has done: {"id", "duplicate"}.
	Annotate(ctx context.Context, user string, annotation Annotation) (json.RawMessage, error)
	// InspectorMetadata returns what the front end's inspector shows of the project, as
	// the platform has it, nil for nothing.
	InspectorMetadata(ctx context.Context) (json.RawMessage, error)
	// Entitlements returns what the project may use, as /info shows it. It never fails:
	// what couldn't be found out it says.
	Entitlements(ctx context.Context) Entitlements

	// ClientURL is where browsers reach the gateway: wss://…/client.
	ClientURL() string
	// Close ends connections. Runs must have ended before.
	Close() error
}

// BeginRequest is a run that wants to begin. Key.Owner is the user.
type BeginRequest struct {
	store.BeginRequest
	// Container is the learning container of a thread that is created, "" for none.
	Container string
	// Created is called if the thread was created. Nil for nothing.
	Created func(Thread)
}

// Run is the right to run on a thread: a lease whose events the gateway passes on. Its
// lock is renewed until Finish.
type Run interface {
	store.Delivery
	// Credentials are what the front end gets to follow the run.
	Credentials() Credentials
	// Unnamed reports whether the thread is new and has no name.
	Unnamed() bool
}

// Credentials are what a front end needs to get a thread's events from the gateway.
type Credentials struct {
	ThreadID string
	// RunID is empty for a thread without a live run.
	RunID string
	// JoinToken opens one connection.
	JoinToken string
}

// ErrInvalidID is why the platform isn't asked: an id, which a front end may have chosen,
// can't be in an address.
var ErrInvalidID = errors.New("invalid id")

// Error is a call of the platform that failed. Its text names the call and what the
// platform said, for the log: it may quote what users wrote.
type Error struct {
	// Step says what was being done when a run began, "" for other calls.
	Step Step
	// Call is the call of the platform, such as "get thread", "" for none.
	Call string
	// Status is the platform's HTTP status, at least 400, 0 if there was no answer that
	// could be used.
	Status int
	// Message is what the platform said: some of its text, up to 2 KiB, without keys.
	Message string
	// Err is why there was no such answer, nil if there was.
	Err error
}

func (e *Error) Error() string {
	text := "intelligence platform: "
	if e.Step != "" {
		text += string(e.Step) + ": "
	}
	if e.Call != "" && e.Call != string(e.Step) {
		text += e.Call + ": "
	}
	if e.Err != nil {
		return text + e.Err.Error()
	}
	if e.Status != 0 {
		text += fmt.Sprintf("status %d: ", e.Status)
	}
	return text + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Step is what has to be done before a run begins.
type Step string

// The steps, in their order.
const (
	StepThread      Step = "get or create thread"
	StepLock        Step = "lock thread"
	StepCredentials Step = "get run credentials"
	StepHistory     Step = "read thread history"
	StepJoin        Step = "join gateway"
)
