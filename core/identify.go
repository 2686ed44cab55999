package core

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/access"
)

// identify finds out who calls. Nothing but the head of the request has been read.
func (rt *Runtime) identify(ex *exchange) error {
	if rt.config.Identify == nil {
		return nil
	}
	user, err := rt.config.Identify(ex.r)
	if err != nil {
		return rt.refuse(ex, err)
	}
	if err := checkUserID(user.ID); err != nil {
		return rt.refuse(ex, &access.Error{Reason: err})
	}
	if user.ID == "" && rt.config.Intelligence != nil {
		return rt.refuse(ex, &access.Error{Reason: errors.New("it has no user, and the Intelligence platform's threads are those of users")})
	}
	ex.user = user
	ex.r = ex.r.WithContext(access.WithUser(ex.r.Context(), user))
	return nil
}

// maxUserBytes is how long a user's id may be. Like those of threads, ids become keys of
// stores and attributes of logs; the longest that platforms have, ARNs, are shorter.
const maxUserBytes = 1024

// checkUserID refuses an id that is too long, or that can't be told from others once it
// is in JSON or in a terminal.
func checkUserID(id string) error {
	switch {
	case len(id) > maxUserBytes:
		return fmt.Errorf("the user's id has %d bytes, and %d are allowed", len(id), maxUserBytes)
	case strings.ContainsFunc(id, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }):
		return errors.New("the user's id has a control character in it, or isn't UTF-8")
	}
	return nil
}

// refuse returns the answer to a request that isn't let in, which says nothing about
// the reason: that is logged.
func (rt *Runtime) refuse(ex *exchange, err error) error {
	var refused *access.Error
	var answer *HTTPError
	switch {
	case errors.As(err, &refused) && refused.Forbidden:
		answer = &HTTPError{Status: http.StatusForbidden, Body: errorBody{Error: "Forbidden", Code: "forbidden"}, Err: err}
	case errors.As(err, &refused):
		answer = &HTTPError{Status: http.StatusUnauthorized, Body: errorBody{Error: "Unauthorized", Code: "unauthorized"}, Err: err}
	case errors.Is(err, access.ErrUnavailable):
		answer = &HTTPError{
			Status: http.StatusServiceUnavailable,
			Header: http.Header{"Retry-After": {retryAfterSeconds}},
			Body:   errorBody{Error: "Sign-in unavailable", Code: "sign_in_unavailable", Message: "Who calls can't be checked right now. Please try again."},
			Err:    err,
		}
	default:
		return err
	}
	if refused == nil {
		ex.level = slog.LevelWarn // unlike what anybody can cause as often as they like
	} else if refused.Challenge != "" {
		answer.Header = http.Header{"Www-Authenticate": {refused.Challenge}}
	}
	ex.reasons = []slog.Attr{slog.String("client", ex.clientAddress()), slog.Any("reason", err)}
	return answer
}

// setUserHeader adds what an answer to an identified user carries.
func (ex *exchange) setUserHeader() {
	if ex.config.Identify == nil {
		return
	}
	header := ex.w.Header()
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "private, no-store")
	}
	// Of the requests that a page sends at first, side by side, each without a cookie
	// would begin a session of its own. Those that only read need none.
	if ex.user.Cookie != nil && ex.route.begins(ex.r.Method) {
		header.Add("Set-Cookie", ex.user.Cookie.String())
	}
}

// listsThreads reports whether the request may list threads.
func (rt *Runtime) listsThreads(ex *exchange) bool {
	return ex.user.ID != "" || rt.config.PublicThreads || rt.config.Development
}

func threadsNotListed() *HTTPError {
	return &HTTPError{Status: http.StatusForbidden, Body: errorBody{
		Error:   "Threads are not listed",
		Code:    "threads_not_listed",
		Message: "Without users, threads are only listed if the deployment says so.",
	}}
}

// clientAddress returns the client's address, as far as it can be trusted.
func (ex *exchange) clientAddress() string {
	if n := ex.config.TrustedProxies; n > 0 {
		hops := strings.Split(strings.Join(ex.r.Header.Values("X-Forwarded-For"), ","), ",")
		if n <= len(hops) {
			if address, err := parseHop(strings.TrimSpace(hops[len(hops)-n])); err == nil {
				return address.Unmap().String()
			}
		}
	}
	if host, _, err := net.SplitHostPort(ex.r.RemoteAddr); err == nil {
		return host
	}
	return ex.r.RemoteAddr
}

// parseHop returns an address of X-Forwarded-For, to which some proxies add the port.
func parseHop(hop string) (netip.Addr, error) {
	if address, err := netip.ParseAddrPort(hop); err == nil {
		return address.Addr(), nil
	}
	return netip.ParseAddr(strings.Trim(hop, "[]"))
}
