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
}

// upstreamJSON is an [Upstream] in the JSON of a variable.
type upstreamJSON struct {
	URL        string            `json:"url"`
	Headers    map[string]string `json:"headers"`
	ConnectURL string            `json:"connectUrl"`
	Transport  mcp.Transport     `json:"transport"`
}

// The fields that not every kind of upstream has.
const (
	agentFields = "connectUrl"
	mcpFields   = "transport"
)

// parseUpstreams parses "name=url,name=url", or a JSON object of upstreams by name, which
// may have the additional field. Its errors quote neither addresses nor values of
// headers.
func parseUpstreams(value, field string) (map[string]Upstream, error) {
	upstreams := make(map[string]Upstream)
	if strings.HasPrefix(strings.TrimSpace(value), "{") {
		return upstreams, parseUpstreamsJSON(upstreams, value, field)
	}
	for entry := range strings.SplitSeq(value, ",") {
		name, address, found := strings.Cut(strings.TrimSpace(entry), "=")
		if !found {
			return nil, errors.New("entries are name=url with commas between them, or a JSON object")
		}
		if _, twice := upstreams[name]; twice {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		if err := addUpstream(upstreams, name, upstreamJSON{URL: address}, field); err != nil {
			return nil, err
		}
	}
	return upstreams, nil
}

func parseUpstreamsJSON(upstreams map[string]Upstream, value, field string) error {
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.DisallowUnknownFields()
	var entries map[string]upstreamJSON
	if err := decoder.Decode(&entries); err != nil || decoder.More() {
		// The decoder's error may quote the value of a header.
		return fmt.Errorf(`not a JSON object of the form {"name":{"url":"https://…","headers":{"Name":"value"},%q:"…"}}`, field)
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if err := addUpstream(upstreams, name, entries[name], field); err != nil {
			return err
		}
	}
	return nil
}

func addUpstream(upstreams map[string]Upstream, name string, entry upstreamJSON, field string) error {
	if name == "" || checkPrintable(name) != nil {
		return fmt.Errorf("%q is not a name", name)
	}
	if entry.ConnectURL != "" && field != agentFields || entry.Transport != "" && field != mcpFields {
		return fmt.Errorf("%q: the fields are url, headers and %s", name, field)
	}
	address, err := parseHTTPURL(entry.URL)
	if err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	upstream := Upstream{URL: SecretURL{*address}, Headers: make(map[string]Secret, len(entry.Headers)), Transport: entry.Transport}
	if entry.ConnectURL != "" {
		address, err := parseHTTPURL(entry.ConnectURL)
		if err != nil {
			return fmt.Errorf("%q: connectUrl: %w", name, err)
		}
		upstream.ConnectURL = SecretURL{*address}
	}
	switch entry.Transport {
	case "", mcp.StreamableHTTP, mcp.SSE:
	default:
		return fmt.Errorf("%q: transport %q is neither %s nor %s", name, entry.Transport, mcp.StreamableHTTP, mcp.SSE)
	}
	for header, value := range entry.Headers {
		if strings.ContainsAny(value, "\r\n") || !isToken(header) {
			return fmt.Errorf("%q: %q is not a header that can be sent", name, header)
		}
		upstream.Headers[http.CanonicalHeaderKey(header)] = Secret(value)
	}
	upstreams[name] = upstream
	return nil
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
