package mcpclient

import (
	"context"
	"crypto/sha256"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
)

// CallerKey is who calls, and as whom a server sees the caller. Two callers of one key
// are the same.
type CallerKey struct {
	identified bool
	user       string
	token      [sha256.Size]byte // all zero without one
}

// Caller is who calls, and the Authorization that goes to the server, if any.
type Caller struct {
	CallerKey
	Authorization string
}

// CallerOf returns who calls in the context of a run.
func CallerOf(ctx context.Context) Caller {
	user, identified := access.UserFrom(ctx)
	caller := Caller{CallerKey{identified: identified, user: user.ID}, agent.ForwardedHeaders(ctx).Get("Authorization")}
	if caller.Authorization != "" {
		caller.token = sha256.Sum256([]byte(caller.Authorization))
	}
	return caller
}
