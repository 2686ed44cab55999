package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/remote"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

func TestTheCallersCredentialsReachOnlyAnAgentThatIsTrusted(t *testing.T) {
	callers := http.Header{
		"Authorization": {"Bearer caller", "Bearer second"},
		"Cookie":        {"session=1"}, "X-Api-Key": {"k"}, "X-Apikey": {"k"}, "X-Auth-Token": {"k"}, "X-Authtoken": {"k"},
		"X-Access-Token": {"k"}, "X-Auth": {"k"}, "X-Client_secret": {"k"}, "X-Csrf-Token": {"k"}, "Proxy-Authorization": {"k"},
		"X-Goog-Iap-Jwt-Assertion": {"k"}, "X-Serverless-Authorization": {"k"}, "X-Amzn-Oidc-Accesstoken": {"k"},
		"X-Amzn-Oidc-Data": {"k"}, "X-Ms-Token-Aad-Access-Token": {"k"}, "X-Functions-Key": {"k"},
		"X-Tenant": {"acme"}, "X-Session-Id": {"s"}, "X-Auth-Request-User": {"ann"}, "X-Keyboard": {"us"}, "X-Max-Tokens": {"1"},
	}
	harmless := []string{"X-Tenant", "X-Session-Id", "X-Auth-Request-User", "X-Keyboard", "X-Max-Tokens"}
	with := func(header http.Header, names ...string) http.Header {
		want := make(http.Header)
		for _, name := range names {
			want[name] = callers[name]
		}
		for name, values := range header {
			want[name] = values
		}
		return want
	}
	everything := make([]string, 0, len(callers))
	for name := range callers {
		everything = append(everything, name)
	}
	for name, test := range map[string]struct {
		config remote.Config
		user   string
		want   http.Header
	}{
		"not by default":                  {remote.Config{}, "", with(nil, harmless...)},
		"all with the setting":            {remote.Config{ForwardAuthorization: true}, "", with(http.Header{"Authorization": {"Bearer caller"}}, everything...)},
		"a configured header wins":        {remote.Config{ForwardAuthorization: true, Headers: map[string]string{"authorization": "Bearer own"}}, "", with(http.Header{"Authorization": {"Bearer own"}}, everything...)},
		"a configured one by default too": {remote.Config{Headers: map[string]string{"Authorization": "Bearer own", "x-api-key": "own"}}, "", with(http.Header{"Authorization": {"Bearer own"}, "X-Api-Key": {"own"}}, harmless...)},
		"a user in the URL wins":          {remote.Config{ForwardAuthorization: true}, "user:pass@", with(http.Header{"Authorization": {"Basic dXNlcjpwYXNz"}}, everything...)},
	} {
		for _, route := range []string{"run", "connect"} {
			t.Run(name+" on "+route, func(t *testing.T) {
				var got http.Header
				server := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
				address := strings.Replace(server.URL, "http://", "http://"+test.user, 1)
				test.config.URL, test.config.ConnectURL = address, address
				a := newAgent(t, test.config)
				ctx := agent.WithForwardedHeaders(t.Context(), callers.Clone())
				events := a.Run(ctx, input(t))
				if route == "connect" {
					events = a.Connect(ctx, input(t))
				}
				if _, err := collect(events); err != nil {
					t.Fatal(err)
				}
				for _, name := range []string{"Accept", "Accept-Encoding", "Content-Length", "Content-Type", "User-Agent"} {
					got.Del(name)
				}
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("the agent got\n%v, want\n%v", got, test.want)
				}
			})
		}
	}
}

func TestForwardingLeavesTheCallersHeadersAsTheyAre(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	headers := http.Header{"Authorization": {"Bearer a", "Bearer b"}, "X-Api-Key": {"k"}}
	ctx := agent.WithForwardedHeaders(t.Context(), headers)
	for _, forward := range []bool{true, false} {
		a := newAgent(t, remote.Config{URL: server.URL, ForwardAuthorization: forward})
		if _, err := collect(a.Run(ctx, input(t))); err != nil {
			t.Fatal(err)
		}
	}
	if len(headers) != 2 || len(headers["Authorization"]) != 2 {
		t.Errorf("the headers became %v", headers)
	}
}

// Also with a client that would follow them.
func TestNoHeaderFollowsARedirectElsewhere(t *testing.T) {
	elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("elsewhere got %v", r.Header) })
	for _, client := range []*http.Client{nil, {}, {CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprint(client == nil, status), func(t *testing.T) {
				server := serve(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					http.Redirect(w, r, elsewhere.URL, status)
				})
				trusted := newAgent(t, remote.Config{
					URL: server.URL, HTTPClient: client, ForwardAuthorization: true,
					Headers: map[string]string{"X-Api-Key": "configured"},
				})
				ctx := agent.WithForwardedHeaders(context.Background(), http.Header{"Authorization": {"Bearer caller"}})
				_, err := collect(trusted.Run(ctx, input(t)))
				if failure, ok := errors.AsType[*agent.Error](err); !ok || failure.Code != remote.CodeUnreachable || !errors.Is(err, outbound.ErrRedirect) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}
