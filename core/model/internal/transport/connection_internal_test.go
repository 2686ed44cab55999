package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
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

// pipes is a listener for connections that are made by hand.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func TestADeadConnectionIsNoticedLongBeforeTheTimeLimit(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS() // for its certificate
	certificates := certified.TLS.Certificates
	certified.Close()
	synctest.Test(t, func(t *testing.T) {
		listener := make(pipes)
		server := &http.Server{
			TLSConfig: &tls.Config{Certificates: certificates, NextProtos: []string{"h2"}},
			Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }),
		}
		go server.ServeTLS(listener, "", "")
		defer func() { close(listener); server.Close() }()
		client := newClient()
		var last *dying
		transport := client.Transport.(*http.Transport)
		transport.DialTLSContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			near, far := net.Pipe()
			listener <- far
			last = &dying{Conn: near}
			conn := tls.Client(last, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
			return conn, conn.HandshakeContext(ctx)
		}
		defer transport.CloseIdleConnections()
		ask := func() string {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://host.example/", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}")), nil }
			response, err := doWithRetries(client, request, nil, 2)
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
		if got := ask(); got != "HTTP/2.0" {
			t.Fatalf("got %s", got)
		}
		last.dead.Store(true)
		begun := time.Now()
		if got, took := ask(), time.Since(begun); got != "HTTP/2.0" || took > time.Minute {
			t.Errorf("got %s after %v", got, took)
		}
	})
}
