package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// onlyLoopback refuses requests for other hosts than this machine. The server only
// listens on the loopback address, so such a request comes from a page whose name
// was made to resolve to it (DNS rebinding), which would have the server's origin.
func onlyLoopback(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "This server only answers requests for localhost. A proxy in front of it must set the Host header to that.", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// isLoopback reports whether the host of a request, with or without a port, is
// this machine.
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
