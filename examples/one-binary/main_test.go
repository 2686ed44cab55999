package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOneProgramServesThePageAndTheRuntime(t *testing.T) {
	env := func() []string { return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none"} }
	runtime, err := newRuntime(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.Close()
	server := httptest.NewServer(runtime)
	defer server.Close()
	for _, test := range []struct {
		path   string
		status int
		want   string
	}{
		{"/", http.StatusOK, "<!doctype html>"},
		{"/trips/2026", http.StatusOK, "<!doctype html>"},
		{"/assets/missing.js", http.StatusNotFound, "404"},
		{"/api/copilotkit/info", http.StatusOK, `"default"`},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "text/html")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != test.status || !strings.Contains(string(body), test.want) {
			t.Errorf("%s: got %s %.100s, %v", test.path, response.Status, body, err)
		}
	}
}
