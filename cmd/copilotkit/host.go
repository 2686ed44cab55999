package main

import (
	"net/http"
	"slices"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/bundle"
)

// onlyLocal refuses what pages that nobody has named could do to this machine: the
// server listens on its loopback address, where any page can send requests.
//
// A request for another host than this machine comes from a page whose name was made
// to lead here (DNS rebinding), and which would be of the server's own origin. CORS
// doesn't stop the requests of other pages, it keeps their answers from them; those
// that change something are refused here.
func onlyLocal(settings *bundle.Settings, handler http.Handler) http.Handler {
	loopback := &core.CORS{Origins: []string{core.LoopbackOrigins}}
	named := &core.CORS{Origins: append([]string{core.LoopbackOrigins}, settings.CORSOrigins...)}
	anybody := len(settings.CORSOrigins) == 0 || slices.Contains(settings.CORSOrigins, "*")
	if anybody {
		named = loopback
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !named.Names("http://"+r.Host) && !named.Names("https://"+r.Host):
			http.Error(w, "This server only answers requests for localhost, and for the hosts of origins that COPILOTKIT_CORS_ORIGINS lists. "+
				"Add the origin there, or let the proxy in front of this server set the Host header to localhost.", http.StatusForbidden)
		case !anybody && changes(r) && fromOtherPage(r) && !named.Names(r.Header.Get("Origin")):
			http.Error(w, "This page's origin isn't one that COPILOTKIT_CORS_ORIGINS lists.", http.StatusForbidden)
		default:
			handler.ServeHTTP(w, r)
		}
	})
}

// changes reports whether a request may do more than read.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

// fromOtherPage reports whether a request is from a web page that isn't the server's
// own, as far as the browser can tell behind a proxy.
func fromOtherPage(r *http.Request) bool {
	return r.Header.Get("Origin") != "" && r.Header.Get("Sec-Fetch-Site") != "same-origin"
}
