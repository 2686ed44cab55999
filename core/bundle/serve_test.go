package bundle_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/test/pipetest"
)

func TestABodyThatNobodyReadsHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runtime := bundle.NewLazy(func() []string { return nil })
		listener := pipetest.Listen()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() {
			handler := bundle.LimitUnreadBodies(bundle.NewHealth(runtime.Ready, slog.New(slog.DiscardHandler)).Around(runtime))
			served <- bundle.Serve(ctx, &http.Server{Handler: handler}, listener, runtime, 30*time.Second)
		}()
		client := listener.Dial()
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
