package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/copilotkit-go/runtime/core/internal/token"
)

// clientSecret gets a token with the secret of an app.
func (i *identity) clientSecret(ctx context.Context) (token.Token, error) {
	return i.app(ctx, url.Values{"client_secret": {i.env("AZURE_CLIENT_SECRET")}})
}

// federated gets a token with the token of another issuer.
func (i *identity) federated(ctx context.Context) (token.Token, error) {
	assertion, err := os.ReadFile(i.env("AZURE_FEDERATED_TOKEN_FILE"))
	if err != nil {
		return token.Token{}, fmt.Errorf("read the file: %w", err)
	}
	return i.app(ctx, url.Values{
		"client_assertion":      {strings.TrimSpace(string(assertion))},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	})
}

// app gets the token of an app from Entra ID.
func (i *identity) app(ctx context.Context, form url.Values) (token.Token, error) {
	authority, err := url.Parse(cmp.Or(i.env("AZURE_AUTHORITY_HOST"), "https://login.microsoftonline.com"))
	if err != nil || authority.Scheme != "https" && !onLoopback(authority) {
		return token.Token{}, errors.New("AZURE_AUTHORITY_HOST is not an https URL")
	}
	form.Set("grant_type", "client_credentials")
	form.Set("client_id", i.env("AZURE_CLIENT_ID"))
	form.Set("scope", resource+"/.default")
	address := authority.JoinPath(url.PathEscape(i.env("AZURE_TENANT_ID")), "oauth2/v2.0/token")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return token.Token{}, token.WithoutURL(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return token.Fetch(i.public, request)
}

func onLoopback(address *url.URL) bool {
	ip := net.ParseIP(address.Hostname())
	return ip != nil && ip.IsLoopback()
}

// appService gets the token of a managed identity from App Service and its relatives.
func (i *identity) appService(ctx context.Context) (token.Token, error) {
	return i.managed(ctx, i.env("IDENTITY_ENDPOINT"), "2019-08-01", http.Header{"X-Identity-Header": {i.env("IDENTITY_HEADER")}})
}

// machine gets the token of a managed identity from the machine's metadata service.
func (i *identity) machine(ctx context.Context) (token.Token, error) {
	host := cmp.Or(i.env("AZURE_POD_IDENTITY_AUTHORITY_HOST"), "http://169.254.169.254")
	return i.managed(ctx, strings.TrimSuffix(host, "/")+"/metadata/identity/oauth2/token", "2018-02-01", http.Header{"Metadata": {"true"}})
}

func (i *identity) managed(ctx context.Context, endpoint, version string, header http.Header) (token.Token, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return token.Token{}, token.WithoutURL(err)
	}
	query := request.URL.Query()
	query.Set("api-version", version)
	query.Set("resource", resource)
	if id := i.env("AZURE_CLIENT_ID"); id != "" {
		query.Set("client_id", id)
	}
	request.URL.RawQuery = query.Encode()
	request.Header = header
	return token.Fetch(i.platform, request)
}
