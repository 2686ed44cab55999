// Package platform finds out who calls by what the platform's front door has verified:
// a header that it has signed, or the event of a function.
//
// A header that isn't signed is never believed, since anybody can send it to a runtime
// that can be reached past its front door.
package platform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/internal/jwt"
)

// Config says which front doors are believed. The zero value believes only what an
// entrypoint vouches for with [WithUser].
type Config struct {
	// LoadBalancer is the ARN of the AWS Application Load Balancer that authenticates
	// users. If empty, no load balancer is believed.
	LoadBalancer string
	// IAPAudience is the audience of Google's Identity-Aware Proxy for this runtime, such
	// as /projects/123/locations/europe-west1/services/copilotkit. If empty, no such proxy
	// is believed.
	IAPAudience string
	// Origins are those of the web pages, beside the runtime's own, that may change
	// something, such as https://app.example.com. Both front doors know a browser by its
	// cookie, which it adds to what pages of any site send. Defaults to none.
	Origins []string
	// HTTPClient fetches the front doors' keys. Redirects to other hosts are refused. If
	// nil, defaults to one with the default transport.
	HTTPClient *http.Client
	// Logger is told when keys can't be fetched. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Verifier finds out who calls. It is safe for concurrent use.
//
// Keys are fetched when they are first needed and kept as those of package oidc are.
type Verifier struct {
	doors []door
	pages *http.CrossOriginProtection
}

// door is a front door that signs a header.
type door struct {
	header string
	verify func(ctx context.Context, token string) (jwt.Claims, error)
}

// New returns a verifier. It does no I/O.
func New(config Config) (*Verifier, error) {
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	v := &Verifier{pages: http.NewCrossOriginProtection()}
	for _, origin := range config.Origins {
		if err := v.pages.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("platform: %w", err)
		}
	}
	if config.LoadBalancer != "" {
		balancer, err := newLoadBalancer(config)
		if err != nil {
			return nil, fmt.Errorf("platform: %w", err)
		}
		v.doors = append(v.doors, door{loadBalancerHeader, balancer.verify})
	}
	if config.IAPAudience != "" {
		if !strings.HasPrefix(config.IAPAudience, "/projects/") {
			return nil, errors.New("platform: the audience of Identity-Aware Proxy begins with /projects/")
		}
		v.doors = append(v.doors, door{iapHeader, newIAP(config).Verify})
	}
	return v, nil
}

// Identify returns the user that the request's context vouches for, and else the one of
// a signed header. The error is an [*access.Error] if there is none or it is forged, or if
// the page of another origin may have sent what can change something, and
// [access.ErrUnavailable] if the door's keys would have to be fetched and can't be.
func (v *Verifier) Identify(r *http.Request) (access.User, error) {
	if user, ok := User(r.Context()); ok {
		return user, nil
	}
	for _, door := range v.doors {
		values := r.Header.Values(door.header)
		if len(values) == 0 {
			continue
		}
		if len(values) > 1 {
			return access.User{}, refused(fmt.Errorf("the request has %d headers %s", len(values), door.header))
		}
		claims, err := door.verify(r.Context(), values[0])
		if errors.Is(err, access.ErrUnavailable) {
			return access.User{}, fmt.Errorf("verify %s: %w", door.header, err)
		}
		if err != nil {
			return access.User{}, refused(fmt.Errorf("verify %s: %w", door.header, err))
		}
		id := claims.Text("sub")
		if id == "" {
			return access.User{}, refused(fmt.Errorf("%s names no user", door.header))
		}
		if err := v.pages.Check(r); err != nil {
			return access.User{}, &access.Error{Forbidden: true, Reason: err}
		}
		return access.User{ID: id, Name: claims.Name(), Claims: claims}, nil
	}
	return access.User{}, refused(errors.New("no identity comes with the request; does its front door verify users?"))
}

func refused(reason error) error { return &access.Error{Reason: reason} }

type userKey struct{}

// WithUser returns a context in which an entrypoint vouches for a user whom its platform
// has verified. If the user's Name is empty, it is that among the claims, if there is one.
func WithUser(ctx context.Context, user access.User) context.Context {
	user.Name = cmp.Or(user.Name, jwt.Claims(user.Claims).Name())
	return context.WithValue(ctx, userKey{}, user)
}

// User returns the user whom the entrypoint vouches for, and whether it does for one.
func User(ctx context.Context) (access.User, bool) {
	user, ok := ctx.Value(userKey{}).(access.User)
	return user, ok
}
