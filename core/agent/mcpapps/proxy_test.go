package mcpapps_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
	"github.com/copilotkit-go/runtime/core/agui"
)

// hashOf returns the hash of an address, as the reference computes it.
func hashOf(transport, url string) string {
	sum := md5.Sum([]byte(`{"type":"` + transport + `","url":"` + url + `"}`))
	return hex.EncodeToString(sum[:])
}

func TestRequestsOfPages(t *testing.T) {
	t.Parallel()
	const html = `{"contents":[{"uri":"ui://page","mimeType":"text/html;profile=mcp-app","text":"<b title=\"a & b\">\\u003c</b>"}]`
	for name, c := range map[string]struct {
		request string
		// want is how the result begins.
		want string
		// quiet means that nothing goes to the server.
		quiet bool
	}{
		"a page is read":                         {`{"serverHash":"HASH","serverId":"app","method":"resources/read","params":{"uri":"ui://page"}}`, html, false},
		"a page is read by the id alone":         {`{"serverId":"app","method":"resources/read","params":{"uri":"ui://page"}}`, html, false},
		"a page is read by the hash alone":       {`{"serverHash":"HASH","method":"resources/read","params":{"uri":"ui://page"}}`, html, false},
		"an unknown id yields to the hash":       {`{"serverHash":"HASH","serverId":"gone","method":"resources/read","params":{"uri":"ui://page"}}`, html, false},
		"a page that isn't there":                {`{"serverId":"app","method":"resources/read","params":{"uri":"ui://none"}}`, `{"error":"Error: MCP request failed"}`, false},
		"another resource":                       {`{"serverId":"app","method":"resources/read","params":{"uri":"file:///secret"}}`, `{"error":"Error: MCP resource not available to apps"}`, true},
		"a page in capitals":                     {`{"serverId":"app","method":"resources/read","params":{"uri":"UI://page"}}`, `{"error":"Error: MCP resource not available to apps"}`, true},
		"no resource":                            {`{"serverId":"app","method":"resources/read"}`, `{"error":"Error: MCP resource not available to apps"}`, true},
		"a tool for all":                         {`{"serverId":"app","method":"tools/call","params":{"name":"plain","arguments":{"a":1}}}`, `{"content":[{"type":"text","text":"shown by plain"}]`, false},
		"a tool for pages":                       {`{"serverId":"app","method":"tools/call","params":{"name":"page-only"}}`, `{"content":[{"type":"text","text":"shown by page-only"}]`, false},
		"a tool for both":                        {`{"serverId":"app","method":"tools/call","params":{"name":"both","arguments":null}}`, `{"content":[{"type":"text","text":"shown by both"}]`, false},
		"a tool for the model":                   {`{"serverId":"app","method":"tools/call","params":{"name":"model-only"}}`, `{"error":"Error: MCP tool not available to apps: model-only"}`, false},
		"a tool for nobody":                      {`{"serverId":"app","method":"tools/call","params":{"name":"nobody"}}`, `{"error":"Error: MCP tool not available to apps: nobody"}`, false},
		"a tool that isn't there":                {`{"serverId":"app","method":"tools/call","params":{"name":"none"}}`, `{"error":"Error: MCP tool not available to apps: none"}`, false},
		"a tool without a name":                  {`{"serverId":"app","method":"tools/call","params":{}}`, `{"error":"Error: MCP tool not available to apps: undefined"}`, false},
		"a tool without parameters":              {`{"serverId":"app","method":"tools/call"}`, `{"error":"Error: MCP request failed"}`, true},
		"a tool with a list as arguments":        {`{"serverId":"app","method":"tools/call","params":{"name":"plain","arguments":[]}}`, `{"error":"Error: MCP request failed"}`, true},
		"parameters of five megabytes":           {`{"serverId":"app","method":"tools/call","params":{"name":"plain","arguments":{"a":"` + strings.Repeat("x", 5<<20) + `"}}}`, `{"error":"Error: MCP request too large"}`, true},
		"a ping":                                 {`{"serverId":"app","method":"ping"}`, `{}`, false},
		"something that the page says":           {`{"serverId":"app","method":"notifications/message","params":{"level":"info"}}`, `{"success":true}`, true},
		"the list of tools":                      {`{"serverId":"app","method":"tools/list"}`, `{"error":"Error: MCP method not allowed for UI proxy: tools/list"}`, true},
		"no method":                              {`{"serverId":"app"}`, `{"error":"Error: MCP method not allowed for UI proxy: undefined"}`, true},
		"a method that isn't text":               {`{"serverId":"app","method":1}`, `{"error":"Error: MCP method not allowed for UI proxy: undefined"}`, true},
		"a method of a thousand letters":         {`{"serverId":"app","method":"` + strings.Repeat("x", 1000) + `"}`, `{"error":"Error: MCP method not allowed for UI proxy: ` + strings.Repeat("x", 200) + `…"}`, true},
		"an unknown server":                      {`{"serverId":"x","serverHash":"y","method":"ping"}`, `{"error":"Unknown server: x"}`, true},
		"an unknown hash":                        {`{"serverHash":"y","method":"ping"}`, `{"error":"Unknown server: y"}`, true},
		"no server":                              {`{"method":"ping"}`, `{"error":"Unknown server: undefined"}`, true},
		"a request that is text":                 {`"ping"`, `{"error":"Unknown server: undefined"}`, true},
		"a request that is a list":               {`[1]`, `{"error":"Unknown server: undefined"}`, true},
		"a request that is true":                 {`true`, `{"error":"Unknown server: undefined"}`, true},
		"a server of the page's own choice":      {`{"serverId":"app","url":"http://127.0.0.1:1","type":"sse","headers":{"x":"y"},"method":"ping"}`, `{}`, false},
		"parameters that name another transport": {`{"serverId":"app","method":"resources/read","params":{"uri":"ui://page","url":"http://127.0.0.1:1"}}`, html, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newAppServer(t, shows("plain", nil), shows("page-only", withPage("app")), shows("model-only", withPage("model")),
				shows("both", withPage("model", "app")), shows("nobody", map[string]any{"ui": map[string]any{"visibility": []any{}}}))
			of := server.at(mcp.StreamableHTTP)
			of.ServerID = "app"
			request := strings.ReplaceAll(c.request, "HASH", hashOf("http", of.URL))
			got := ask(t.Context(), t, appsOf(t, of), "default", request)
			if !strings.HasPrefix(got, strings.TrimSuffix(c.want, "}")) {
				t.Errorf("got %.300s", got)
			}
			if quiet := server.total() == 0; quiet != c.quiet {
				t.Errorf("the server got %d requests", server.total())
			}
			if n := server.open(); n > 0 {
				t.Errorf("%d sessions are open", n)
			}
		})
	}
}

func TestPagesOfServersWithTheOlderTransport(t *testing.T) {
	t.Parallel()
	server := newAppServer(t, shows("a", withPage()))
	of := server.at(mcp.SSE)
	apps := appsOf(t, of)
	hash := hashOf("sse", of.URL)
	for request, want := range map[string]string{
		`{"serverHash":%q,"method":"resources/read","params":{"uri":"ui://page"}}`: `{"contents":[`,
		`{"serverHash":%q,"method":"tools/call","params":{"name":"a"}}`:            `{"content":[`,
		`{"serverHash":%q,"method":"ping"}`:                                        `{}`,
	} {
		if got := ask(t.Context(), t, apps, "default", fmt.Sprintf(request, hash)); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", request, got)
		}
	}
}

func TestWhatIsNoRequestOfAPageGoesToTheAgent(t *testing.T) {
	t.Parallel()
	apps := appsOf(t)
	for _, props := range []string{``, `null`, `[]`, `{}`, `"__proxiedMCPRequest"`, `{"__proxiedMCPRequest":null}`, `{"__proxiedMCPRequest":false}`, `{"__proxiedMCPRequest":0}`, `{"__proxiedMCPRequest":""}`, `{"a":{"__proxiedMCPRequest":{}}}`} {
		in := input()
		in.ForwardedProps = json.RawMessage(props)
		inner := &played{events: []agui.Event{finished()}}
		if _, err := run(t.Context(), t, apps, inner, in); err != nil {
			t.Fatal(err)
		}
		if inner.input == nil || apps.Detaches("default", in) {
			t.Errorf("with the properties %s the agent isn't asked", props)
		}
	}
	in := input()
	in.ForwardedProps = json.RawMessage(`{"__proxiedMCPRequest":{}}`)
	if !apps.Detaches("default", in) {
		t.Error("a page's request needs its thread")
	}
}

func TestServersAtOneAddressAreKnownByTheirIDs(t *testing.T) {
	t.Parallel()
	server := newAppServer(t, shows("a", withPage()))
	one, two := server.at(mcp.StreamableHTTP), server.at(mcp.StreamableHTTP)
	one.ServerID, one.Headers = "one", map[string]string{"X-Is": "one"}
	two.ServerID, two.Headers = "two", map[string]string{"X-Is": "two"}
	apps := appsOf(t, one, two)
	hash := hashOf("http", one.URL)
	for request, want := range map[string]string{
		`{"serverId":"one","serverHash":"` + hash + `","method":"ping"}`:   "one",
		`{"serverId":"two","serverHash":"` + hash + `","method":"ping"}`:   "two",
		`{"serverHash":"` + hash + `","method":"ping"}`:                    "",
		`{"serverId":"three","serverHash":"` + hash + `","method":"ping"}`: "",
	} {
		before := server.total()
		got := ask(t.Context(), t, apps, "default", request)
		server.mu.Lock()
		is := ""
		if len(server.headers) > before {
			is = server.headers[before].Get("X-Is")
		}
		server.mu.Unlock()
		if is != want || (want == "") != strings.Contains(got, "Unknown server") {
			t.Errorf("%s reaches %q: %s", request, is, got)
		}
	}
}

func TestHashesAreThoseOfTheReference(t *testing.T) {
	t.Parallel()
	if got := hashOf("http", "http://127.0.0.1:9/mcp"); got != "298a10341894d6c3c39ebfcea3aaf774" {
		t.Fatalf("the test computes %s", got)
	}
	// JSON.stringify escapes neither of these, encoding/json does.
	server := newAppServer(t, shows("a", withPage()))
	of := mcpapps.Server{URL: server.URL + "/mcp?a=1&b=<é>"}
	inner := &played{events: append(calling("1", "a"), finished())}
	lines, err := run(t.Context(), t, appsOf(t, of), inner, input())
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(lines, "\n"); !strings.Contains(all, `"serverHash":"`+hashOf("http", of.URL)+`"`) {
		t.Errorf("got\n%s", all)
	}
}

func TestABadConfigurationIsAnError(t *testing.T) {
	t.Parallel()
	const url = "http://127.0.0.1:1/mcp"
	for name, c := range map[string]struct {
		servers []mcpapps.Server
		want    string
	}{
		"no URL":                   {[]mcpapps.Server{{}}, "must begin with http"},
		"another scheme":           {[]mcpapps.Server{{URL: "file:///x"}}, "must begin with http"},
		"a user in the URL":        {[]mcpapps.Server{{URL: "http://u:hunter22@h/"}}, "must not have a user"},
		"an unknown transport":     {[]mcpapps.Server{{URL: url, Transport: "stdio"}}, "unknown transport"},
		"one id twice":             {[]mcpapps.Server{{URL: url, ServerID: "a"}, {URL: url + "2", ServerID: "a"}}, `two servers have the id "a"`},
		"one address, no ids":      {[]mcpapps.Server{{URL: url}, {URL: url}}, "need different ids"},
		"one address, one id":      {[]mcpapps.Server{{URL: url, ServerID: "a"}, {URL: url}}, "need different ids"},
		"a header that can't be":   {[]mcpapps.Server{{URL: url, Headers: map[string]string{"a b": "c"}}}, "can't be the name of a header"},
		"OAuth without a secret":   {[]mcpapps.Server{{URL: url, OAuth: &mcp.OAuth{TokenURL: url, ClientID: "a"}}}, "ClientSecret is missing"},
		"OAuth beside a header":    {[]mcpapps.Server{{URL: url, Headers: map[string]string{"authorization": "x"}, OAuth: &mcp.OAuth{}}}, "beside OAuth"},
		"OAuth without an address": {[]mcpapps.Server{{URL: url, OAuth: &mcp.OAuth{ClientID: "a", ClientSecret: "hunter22"}}}, "TokenURL must begin"},
	} {
		_, err := mcpapps.New(mcpapps.Config{Servers: c.servers})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := mcpapps.New(mcpapps.Config{MaxAge: -1}); err == nil {
		t.Error("a negative time is taken")
	}
	twice := []mcpapps.Server{{URL: url, ServerID: "a"}, {URL: url, ServerID: "b"}}
	if _, err := mcpapps.New(mcpapps.Config{Servers: twice}); err != nil {
		t.Errorf("one address with two ids: %v", err)
	}
}
