package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/test/pipetest"
)

// dying is a connection that loses all that is sent over it once it is dead, as those do
// that a platform's network has forgotten while it froze the instance.
type dying struct {
	net.Conn
	dead atomic.Bool
}

func (d *dying) Write(p []byte) (int, error) {
	if d.dead.Load() {
		return len(p), nil
	}
	return d.Conn.Write(p)
}

func TestADeadConnectionIsNoticedLongBeforeTheTimeLimit(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS() // for its certificate
	certificates := certified.TLS.Certificates
	certified.Close()
	synctest.Test(t, func(t *testing.T) {
		listener := pipetest.Listen()
		server := &http.Server{
			TLSConfig: &tls.Config{Certificates: certificates, NextProtos: []string{"h2"}},
			Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }),
		}
		go server.ServeTLS(listener, "", "")
		defer server.Close()
		client := newClient()
		var last *dying
		transport := client.Transport.(*http.Transport)
		transport.DialTLSContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			last = &dying{Conn: listener.Dial()}
			conn := tls.Client(last, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
			return conn, conn.HandshakeContext(ctx)
		}
		defer transport.CloseIdleConnections()
		if got := ask(t, client, "https://host.example/", 2); got != "HTTP/2.0" {
			t.Fatalf("got %s", got)
		}
		last.dead.Store(true)
		begun := time.Now()
		if got, took := ask(t, client, "https://host.example/", 2), time.Since(begun); got != "HTTP/2.0" || took > time.Minute {
			t.Errorf("got %s after %v", got, took)
		}
	})
}

// ask posts something and returns the answer.
func ask(t *testing.T, client *http.Client, url string, maxRetries int) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}")), nil }
	response, err := doWithRetries(client, request, nil, maxRetries)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnInstanceThatWasFrozenAsksAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := pipetest.Listen()
		both := make(chan struct{})
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/both" {
				both <- struct{}{}
			}
			io.WriteString(w, "answer")
		})}
		go server.Serve(listener)
		defer server.Close()
		client := newClient()
		var connections []*pipetest.Frozen
		transport := client.Transport.(*http.Transport)
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			connection := &pipetest.Frozen{Conn: listener.Dial()}
			connections = append(connections, connection)
			return connection, nil
		}
		defer transport.CloseIdleConnections()
		var runs sync.WaitGroup
		for range 2 { // at once, so that each has a connection
			runs.Go(func() { ask(t, client, "http://host.example/both", 0) })
			synctest.Wait()
		}
		<-both
		<-both
		runs.Wait()
		synctest.Wait() // for the connections to be idle
		for _, connection := range connections {
			connection.Gone.Store(true)
		}
		begun := time.Now()
		// Also one that isn't to be sent again, so that another model isn't asked instead.
		if got, took := ask(t, client, "http://host.example/", 0), time.Since(begun); got != "answer" || took != 0 || len(connections) != 3 {
			t.Errorf("got %s after %v, over %d connections", got, took, len(connections))
		}
	})
}
