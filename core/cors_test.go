package core_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
)

func TestCORSHeaders(t *testing.T) {
	const page, other = "https://page.example", "https://other.example"
	maxAge := 600
	mirror := func(origin string) string {
		if strings.HasSuffix(origin, ".example") {
			return origin
		}
		return ""
	}
	for _, test := range []struct {
		name   string
		cors   *core.CORS
		origin string
		want   map[string]string
	}{
		{"off", nil, page, map[string]string{}},
		{"all", &core.CORS{}, page, map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"all, without an origin", &core.CORS{}, "", map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"all, listed", &core.CORS{Origins: []string{"*"}}, page, map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"one, asked by another", &core.CORS{Origin: page}, other, map[string]string{
			"Access-Control-Allow-Origin": page, "Vary": "Origin"}},
		{"a list with it", &core.CORS{Origins: []string{"https://a.example", page}}, page, map[string]string{
			"Access-Control-Allow-Origin": page, "Vary": "Origin"}},
		{"a list without it", &core.CORS{Origins: []string{page}}, other, map[string]string{"Vary": "Origin"}},
		{"a list, without an origin", &core.CORS{Origins: []string{page}}, "", map[string]string{"Vary": "Origin"}},
		{"this machine, asked by another", &core.CORS{Origins: []string{core.LoopbackOrigins}}, page, map[string]string{"Vary": "Origin"}},
		{"this machine and one more", &core.CORS{Origins: []string{core.LoopbackOrigins, page}}, page, map[string]string{
			"Access-Control-Allow-Origin": page, "Vary": "Origin"}},
		{"this machine, asked by itself", &core.CORS{Origins: []string{core.LoopbackOrigins}}, "http://localhost:5173", map[string]string{
			"Access-Control-Allow-Origin": "http://localhost:5173", "Vary": "Origin"}},
		{"a function that allows", &core.CORS{OriginFunc: mirror, Credentials: true}, page, map[string]string{
			"Access-Control-Allow-Origin": page, "Access-Control-Allow-Credentials": "true", "Vary": "Origin"}},
		{"a function that refuses", &core.CORS{OriginFunc: mirror}, "https://evil.test", map[string]string{"Vary": "Origin"}},
		{"a function, without an origin", &core.CORS{OriginFunc: mirror}, "", map[string]string{"Vary": "Origin"}},
		{"a function that allows all with credentials", &core.CORS{OriginFunc: func(string) string { return "*" }, Credentials: true}, page,
			map[string]string{"Vary": "Origin"}},
		{"exposed headers", &core.CORS{ExposeHeaders: []string{"X-A", "X-B"}, MaxAge: &maxAge}, page, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "X-A, X-B, X-Request-Id"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler := newRuntime(t, core.Config{BasePath: base, CORS: test.cors})
			for _, path := range []string{"/info", "/nope"} {
				r := request{method: "GET", path: base + path, header: http.Header{"Origin": {test.origin}}}
				if test.origin == "" {
					r.header = nil
				}
				if test.want["Access-Control-Allow-Origin"] != "" && test.want["Access-Control-Expose-Headers"] == "" {
					test.want["Access-Control-Expose-Headers"] = "X-Request-Id"
				}
				if got := corsHeaders(r.to(handler).Header()); !reflect.DeepEqual(got, test.want) {
					t.Errorf("GET %s: %v, want %v", path, got, test.want)
				}
			}
		})
	}
}

func TestScriptsMayReadWhenToTryAgain(t *testing.T) {
	busy := core.Hooks{OnRequest: func(r *http.Request) (*http.Request, error) {
		if r.URL.Query().Has("busy") {
			return nil, &core.HTTPError{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}}}
		}
		return r, nil
	}}
	for name, test := range map[string]struct {
		cors core.CORS
		path string
		want string
	}{
		"an answer that says it":        {core.CORS{}, "/info?busy", "X-Request-Id, Retry-After"},
		"besides others":                {core.CORS{ExposeHeaders: []string{"X-A"}}, "/info?busy", "X-A, X-Request-Id, Retry-After"},
		"an answer that has no such":    {core.CORS{ExposeHeaders: []string{"X-A"}}, "/info", "X-A, X-Request-Id"},
		"an answer to an allowed page":  {core.CORS{Origins: []string{"https://page.example"}}, "/info?busy", "X-Request-Id, Retry-After"},
		"an answer to a page elsewhere": {core.CORS{Origins: []string{"https://other.example"}}, "/info?busy", ""},
	} {
		t.Run(name, func(t *testing.T) {
			handler := newRuntime(t, core.Config{BasePath: base, CORS: &test.cors, Hooks: busy})
			got := request{method: "GET", path: base + test.path, header: http.Header{"Origin": {"https://page.example"}}}.to(handler)
			if got := got.Header().Get("Access-Control-Expose-Headers"); got != test.want {
				t.Errorf("scripts may read %q, want %q", got, test.want)
			}
		})
	}
}

func TestCORSPreflight(t *testing.T) {
	maxAge := 600
	methods := "GET, HEAD, PUT, POST, DELETE, PATCH, OPTIONS"
	for _, test := range []struct {
		name string
		cors core.CORS
		path string
		want map[string]string
	}{
		{"the default", core.CORS{}, base + "/info", map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": methods, "Access-Control-Allow-Headers": "*",
			"Vary": "Access-Control-Request-Headers, Access-Control-Request-Method"}},
		{"of any path", core.CORS{}, "/elsewhere", map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": methods, "Access-Control-Allow-Headers": "*",
			"Vary": "Access-Control-Request-Headers, Access-Control-Request-Method"}},
		{"with everything set", core.CORS{Origins: []string{"https://page.example"}, Credentials: true, AllowMethods: []string{"POST"},
			AllowHeaders: []string{"Authorization", "Content-Type"}, MaxAge: &maxAge}, base + "/info", map[string]string{
			"Access-Control-Allow-Origin": "https://page.example", "Access-Control-Allow-Credentials": "true",
			"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Authorization, Content-Type",
			"Access-Control-Max-Age": "600", "Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"}},
		{"with credentials and any header", core.CORS{Origin: "https://page.example", Credentials: true}, base, map[string]string{
			"Access-Control-Allow-Origin": "https://page.example", "Access-Control-Allow-Credentials": "true",
			"Access-Control-Allow-Methods": methods, "Access-Control-Allow-Headers": "content-type, x-one",
			"Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"}},
		{"for a page that is refused", core.CORS{Origins: []string{"https://a.example"}}, base, map[string]string{
			"Access-Control-Allow-Methods": methods, "Access-Control-Allow-Headers": "*",
			"Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler := newRuntime(t, core.Config{BasePath: base, CORS: &test.cors})
			r := request{method: "OPTIONS", path: test.path, header: http.Header{
				"Origin": {"https://page.example"}, "Access-Control-Request-Headers": {"content-type, x-one"},
			}}
			got := r.to(handler)
			if got.Code != http.StatusNoContent || got.Body.Len() > 0 {
				t.Errorf("status %d, body %q", got.Code, got.Body)
			}
			if got := corsHeaders(got.Header()); !reflect.DeepEqual(got, test.want) {
				t.Errorf("headers\n  %v\nwant\n  %v", got, test.want)
			}
		})
	}
}

// The Fetch standard has the wildcard stand for all headers but Authorization.
func TestCORSPreflightForAToken(t *testing.T) {
	for name, test := range map[string]struct {
		cors core.CORS
		want string
	}{
		"any header":         {core.CORS{}, "*, Authorization"},
		"of a named origin":  {core.CORS{Origins: []string{"https://page.example"}}, "*, Authorization"},
		"with credentials":   {core.CORS{Origin: "https://page.example", Credentials: true}, "authorization,content-type"},
		"not one of a list":  {core.CORS{AllowHeaders: []string{"Content-Type"}}, "Content-Type"},
		"a list that is all": {core.CORS{AllowHeaders: []string{"*"}}, "*"},
	} {
		handler := newRuntime(t, core.Config{CORS: &test.cors})
		got := request{method: "OPTIONS", path: "/info", header: http.Header{
			"Origin": {"https://page.example"}, "Access-Control-Request-Headers": {"authorization,content-type"},
		}}.to(handler).Header().Get("Access-Control-Allow-Headers")
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestCORSUnderAnotherCORSLayerSetsNothingTwice(t *testing.T) {
	inner := newRuntime(t, core.Config{BasePath: base, CORS: &core.CORS{Origin: "https://inner.example"}})
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Access-Control-Allow-Origin", "https://outer.example")
		w.Header().Add("Access-Control-Allow-Credentials", "true")
		w.Header().Add("Vary", "Origin")
		inner.ServeHTTP(w, r)
	})
	got := request{method: "GET", path: base + "/info", header: http.Header{"Origin": {"https://outer.example"}}}.to(outer)
	for name, want := range map[string][]string{
		"Access-Control-Allow-Origin":      {"https://outer.example"},
		"Access-Control-Allow-Credentials": {"true"},
		"Vary":                             {"Origin"},
	} {
		if values := got.Header().Values(name); !reflect.DeepEqual(values, want) {
			t.Errorf("%s: %q, want %q", name, values, want)
		}
	}
}

func TestCORSVaryJoinsWhatIsThere(t *testing.T) {
	inner := newRuntime(t, core.Config{BasePath: base, CORS: &core.CORS{Origin: "https://a.example"}})
	for had, want := range map[string]string{
		"Accept-Encoding":         "Accept-Encoding, Origin",
		"origin":                  "origin",
		"Accept-Encoding, Origin": "Accept-Encoding, Origin",
		"*":                       "*",
	} {
		recorder := httptest.NewRecorder()
		recorder.Header().Set("Vary", had)
		inner.ServeHTTP(recorder, httptest.NewRequest("GET", base+"/info", nil))
		if got := strings.Join(recorder.Header().Values("Vary"), "|"); got != want {
			t.Errorf("Vary %q became %q, want %q", had, got, want)
		}
	}
}

// corsHeaders returns the headers that CORS is about, several lines of one joined
// by "|".
func corsHeaders(header http.Header) map[string]string {
	got := make(map[string]string)
	for name, values := range header {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			got[name] = strings.Join(values, "|")
		}
	}
	return got
}

func TestWhichOriginsAreOfThisMachine(t *testing.T) {
	cors := core.CORS{Origins: []string{core.LoopbackOrigins}}
	for origin, want := range map[string]bool{
		"http://localhost": true, "https://localhost:3000": true, "http://app.localhost:5173": true, "http://127.0.0.1:8080": true,
		"http://127.9.9.9": true, "http://[::1]:3000": true,
		"": false, "null": false, "loopback": false, "http://localhost.evil.test": false, "http://evil-localhost": false,
		"http://evil.test": false, "http://10.0.0.1": false, "http://[::2]": false, "http://localhost@evil.test": false,
		"http://evil.test@localhost": false, "http://localhost/": false, "http://localhost?": false, "ftp://localhost": false,
		"chrome-extension://localhost": false, "capacitor://localhost": false, "file://": false, "//localhost": false, "localhost": false,
	} {
		if got := cors.Names(origin); got != want {
			t.Errorf("%q: got %v", origin, got)
		}
	}
}
