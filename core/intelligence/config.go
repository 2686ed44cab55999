package intelligence

import (
	"context"
	"errors"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agui"
)

// Config is what a deployer decides where the platform keeps threads.
type Config struct {
	// Platform keeps the threads. Required. It is closed by whoever opened it, after the
	// runtime.
	Platform Platform
	// Memory says what memories a request may use, for agents and front ends. With it
	// agents get the platform's memory tools, and the routes of memories are served. If
	// nil, there are none, unless ServeMemories is set.
	Memory MemoryPolicy
	// ServeMemories serves the routes of memories without a policy: each user's own and
	// the project's, to read and to write. Defaults to false.
	ServeMemories bool
	// Container chooses the learning container of a new thread: up to 64 lower-case
	// letters, digits and hyphens between them; "" for none. If nil, there is none. An
	// error is logged, and the run refused with 500.
	Container func(ctx context.Context, request ContainerRequest) (string, error)
	// Events are told what becomes of threads.
	Events ThreadEvents
}

// ContainerRequest is a run whose thread may want a learning container.
type ContainerRequest struct {
	User    access.User
	AgentID string
	// Input is shared with the agent, and must not be changed.
	Input *agui.RunAgentInput
}

// ThreadEvents are called when this runtime has changed a thread, in the goroutine of the
// request that did, concurrently for different requests. Panics are logged. What is nil
// isn't called.
type ThreadEvents struct {
	Created func(Thread)
	// Updated is called for changes, a name that was given and archiving.
	Updated func(Thread)
	Deleted func(DeletedThread)
}

// DeletedThread is a thread that is gone.
type DeletedThread struct {
	ThreadID, User, AgentID string
}

// MemoryPolicy says what a user may do with memories. An error refuses the request with
// 500 and is logged. It is called concurrently.
type MemoryPolicy func(ctx context.Context, user access.User, consumer Consumer) (Grant, error)

// Consumer is who uses memories.
type Consumer string

const (
	// Agent is an agent in a run.
	Agent Consumer = "agent"
	// Client is a front end.
	Client Consumer = "client"
)

// Grant is what may be done with a user's own memories, and with the project's. The zero
// value grants nothing.
type Grant struct {
	User    Scope
	Project Scope
}

// Scope is what may be done with memories. "" is None.
type Scope string

// The scopes.
const (
	None      Scope = "none"
	Read      Scope = "read"
	ReadWrite Scope = "read-write"
)

// MemoryAccess is in whose name memories are used.
type MemoryAccess struct {
	User string
	// Grant is sent to the platform, which enforces it; nil where there is no policy.
	Grant *Grant
}

// Memory is a memory that is to be kept.
type Memory struct {
	Content string
	// Kind is topical, episodic or operational.
	Kind string
	// Scope is user or project, "" for the platform's default.
	Scope string
	// SourceThreadIDs are the threads that it comes from.
	SourceThreadIDs []string
}

// RecallQuery says which memories to find.
type RecallQuery struct {
	Query string
	// Limit is the most to find, 0 for the platform's default.
	Limit int
	// Scope is user or project, "" for both.
	Scope string
}

// CheckContainer returns an error if an id isn't one of a learning container.
func CheckContainer(id string) error {
	valid := id != "" && len(id) <= 64
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(id)-1 && id[i-1] != '-':
		default:
			valid = false
		}
	}
	if !valid {
		return errors.New("the id of a learning container is up to 64 lower-case letters and digits, with single hyphens between them")
	}
	return nil
}
