package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

func TestRedirectsAreFollowedWithinTheHostAlone(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the other host was asked")
	}))
	t.Cleanup(elsewhere.Close)
	mux := http.NewServeMux()
	mux.Handle("/within", http.RedirectHandler("/end", http.StatusTemporaryRedirect))
	mux.Handle("/away", http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusTemporaryRedirect))
	mux.HandleFunc("/end", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for path, want := range map[string]string{"/within": "", "/away": "redirected to another host", "/loop": "more than 5 redirects"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := outbound.NewClient().Do(request)
		if err == nil {
			response.Body.Close()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

func TestAddressesAreCheckedWithoutQuotingThem(t *testing.T) {
	for text, want := range map[string]string{
		"https://host/path?key=secret":  "",
		"http://user:secret@host:1/":    "",
		"":                              "must begin with",
		"host:8000/secret":              "must begin with",
		"ftp://host/secret":             "must begin with",
		"https:///secret":               "names no host",
		"http://user:secret@[bad":       "is not a URL",
		"http://host:port/secret":       "is not a URL",
		"http://host/\x00secret":        "is not a URL",
		"\thttps://user:secret@host/":   "is not a URL",
		"javascript:alert('a secret')":  "must begin with",
		"HTTPS://host/is-in-upper-case": "",
	} {
		_, err := outbound.ParseURL(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q is quoted: %v", text, err)
		}
	}
}

// What passes here net/http sends, and what doesn't it refuses.
func TestHeadersAreRefusedAsNetHTTPDoes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	for name, header := range map[string][2]string{
		"an ordinary one":              {"X-Key", "value"},
		"one in lower case":            {"authorization", "Bearer secret"},
		"one with odd characters":      {"X!#$%&'*+-.^_`|~9", "value"},
		"an empty value":               {"X-Key", ""},
		"a tab in the value":           {"X-Key", "a\tb"},
		"a value beyond ASCII":         {"X-Key", "é線"},
		"no name":                      {"", "value"},
		"a space in the name":          {"X Key", "value"},
		"a colon in the name":          {"X-Key:", "value"},
		"a name beyond ASCII":          {"X-Clé", "value"},
		"a line break in the name":     {"X-Key\n", "value"},
		"a line break in the value":    {"X-Key", "secret\r\nX-Other: value"},
		"a line feed at the end":       {"X-Key", "secret\n"},
		"a NUL in the value":           {"X-Key", "secret\x00"},
		"a DEL in the value":           {"X-Key", "secret\x7f"},
		"another control character":    {"X-Key", "secret\x1b[2J"},
		"an underscore in the name":    {"X_Key", "value"},
		"spaces around the value":      {"X-Key", " value "},
		"a value of one control alone": {"X-Key", "\x01"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := outbound.NewHeader(map[string]string{header[0]: header[1]})
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the value is quoted: %v", err)
			}
			if err == nil && got.Get(header[0]) != header[1] {
				t.Errorf("got %q", got)
			}
			request, requestErr := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if requestErr != nil {
				t.Fatal(requestErr)
			}
			request.Header = http.Header{header[0]: {header[1]}}
			response, sendErr := outbound.NewClient().Do(request)
			if sendErr == nil {
				response.Body.Close()
			}
			if (err == nil) != (sendErr == nil) {
				t.Errorf("got %v, net/http says %v", err, sendErr)
			}
		})
	}
}

func TestTheCanonicalSpellingOfAHeaderWins(t *testing.T) {
	for range 20 {
		got, err := outbound.NewHeader(map[string]string{"x-key": "a", "X-Key": "b", "X-KEY": "c"})
		if err != nil || len(got) != 1 || got.Get("X-Key") != "b" {
			t.Fatalf("got %v, %v", got, err)
		}
	}
}

func TestWhatIsRedacted(t *testing.T) {
	address, err := url.Parse("https://user:pass-word@host:8443/agents/s/0123456789?api_key=topsecret&n=1")
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Authorization": {"Bearer abc.def.ghi"}, "X-Tenant": {"acme"}, "X-Key": {"long key with words"}}
	configured := outbound.NewSecrets(header, address)
	quoted := configured.WithTexts("is it \"true\"\nor not?", "short", " ")
	forwarded := configured.With(http.Header{"Authorization": {"Basic " + "dXNlcjpodW50ZXItdHdv"}})
	for _, test := range []struct {
		name    string
		secrets outbound.Secrets
		text    string
		want    string
	}{
		{"nothing of an ordinary text", configured, "dial tcp 127.0.0.1:80: connection refused", "dial tcp 127.0.0.1:80: connection refused"},
		{"all of an address but the host", nil, `Post "https://u:p@host:1/a/b?c=d#e": EOF`, `Post "https://host:1": EOF`},
		{"addresses anywhere", nil, "see <http://a/b>, 'ws://c@d/e' and redis://:f@g/0", "see <http://a>, 'ws://d' and redis://g"},
		{"an address at the end", nil, "redirected to http://host/?token=x", "redirected to http://host"},
		{"an address in quoted JSON", nil, `{\"url\":\"http://host/x\",\"n\":1}`, `{\"url\":\"http://host\",\"n\":1}`},
		{"an address without more", nil, "http://host", "http://host"},
		{"no address at all", nil, "a://", "a://"},
		{"the path of the configured address", configured, "Cannot POST /agents/s/0123456789", "Cannot POST [redacted]"},
		{"its path with the query", configured, "no route: /agents/s/0123456789?api_key=topsecret&n=1", "no route: [redacted]"},
		{"a value of its query", configured, "key topsecret is not known", "key [redacted] is not known"},
		{"its password", configured, "wrong password: pass-word", "wrong password: [redacted]"},
		{"the value of a header", configured, "got 'Bearer abc.def.ghi'", "got '[redacted]'"},
		{"the token in it", configured, `{"token":"abc.def.ghi"}`, `{"token":"[redacted]"}`},
		{"a value with words", configured, "long key with words, and words", "[redacted], and words"},
		{"no short value, which may stand there by chance", configured, "acme: n=1", "acme: n=1"},
		{"the value of a forwarded header", forwarded, "Basic dXNlcjpodW50ZXItdHdv", "[redacted]"},
		{"the password in it", forwarded, "wrong: hunter-two", "wrong: [redacted]"},
		{"a text that was sent", quoted, "is it \"true\"\nor not? No.", "[redacted] No."},
		{"as JSON has it", quoted, `{"content":"is it \"true\"\nor not?"}`, `{"content":"[redacted]"}`},
		{"as JSON in JSON has it", quoted, `{"error":"{\"content\":\"is it \\\"true\\\"\\nor not?\"}"}`, `{"error":"{\"content\":\"[redacted]\"}"}`},
		{"no short text that was sent", quoted, "in short", "in short"},
		{"what was configured too", forwarded, "topsecret", "[redacted]"},
		{"not what others forwarded", configured, "hunter-two", "hunter-two"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.secrets.RedactText(test.text); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if got := test.secrets.Redact(errors.New(test.text)).Error(); got != test.want {
				t.Errorf("got the error %s, want %s", got, test.want)
			}
		})
	}
}

func TestARedactedErrorIsStillWhatItWas(t *testing.T) {
	var none outbound.Secrets
	if err := none.Redact(nil); err != nil {
		t.Errorf("nil became %v", err)
	}
	plain := errors.New("plain")
	if got := none.Redact(plain); got != plain {
		t.Errorf("an error with nothing to hide became %#v", got)
	}
	failure := &url.Error{Op: "Post", URL: "http://host/secret", Err: context.DeadlineExceeded}
	got := none.Redact(fmt.Errorf("list tools: %w", failure))
	var found *url.Error
	if !errors.Is(got, context.DeadlineExceeded) || !errors.As(got, &found) || strings.Contains(got.Error(), "secret") {
		t.Errorf("got %v", got)
	}
}

func TestNoHeaderFollowsARedirectToAnotherHost(t *testing.T) {
	credentials := http.Header{"Authorization": {"Bearer token"}, "X-Api-Key": {"configured"}, "X-Tenant": {"acme"}}
	// Whoever is asked at all must be asked by the first host.
	var elsewhere []string
	away := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		elsewhere = append(elsewhere, fmt.Sprint(r.Host, r.Header))
	})
	secure, plain := httptest.NewTLSServer(away), httptest.NewServer(away)
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(plain.URL, "http://"), ":")
	var target string
	redirecting := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			for name := range credentials {
				w.Header()[name] = r.Header[name]
			}
			return
		}
		status, _ := strconv.Atoi(r.URL.Path[1:])
		http.Redirect(w, r, target, status)
	}
	first, firstSecure := httptest.NewServer(http.HandlerFunc(redirecting)), httptest.NewTLSServer(http.HandlerFunc(redirecting))
	t.Cleanup(first.Close)
	t.Cleanup(firstSecure.Close)
	// All names lead to this machine.
	dialer := &http.Transport{
		TLSClientConfig: firstSecure.Client().Transport.(*http.Transport).TLSClientConfig,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
		},
	}
	t.Cleanup(dialer.CloseIdleConnections)
	clients := map[string]*http.Client{
		"of its own":                         outbound.NewClient(),
		"one that would follow everything":   outbound.Guard(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}),
		"one with the defaults of net/http":  outbound.Guard(&http.Client{}),
		"one that returns the redirect then": outbound.Guard(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}),
	}
	from := func(server *httptest.Server) string {
		return strings.Replace(server.URL, "127.0.0.1", "example.com", 1)
	}
	for clientName, client := range clients {
		client.Transport = dialer
		for name, test := range map[string]struct{ from, to string }{
			"another port":      {from(first), "http://example.com:" + port + "/"},
			"another host":      {from(first), "http://elsewhere.test:" + port + "/"},
			"a subdomain":       {from(first), "http://sub.example.com:" + port + "/"},
			"a host above":      {strings.Replace(from(first), "example.com", "sub.example.com", 1), "http://example.com:" + port + "/"},
			"the same port":     {from(first), strings.Replace(from(first), "example.com", "sub.example.com", 1) + "/end"},
			"https from http":   {from(first), secure.URL},
			"http from https":   {from(firstSecure), "http://example.com:" + port + "/"},
			"no scheme at all":  {from(first), "//elsewhere.test:" + port + "/"},
			"a user in the URL": {from(first), "http://example.com@elsewhere.test:" + port + "/"},
			"the same host":     {from(first), "/end"},
		} {
			for _, status := range []int{301, 302, 303, 307, 308} {
				t.Run(fmt.Sprint(clientName, "/", name, "/", status), func(t *testing.T) {
					target, elsewhere = test.to, nil
					request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("%s/%d", test.from, status), strings.NewReader("{}"))
					if err != nil {
						t.Fatal(err)
					}
					request.Header = credentials.Clone()
					response, err := client.Do(request)
					if err == nil {
						response.Body.Close()
					}
					within := name == "the same host"
					if !within && !errors.Is(err, outbound.ErrRedirect) || within && err != nil {
						t.Errorf("got %v", err)
					}
					if within && response.StatusCode == http.StatusOK && response.Header.Get("Authorization") == "" {
						t.Error("the header is gone within the host")
					}
					if len(elsewhere) > 0 {
						t.Errorf("elsewhere got %v", elsewhere)
					}
				})
			}
		}
	}
}
