package bundle_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// pipe is a listener of one connection in memory, whose deadlines are the test's clock's.
type pipe struct {
	server net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipe) Accept() (net.Conn, error) {
	if server := p.server; server != nil {
		p.server = nil
		return server, nil
	}
	<-p.closed
	return nil, net.ErrClosed
}

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func TestABodyThatNobodyReadsHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runtime := bundle.NewLazy(func() []string { return nil })
		client, server := net.Pipe()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() {
			handler := bundle.LimitUnreadBodies(bundle.NewHealth(runtime.Ready, slog.New(slog.DiscardHandler)).Around(runtime))
			served <- bundle.Serve(ctx, &http.Server{Handler: handler}, &pipe{server: server, closed: make(chan struct{})}, runtime, 30*time.Second)
		}()
		if _, err := io.WriteString(client, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // for the answer to wait for the body
		began := time.Now()
		stop()
		response, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("got %v, %v", response, err)
		}
		_ = client.Close()
		took := time.Since(began)
		err = <-served
		time.Sleep(time.Second) // by the test's clock: a closed connection lingers for half of that
		if err != nil || took > 20*time.Second {
			t.Errorf("answered after %s, ended with %v", took, err)
		}
	})
}
