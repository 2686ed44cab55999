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

// Server is a server that the environment names: a remote agent or an MCP
// server, where it is and what it is sent.
type Server struct {
	URL     SecretURL
	Headers map[string]Secret
	// ConnectURL is where a remote agent gives the history of its own threads.
	// Its zero value means that it doesn't.
	ConnectURL SecretURL
	// Transport is an MCP server's, "" for the usual one.
	Transport mcp.Transport
}

// serverJSON is a server in the JSON form of a variable.
type serverJSON struct {
	URL        string            `json:"url"`
	Headers    map[string]string `json:"headers"`
	ConnectURL string            `json:"connectUrl"`
	Transport  mcp.Transport     `json:"transport"`
}

// The fields that not every server has.
const (
	agentFields = "connectUrl"
	mcpFields   = "transport"
)

// parseServers reads "name=url,name=url", or a JSON object of servers by name
// that may also have the named field. Its errors quote no address and no value
// of a header.
func parseServers(value, field string) (map[string]Server, error) {
	servers := make(map[string]Server)
	if strings.HasPrefix(strings.TrimSpace(value), "{") {
		return servers, parseServersJSON(servers, value, field)
	}
	for entry := range strings.SplitSeq(value, ",") {
		name, address, found := strings.Cut(strings.TrimSpace(entry), "=")
		if !found {
			return nil, errors.New("entries are name=url with commas between them, or a JSON object")
		}
		if _, twice := servers[name]; twice {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		if err := addServer(servers, name, serverJSON{URL: address}, field); err != nil {
			return nil, err
		}
	}
	return servers, nil
}

func parseServersJSON(servers map[string]Server, value, field string) error {
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.DisallowUnknownFields()
	var entries map[string]serverJSON
	if err := decoder.Decode(&entries); err != nil || decoder.More() {
		// The decoder's own text may quote a header's value.
		return fmt.Errorf(`not a JSON object of the form {"name":{"url":"https://…","headers":{"Name":"value"},%q:"…"}}`, field)
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if err := addServer(servers, name, entries[name], field); err != nil {
			return err
		}
	}
	return nil
}

func addServer(servers map[string]Server, name string, entry serverJSON, field string) error {
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
	server := Server{URL: SecretURL{*address}, Headers: make(map[string]Secret, len(entry.Headers)), Transport: entry.Transport}
	if entry.ConnectURL != "" {
		address, err := parseHTTPURL(entry.ConnectURL)
		if err != nil {
			return fmt.Errorf("%q: connectUrl: %w", name, err)
		}
		server.ConnectURL = SecretURL{*address}
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
		server.Headers[http.CanonicalHeaderKey(header)] = Secret(value)
	}
	servers[name] = server
	return nil
}

// isToken tells whether s can be the name of an HTTP header.
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}) < 0
}

// reveal gives the headers as they are sent.
func (s Server) reveal() map[string]string {
	headers := make(map[string]string, len(s.Headers))
	for name, value := range s.Headers {
		headers[name] = value.Reveal()
	}
	return headers
}
