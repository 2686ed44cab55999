package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/copilotkit-go/runtime/core/agent/mcp"
)

// Upstream is a server that the runtime calls: a remote agent or an MCP server.
type Upstream struct {
	URL     SecretURL
	Headers map[string]Secret
	// ConnectURL is where a remote agent serves the history of its own threads. The
	// zero value means that it doesn't.
	ConnectURL SecretURL
	// Transport is the transport of an MCP server. If empty, defaults to
	// [mcp.StreamableHTTP].
	Transport mcp.Transport
	// OAuth is how the access tokens for an MCP server are got. The zero value is none.
	OAuth OAuth
	// AgentID is the agent that the applications of an MCP server are for, "" for all,
	// and ServerID what their cards know the server by.
	AgentID, ServerID string
}

// OAuth is a client of an authorization server, as [mcp.OAuth] has it.
type OAuth struct {
	TokenURL           SecretURL
	ClientID           string
	ClientSecret       Secret
	Scopes             []string
	Audience, Resource string
}

// upstreamJSON is an [Upstream] in the JSON of a variable.
type upstreamJSON struct {
	URL        string            `json:"url"`
	Headers    map[string]string `json:"headers"`
	ConnectURL string            `json:"connectUrl"`
	Transport  mcp.Transport     `json:"transport"`
	OAuth      *oauthJSON        `json:"oauth"`
	AgentID    string            `json:"agentId"`
	ServerID   string            `json:"serverId"`
}

type oauthJSON struct {
	TokenURL     string   `json:"tokenUrl"`
	ClientID     string   `json:"clientId"`
	ClientSecret string   `json:"clientSecret"`
	Scopes       []string `json:"scopes"`
	Audience     string   `json:"audience"`
	Resource     string   `json:"resource"`
}

// upstreamKind is the kind of a variable's upstreams: the fields that they may have
// besides url and headers.
type upstreamKind []string

var (
	remoteAgents = upstreamKind{"connectUrl"}
	mcpServers   = upstreamKind{"transport", "oauth"}
	mcpApps      = upstreamKind{"transport", "oauth", "agentId", "serverId"}
)

// parseUpstreams parses "name=url,name=url", or a JSON object of upstreams by name. Its
// errors quote neither addresses nor values of headers.
func parseUpstreams(value string, kind upstreamKind) (map[string]Upstream, error) {
	upstreams := make(map[string]Upstream)
	if strings.HasPrefix(strings.TrimSpace(value), "{") {
		return upstreams, parseUpstreamsJSON(upstreams, value, kind)
	}
	for entry := range strings.SplitSeq(value, ",") {
		name, address, found := strings.Cut(strings.TrimSpace(entry), "=")
		if !found {
			return nil, errors.New("entries are name=url with commas between them, or a JSON object")
		}
		if _, twice := upstreams[name]; twice {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		if err := addUpstream(upstreams, name, upstreamJSON{URL: address}, kind); err != nil {
			return nil, err
		}
	}
	return upstreams, nil
}

func parseUpstreamsJSON(upstreams map[string]Upstream, value string, kind upstreamKind) error {
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.DisallowUnknownFields()
	var entries map[string]upstreamJSON
	if err := decoder.Decode(&entries); err != nil || decoder.More() {
		// The decoder's error may quote the value of a header.
		return fmt.Errorf(`not a JSON object of the form {"name":{"url":"https://…","headers":{"Name":"value"}}}; further fields are %s`, kind)
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if err := addUpstream(upstreams, name, entries[name], kind); err != nil {
			return err
		}
	}
	return nil
}

// String lists the fields.
func (k upstreamKind) String() string {
	last := len(k) - 1
	if last == 0 {
		return k[0]
	}
	return strings.Join(k[:last], ", ") + " and " + k[last]
}

// check returns an error if the upstream has a field of another kind's.
func (k upstreamKind) check(entry upstreamJSON) error {
	for field, set := range map[string]bool{
		"connectUrl": entry.ConnectURL != "", "transport": entry.Transport != "", "oauth": entry.OAuth != nil,
		"agentId": entry.AgentID != "", "serverId": entry.ServerID != "",
	} {
		if set && !slices.Contains(k, field) {
			return fmt.Errorf("the fields are url, headers, %s", k)
		}
	}
	return nil
}

func addUpstream(upstreams map[string]Upstream, name string, entry upstreamJSON, kind upstreamKind) error {
	if name == "" || checkPrintable(name) != nil {
		return fmt.Errorf("%q is not a name", name)
	}
	upstream, err := newUpstream(entry, kind)
	if err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	upstreams[name] = upstream
	return nil
}

func newUpstream(entry upstreamJSON, kind upstreamKind) (Upstream, error) {
	if err := kind.check(entry); err != nil {
		return Upstream{}, err
	}
	address, err := parseHTTPURL(entry.URL)
	if err != nil {
		return Upstream{}, err
	}
	upstream := Upstream{
		URL: SecretURL{*address}, Headers: make(map[string]Secret, len(entry.Headers)),
		Transport: entry.Transport, AgentID: entry.AgentID, ServerID: entry.ServerID,
	}
	if entry.ConnectURL != "" {
		address, err := parseHTTPURL(entry.ConnectURL)
		if err != nil {
			return Upstream{}, fmt.Errorf("connectUrl: %w", err)
		}
		upstream.ConnectURL = SecretURL{*address}
	}
	switch entry.Transport {
	case "", mcp.StreamableHTTP, mcp.SSE:
	default:
		return Upstream{}, fmt.Errorf("transport %q is neither %s nor %s", entry.Transport, mcp.StreamableHTTP, mcp.SSE)
	}
	for header, value := range entry.Headers {
		if strings.ContainsAny(value, "\r\n") || !isToken(header) {
			return Upstream{}, fmt.Errorf("%q is not a header that can be sent", header)
		}
		upstream.Headers[http.CanonicalHeaderKey(header)] = Secret(value)
	}
	if entry.OAuth != nil {
		if upstream.OAuth, err = newOAuth(*entry.OAuth); err != nil {
			return Upstream{}, fmt.Errorf("oauth: %w", err)
		}
		if upstream.Headers["Authorization"] != "" || address.User != nil {
			return Upstream{}, errors.New("there is an Authorization beside oauth, which would take its place")
		}
	}
	return upstream, nil
}

func newOAuth(entry oauthJSON) (OAuth, error) {
	address, err := parseHTTPURL(entry.TokenURL)
	switch {
	case err != nil:
		return OAuth{}, fmt.Errorf("tokenUrl: %w", err)
	case entry.ClientID == "" || entry.ClientSecret == "":
		return OAuth{}, errors.New("clientId and clientSecret are needed")
	}
	return OAuth{
		TokenURL: SecretURL{*address}, ClientID: entry.ClientID, ClientSecret: Secret(entry.ClientSecret),
		Scopes: entry.Scopes, Audience: entry.Audience, Resource: entry.Resource,
	}, nil
}

// oauth returns the client with its secret.
func (u Upstream) oauth() *mcp.OAuth {
	if u.OAuth.ClientID == "" {
		return nil
	}
	return &mcp.OAuth{
		TokenURL: u.OAuth.TokenURL.Reveal(), ClientID: u.OAuth.ClientID, ClientSecret: u.OAuth.ClientSecret.Reveal(),
		Scopes: u.OAuth.Scopes, Audience: u.OAuth.Audience, Resource: u.OAuth.Resource,
	}
}

// isToken reports whether s is a valid name of an HTTP header.
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}) < 0
}

// reveal returns the headers with their values.
func (u Upstream) reveal() map[string]string {
	headers := make(map[string]string, len(u.Headers))
	for name, value := range u.Headers {
		headers[name] = value.Reveal()
	}
	return headers
}
