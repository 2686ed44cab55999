package core

import (
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
	if ex.origin == "" {
		return true
	}
	page, err := url.Parse(ex.origin)
	if err != nil || page.Host == "" {
		return false
	}
	return page.Host == ex.r.Host || isLoopback(page.Hostname()) || ex.config.CORS.names(ex.origin)
}

// isLoopback reports whether a host name, without a port, is this machine's.
func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

func foreignPage() *HTTPError {
	return &HTTPError{Status: http.StatusForbidden, Body: errorBody{
		Error: "Forbidden",
		Message: "Pages of another origin can't use what development serves, unless the origin is on this machine " +
			"or one that CORS names.",
	}}
}
