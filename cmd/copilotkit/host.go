package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// onlyLoopback refuses requests for hosts that aren't this machine. The server
// listens on this machine alone, so that such a request comes from a page whose
// name was made to lead here, and which would then be of the server's origin.
func onlyLoopback(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "This server answers requests for localhost alone. A proxy before it must set the header Host so.", http.StatusForbidden)
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
