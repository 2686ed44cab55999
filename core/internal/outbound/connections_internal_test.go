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
	for _, want := range []int64{1, 1, 2} {
		if want == 2 {
			connections.used.Store(time.Now().Add(-staleAfter - 2*time.Second).Unix())
		}
		connections.Use()
		response, err := client.Post(remote.URL, "application/json", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if got := made.Load(); got != want {
			t.Errorf("%d connections, want %d", got, want)
		}
	}
}
