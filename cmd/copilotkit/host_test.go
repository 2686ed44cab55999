package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func TestTheServerOnlyAnswersForThisMachine(t *testing.T) {
	tests := map[string]struct {
		origins []string
		hosts   map[string]bool
	}{
		"by default":    {[]string{"loopback"}, map[string]bool{"tunnel.example": false}},
		"for all pages": {[]string{"*"}, map[string]bool{"tunnel.example": false}},
		"without CORS":  {nil, map[string]bool{"tunnel.example": false}},
		"with an origin that is named": {[]string{"https://tunnel.example", "http://dev.example:3000"}, map[string]bool{
			"tunnel.example": true, "dev.example:3000": true, "dev.example": false, "tunnel.example:8080": false, "a.tunnel.example": false,
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, hosts := range []map[string]bool{test.hosts, {
				"localhost:8080":            true,
				"localhost":                 true,
				"LocalHost.:8080":           true,
				"app.localhost:8080":        true,
				"127.0.0.1:8080":            true,
				"127.1.2.3":                 true,
				"[::1]:8080":                true,
				"[::1]":                     true,
				"rebound.example:8080":      false,
				"localhost.example":         false,
				"127.0.0.1.example":         false,
				"10.0.0.1:8080":             false,
				"0.0.0.0:8080":              false,
				"":                          false,
				"loopback":                  false,
				"evil.test?localhost:8080":  false,
				"evil.test@localhost:8080":  false,
				"localhost:8080@evil.test":  false,
				"localhost%2eevil.test:999": false,
			}} {
				for host, fine := range hosts {
					request := httptest.NewRequest("GET", "/", nil)
					request.Host = host
					recorder := httptest.NewRecorder()
					onlyLocal(&bundle.Settings{CORSOrigins: test.origins}, echo).ServeHTTP(recorder, request)
					if served := recorder.Code == http.StatusOK; served != fine || !fine && recorder.Code != http.StatusForbidden {
						t.Errorf("host %q: %d %s", host, recorder.Code, recorder.Body)
					}
				}
			}
		})
	}
}

func TestPagesThatNobodyNamedChangeNothing(t *testing.T) {
	for name, test := range map[string]struct {
		origins      []string
		method       string
		origin, site string
		fine         bool
	}{
		"no page":                            {[]string{"loopback"}, "POST", "", "", true},
		"the playground":                     {[]string{"loopback"}, "POST", "http://127.0.0.1:8080", "same-origin", true},
		"a front end on this machine":        {[]string{"loopback"}, "DELETE", "http://localhost:5173", "cross-site", true},
		"a page elsewhere":                   {[]string{"loopback"}, "POST", "https://evil.test", "cross-site", false},
		"a page elsewhere in an old browser": {[]string{"loopback"}, "POST", "https://evil.test", "", false},
		"a sandboxed page":                   {[]string{"loopback"}, "POST", "null", "cross-site", false},
		"a page elsewhere that reads":        {[]string{"loopback"}, "GET", "https://evil.test", "cross-site", true},
		"its preflight":                      {[]string{"loopback"}, "OPTIONS", "https://evil.test", "cross-site", true},
		"the playground behind a tunnel":     {[]string{"loopback"}, "POST", "https://tunnel.example", "same-origin", true},
		"a page that is named":               {[]string{"https://a.example"}, "POST", "https://a.example", "cross-site", true},
		"a page that isn't named":            {[]string{"https://a.example"}, "POST", "https://b.example", "cross-site", false},
		"a page elsewhere where all may":     {[]string{"*"}, "POST", "https://evil.test", "cross-site", true},
		"one where a proxy takes care of it": {nil, "POST", "https://evil.test", "cross-site", true},
	} {
		request := httptest.NewRequest(test.method, "http://127.0.0.1:8080/", nil)
		request.Header = http.Header{"Origin": {test.origin}, "Sec-Fetch-Site": {test.site}}
		recorder := httptest.NewRecorder()
		onlyLocal(&bundle.Settings{CORSOrigins: test.origins}, echo).ServeHTTP(recorder, request)
		if (recorder.Code == http.StatusOK) != test.fine || !test.fine && recorder.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, recorder.Code, recorder.Body)
		}
	}
}
