package core_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

func TestForwardedHeadersReachTheAgent(t *testing.T) {
	sent := http.Header{
		"Authorization": {"Bearer x"}, "X-Tenant": {"a", "b"}, "X-Debug": {"1"}, "Cookie": {"c"}, "Accept": {"*/*"},
		"X-Forwarded-For": {"10.0.0.1"}, "X-Real-Ip": {"10.0.0.1"}, "X-Amz-Cf-Id": {"x"}, "X-Amzn-Trace-Id": {"x"}, "X-Vercel-Id": {"x"},
		"X-Copilotcloud-Public-Api-Key": {"x"}, "X-Request-Id": {"x"}, "X-Azure-Ref": {"x"}, "X-Cloud-Trace-Context": {"x"},
	}
	for _, test := range []struct {
		name   string
		policy core.HeaderPolicy
		want   []string
	}{
		{"the default", core.HeaderPolicy{}, []string{"Authorization", "X-Debug", "X-Tenant"}},
		{"with more denied", core.HeaderPolicy{Deny: []string{" X-TENANT ", ""}, DenyPrefixes: []string{"", "X-De"}}, []string{"Authorization"}},
		{"an allowlist", core.HeaderPolicy{Allow: []string{"cookie", "x-real-ip", "x-none"}}, []string{"Cookie", "X-Real-Ip"}},
		{"an allowlist against a denial", core.HeaderPolicy{Allow: []string{"cookie", "accept"}, Deny: []string{"Cookie"}}, []string{"Accept"}},
		{"an allowlist of blanks is none", core.HeaderPolicy{Allow: []string{" ", ""}}, []string{"Authorization", "X-Debug", "X-Tenant"}},
		{"without the default denylist", core.HeaderPolicy{NoDefaultDenylist: true, DenyPrefixes: []string{"x-a", "x-c", "x-f", "x-v"}},
			[]string{"Authorization", "X-Debug", "X-Real-Ip", "X-Request-Id", "X-Tenant"}},
	} {
		for _, route := range []string{"run", "suggest"} {
			t.Run(test.name+" on "+route, func(t *testing.T) {
				var got http.Header
				spy := agent.Func(func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
					got = agent.ForwardedHeaders(ctx)
					return greeter(ctx, in)
				})
				handler := newRuntime(t, core.Config{Agents: agents(spy), ForwardHeaders: test.policy})
				request{method: "POST", path: "/agent/default/" + route, body: input, header: sent}.to(handler)
				want := http.Header{}
				for _, name := range test.want {
					want[name] = sent[name]
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("forwarded %v, want %v", got, want)
				}
			})
		}
	}
}

// A browser's Accept-Encoding makes an agent answer in what nobody decodes.
func TestHeadersOfOneMessageCannotBeAllowed(t *testing.T) {
	for _, name := range []string{"accept-encoding", " Connection ", "Upgrade", "HOST", "content-length"} {
		_, err := core.New(core.Config{Agents: agents(greeter), ForwardHeaders: core.HeaderPolicy{Allow: []string{"x-tenant", name}}})
		if err == nil || !strings.Contains(err.Error(), "can't be passed on") {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestTheHeadersForAnAgentAreBounded(t *testing.T) {
	many := http.Header{}
	for i := range 101 {
		many.Set(fmt.Sprintf("X-Header-%d", i), "v")
	}
	for name, test := range map[string]struct {
		path   string
		header http.Header
		status int
	}{
		"large ones":                    {"/agent/default/run", http.Header{"Authorization": {strings.Repeat("a", 32<<10)}}, 431},
		"many":                          {"/agent/default/connect", many, 431},
		"as many of one name":           {"/agent/default/suggest", http.Header{"X-A": slices.Repeat([]string{"v"}, 101)}, 431},
		"an ordinary token":             {"/agent/default/run", http.Header{"Authorization": {strings.Repeat("a", 16<<10)}}, 200},
		"a large one that isn't passed": {"/agent/default/run", http.Header{"Cookie": {strings.Repeat("a", 64<<10)}}, 200},
		"many where there is no agent":  {"/threads", many, 200},
	} {
		t.Run(name, func(t *testing.T) {
			got := request{method: "POST", path: test.path, body: input, header: test.header}.to(newRuntime(t, core.Config{}))
			if test.path == "/threads" {
				got = request{method: "GET", path: test.path + "?agentId=default", header: test.header}.to(newRuntime(t, core.Config{}))
			}
			if got.Code != test.status || (got.Code == 431) != strings.Contains(got.Body.String(), `"code":"request_headers_too_large"`) {
				t.Errorf("got %d %s", got.Code, got.Body)
			}
		})
	}
}
