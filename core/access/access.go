// Package access says who calls: [User], and how it goes from a request to
// everything that is done for it.
//
// The runtime asks core.Config.Identify once for each request, before anything else is
// read of it. The packages below have the ways to find out who it is.
package access

import (
	"context"
	"errors"
	"net/http"
)

// User is who calls.
type User struct {
	// ID is whose threads the request may see: threads of different users never meet,
	// even under the same id. It is not shown to other users. It has 1024 bytes at most,
	// and no control characters: a request with another is not let in. If empty, all such
	// requests share one set of threads.
	ID string
	// Name is what people call the user. If empty, there is none.
	Name string
	// Claims are what a verified token says of the user, as JSON has it. If nil, there
	// are none. It must not be modified.
	Claims map[string]any
	// Anonymous is set if anybody can be a new user, as with session cookies. Limits
	// then count by the client's address, since users cost nothing.
	Anonymous bool
	// Admin lets the user read what others have used.
	Admin bool
	// Cookie, if not nil, is set by the answer.
	Cookie *http.Cookie
}

// Error is a request that isn't let in. The client is told nothing of Reason, which
// goes to the log.
type Error struct {
	// Forbidden is set if it is known who calls, and that isn't enough: the answer is
	// 403, and 401 otherwise.
	Forbidden bool
	// Challenge is the WWW-Authenticate header of the answer. If empty, there is none.
	Challenge string
	// Reason says what was wrong. It has no secrets.
	Reason error
}

// Error returns the reason.
func (e *Error) Error() string {
	if e.Reason == nil {
		return "not let in"
	}
	return "not let in: " + e.Reason.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Reason }

// ErrUnavailable means that it can't be found out now who calls, for instance because
// the issuer of tokens can't be reached: the answer is 503.
var ErrUnavailable = errors.New("access: unavailable")

type userKey struct{}

// WithUser returns a context that carries the user, for agents, tools and hooks.
func WithUser(ctx context.Context, user User) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

// UserFrom returns the user whose request is being answered, and whether the runtime
// identifies its users.
func UserFrom(ctx context.Context) (User, bool) {
	user, ok := ctx.Value(userKey{}).(User)
	return user, ok
}
