package access

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// maxTokenBytes is how long a bearer token may be. Real ones have one or two thousand.
const maxTokenBytes = 16 << 10

// Bearer returns the bearer token of a request's Authorization header (RFC 6750, 2.1),
// or an [*Error]. Tokens in the query or the body don't count: addresses are logged on
// the way.
func Bearer(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", &Error{Challenge: challenge, Reason: errors.New("no Authorization header")}
	}
	if len(values) > 1 {
		return "", InvalidToken(errors.New("more than one Authorization header"))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", &Error{Challenge: challenge, Reason: errors.New("no bearer token in the Authorization header")}
	}
	if len(token) > maxTokenBytes {
		return "", InvalidToken(fmt.Errorf("a token of more than %d bytes", maxTokenBytes))
	}
	return token, nil
}

// challenge asks for a token.
const challenge = `Bearer realm="copilotkit"`

// InvalidToken returns the error of a request whose token isn't accepted. The reason
// must not quote it.
func InvalidToken(reason error) *Error {
	return &Error{Challenge: challenge + `, error="invalid_token"`, Reason: reason}
}

// InsufficientScope returns the error of a request whose token is right, but lacks
// one of the scopes, which are separated by spaces.
func InsufficientScope(scopes string, reason error) *Error {
	return &Error{
		Forbidden: true,
		Challenge: fmt.Sprintf(`%s, error="insufficient_scope", scope=%q`, challenge, scopes),
		Reason:    reason,
	}
}
