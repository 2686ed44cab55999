package core

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// fromTrustedPage reports whether the request is from no web page, or from one
// that may see what development shows: of the runtime's own origin, of this
// machine, or of an origin that CORS names. CORS for all origins is for what an
// app needs, not for whole conversations.
func (ex *exchange) fromTrustedPage() bool {
	if !ex.hasTrustedHost() {
		return false
	}
	if ex.origin == "" || ex.r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		// Pages can't set that header. It is right also where a proxy has put
		// another host in the place of the page's.
		return true
	}
	page, err := url.Parse(ex.origin)
	if err != nil || page.Host == "" {
		return false
	}
	return page.Host == ex.r.Host || isLoopback(page.Host) || ex.config.CORS.Names(ex.origin)
}

// hasTrustedHost reports whether the host that the request is for can be the
// runtime's. On a loopback address a name that isn't this machine's may be one
// that a page had made to lead here, in order to be of the runtime's origin; it
// may be a proxy's too, which CORS then has to name.
func (ex *exchange) hasTrustedHost() bool {
	local, ok := ex.r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok || !isLoopback(local.String()) || isLoopback(ex.r.Host) {
		return true
	}
	return ex.config.CORS.Names("https://"+ex.r.Host) || ex.config.CORS.Names("http://"+ex.r.Host)
}

// isLoopbackOrigin reports whether an origin is one of this machine.
func isLoopbackOrigin(origin string) bool {
	page, err := url.Parse(origin)
	if err != nil || page.Scheme != "http" && page.Scheme != "https" {
		return false
	}
	return origin == page.Scheme+"://"+page.Host && isLoopback(page.Host)
}

// isLoopback reports whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback()
}

func foreignPage() *HTTPError {
	return &HTTPError{Status: http.StatusForbidden, Body: errorBody{
		Error: "Forbidden",
		Message: "Pages of another origin can't use what development serves, unless the origin is on this machine " +
			"or one that CORS names. The same is true of requests for a host that isn't this machine's.",
	}}
}
