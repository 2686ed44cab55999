package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTheServerOnlyAnswersForThisMachine(t *testing.T) {
	for host, fine := range map[string]bool{
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
		"evil.test?localhost:8080":  false,
		"localhost%2eevil.test:999": false,
	} {
		request := httptest.NewRequest("GET", "/", nil)
		request.Host = host
		recorder := httptest.NewRecorder()
		onlyLoopback(echo).ServeHTTP(recorder, request)
		if served := recorder.Code == http.StatusOK; served != fine || !fine && recorder.Code != http.StatusForbidden {
			t.Errorf("host %q: %d %s", host, recorder.Code, recorder.Body)
		}
	}
}
