package mcp

import (
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
)

// The monotonic clock may stand still while a platform freezes the instance.
func TestAgesAreMeasuredByTheWallClock(t *testing.T) {
	server, err := New(Config{URL: "http://127.0.0.1:1", ForwardAuthorization: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	held, err := server.sessions.acquire(t.Context(), mcpclient.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = held.connection.tools(t.Context())
	server.sessions.release(held)
	for name, at := range map[string]string{
		"the list's": held.connection.listed.String(), "the failure's": held.connection.failed.String(), "the session's": held.used.String(),
	} {
		if strings.Contains(at, "m=") {
			t.Errorf("%s time is %s", name, at)
		}
	}
}
