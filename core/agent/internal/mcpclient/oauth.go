package mcpclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/internal/token"
)

// OAuth says how a server's access tokens are got: by client credentials (RFC 6749,
// section 4.4).
type OAuth struct {
	TokenURL     string
	ClientID     string
	ClientSecret string
	Scopes       []string
	Audience     string
	Resource     string
}

// unsaidLife is how long a token is taken to be good if its endpoint doesn't say.
const unsaidLife = 10 * time.Minute

// tokens are the access tokens for one server.
type tokens struct {
	cache  *token.Cache
	client *http.Client
	idle   outbound.Connections
	// endpoint is where they come from, body what it is asked.
	endpoint, id, secret, body string
	// latest is the token that was given out last.
	latest atomic.Pointer[string]
}

func newTokens(config OAuth) (*tokens, error) {
	address, err := outbound.ParseURL(config.TokenURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("TokenURL %w", err)
	case config.ClientID == "":
		return nil, errors.New("ClientID is missing")
	case config.ClientSecret == "":
		return nil, errors.New("ClientSecret is missing")
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	for name, value := range map[string]string{"scope": strings.Join(config.Scopes, " "), "audience": config.Audience, "resource": config.Resource} {
		if value != "" {
			form.Set(name, value)
		}
	}
	t := &tokens{endpoint: config.TokenURL, id: config.ClientID, secret: config.ClientSecret, body: form.Encode()}
	t.idle.Transport = outbound.NewTransport(address)
	t.client = &http.Client{
		Transport: t.idle.Transport,
		// The secret is for this address alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return outbound.ErrRedirect },
	}
	t.cache = token.NewCache(t.fetch)
	return t, nil
}

// get returns a token that is good for a while. Its errors are for the log.
func (t *tokens) get(ctx context.Context) (string, error) {
	access, err := t.cache.Get(ctx)
	if latest := t.latest.Load(); err == nil && (latest == nil || *latest != access) {
		t.latest.Store(&access)
	}
	return access, err
}

// forget drops a token that the server has refused.
func (t *tokens) forget(access string) { t.cache.Forget(access) }

func (t *tokens) close() { t.idle.Close() }

func (t *tokens) fetch(ctx context.Context) (token.Token, error) {
	t.idle.Use()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.endpoint, strings.NewReader(t.body))
	if err != nil {
		return token.Token{}, errors.New("the address of the token endpoint can't be asked")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	// As the standard has it, in the form's encoding.
	request.SetBasicAuth(url.QueryEscape(t.id), url.QueryEscape(t.secret))
	return token.FetchFor(t.client, request, unsaidLife)
}
