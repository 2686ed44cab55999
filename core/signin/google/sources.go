package google

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/internal/token"
)

// metadata gets the token of the service account from the metadata server. The library
// would first find out whether there is a server, in other goroutines and without a
// limit in time, and never ask again if it finds none.
func (c *credentials) metadata(ctx context.Context) (token.Token, error) {
	host := cmp.Or(c.env("GCE_METADATA_HOST"), "169.254.169.254")
	address := "http://" + host + "/computeMetadata/v1/instance/service-accounts/default/token?scopes=" + url.QueryEscape(scope)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return token.Token{}, errors.New("GCE_METADATA_HOST is not a host")
	}
	request.Header.Set("Metadata-Flavor", "Google")
	return token.Fetch(c.platform, request)
}

// file gets a token with the credentials of a file.
func (c *credentials) file(ctx context.Context, name string) (token.Token, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return token.Token{}, fmt.Errorf("read the file: %w", err)
	}
	var fields struct {
		Type google.CredentialsType `json:"type"`
	}
	if json.Unmarshal(content, &fields) != nil || fields.Type == "" {
		return token.Token{}, errors.New("the file has no credentials")
	}
	c.keepQuotaProject(content)
	// Not all of the library's requests have the context.
	client := &http.Client{Transport: bounded{ctx, c.public.Transport}, CheckRedirect: c.public.CheckRedirect}
	found, err := google.CredentialsFromJSONWithTypeAndParams(context.WithValue(ctx, oauth2.HTTPClient, client), content, fields.Type, google.CredentialsParams{Scopes: []string{scope}})
	if err != nil {
		return token.Token{}, fmt.Errorf("the file has no credentials of a known type: %w", withoutSecrets(err))
	}
	got, err := found.TokenSource.Token()
	if err != nil {
		return token.Token{}, fmt.Errorf("%s: %w", fields.Type, withoutSecrets(err))
	}
	if got.AccessToken == "" || got.Expiry.IsZero() {
		return token.Token{}, fmt.Errorf("%s: the answer has no token that ends", fields.Type)
	}
	return token.Token{Value: got.AccessToken, Expiry: got.Expiry}, nil
}

// bounded ends requests with a context.
type bounded struct {
	ctx  context.Context
	base http.RoundTripper
}

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	return b.base.RoundTrip(request.WithContext(b.ctx))
}

// withoutSecrets returns an error of the library without what isn't for a log:
// addresses, and the answer but for its reason.
func withoutSecrets(err error) error {
	if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) && refused.Response != nil {
		return token.Refusal(refused.Response.StatusCode, refused.Body)
	}
	return outbound.Secrets{}.Redact(err)
}
