package core_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/copilotkit-go/runtime/core"
)

// A page whose name was made to lead to this machine is of the runtime's origin:
// only the name tells.
func TestWhatDevelopmentServesIsForHostsOfThisMachine(t *testing.T) {
	loopback, network := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, &net.TCPAddr{IP: net.IPv4(172, 17, 0, 2), Port: 8080}
	named := &core.CORS{Origins: []string{"https://tunnel.example"}}
	for name, test := range map[string]struct {
		host   string
		local  net.Addr
		header http.Header
		cors   *core.CORS
		fine   bool
	}{
		"localhost":                           {"localhost:8080", loopback, nil, nil, true},
		"localhost, written otherwise":        {"LocalHost.:8080", loopback, nil, nil, true},
		"127.0.0.1":                           {"127.0.0.1:8080", loopback, nil, nil, true},
		"::1":                                 {"[::1]:8080", &net.TCPAddr{IP: net.IPv6loopback, Port: 8080}, nil, nil, true},
		"a name that leads here":              {"rebound.example:8080", loopback, nil, &core.CORS{}, false},
		"a name that leads to ::1":            {"rebound.example:8080", &net.TCPAddr{IP: net.IPv6loopback, Port: 8080}, nil, nil, false},
		"a page of a name that leads here":    {"rebound.example:8080", loopback, http.Header{"Origin": {"http://rebound.example:8080"}, "Sec-Fetch-Site": {"same-origin"}}, nil, false},
		"a proxy that CORS names":             {"tunnel.example", loopback, nil, named, true},
		"a proxy that CORS doesn't name":      {"other.example", loopback, nil, named, false},
		"any name on an address of a network": {"dev.example:8080", network, nil, nil, true},
		"a page behind a proxy that sends its own host": {"localhost:8080", loopback,
			http.Header{"Origin": {"https://name-8080.tunnel.example"}, "Sec-Fetch-Site": {"same-origin"}}, nil, true},
		"a page elsewhere, behind no proxy": {"localhost:8080", loopback,
			http.Header{"Origin": {"https://name-8080.tunnel.example"}, "Sec-Fetch-Site": {"cross-site"}}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			handler := newRuntime(t, core.Config{Development: true, CORS: test.cors})
			ctx, cancel := context.WithCancel(context.WithValue(t.Context(), http.LocalAddrContextKey, test.local))
			cancel()
			watch := request{method: "GET", path: "http://" + test.host + "/cpk-debug-events", header: test.header}.serve(ctx, handler)
			if (watch.Code == http.StatusOK) != test.fine || (watch.Code == http.StatusForbidden) == test.fine {
				t.Errorf("debug events: %d %s", watch.Code, watch.Body)
			}
			clearing := request{method: "POST", path: "http://" + test.host + "/threads/clear", header: test.header}.serve(
				context.WithValue(t.Context(), http.LocalAddrContextKey, test.local), handler)
			if (clearing.Code == http.StatusForbidden) == test.fine {
				t.Errorf("clear: %d %s", clearing.Code, clearing.Body)
			}
		})
	}
}
