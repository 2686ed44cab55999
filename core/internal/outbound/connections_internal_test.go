package outbound

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

// A connection that was idle while an instance was frozen may be gone without a sign.
func TestAConnectionThatWasUnusedForLongIsNotUsedAgain(t *testing.T) {
	var made atomic.Int64
	remote := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	remote.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
	}
	remote.Start()
	defer remote.Close()
	address, err := url.Parse(remote.URL)
	if err != nil {
		t.Fatal(err)
	}
	connections := Connections{Transport: NewTransport(address)}
	defer connections.Close()
	client := http.Client{Transport: connections.Transport}
	for _, test := range []struct {
		unused time.Duration
		want   int64
	}{
		{0, 1},
		{0, 1},
		{5 * time.Second, 2}, // Node.js and Uvicorn have closed theirs
	} {
		connections.used.Store(time.Now().Add(-test.unused).UnixMilli())
		connections.Use()
		response, err := client.Post(remote.URL, "application/json", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if got := made.Load(); got != test.want {
			t.Errorf("%d connections, want %d", got, test.want)
		}
	}
}
