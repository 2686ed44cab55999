package core_test

import (
	"bufio"
	"io"
	"log"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/test/pipetest"
)

func TestWhoIsNotLetInIsAnsweredWithoutTheBody(t *testing.T) {
	for name, test := range map[string]struct {
		head   string
		within time.Duration
	}{
		"a client that waits to be told to send it": {"Content-Length: 10\r\nExpect: 100-continue\r\n", 0},
		"one that announces too much":               {"Content-Length: 1000000\r\n", 0},
		"one that sends nothing of it":              {"Content-Length: 10\r\n", 10 * time.Second},
		"one that sends no chunk of it":             {"Transfer-Encoding: chunked\r\n", 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := newRuntime(t, core.Config{Identify: func(*http.Request) (access.User, error) { return access.User{}, &access.Error{} }})
				listener := pipetest.Listen()
				server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
				go func() { _ = server.Serve(listener) }()
				defer server.Close()
				connection := listener.Dial()
				defer connection.Close()
				began := time.Now()
				if err := connection.SetDeadline(began.Add(time.Minute)); err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(connection, "POST /agent/default/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+test.head+"\r\n"); err != nil {
					t.Fatal(err)
				}
				response, err := http.ReadResponse(bufio.NewReader(connection), nil)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); response.StatusCode != 401 || took > test.within {
					t.Errorf("got %d after %s", response.StatusCode, took)
				}
				if _, err := io.Copy(io.Discard, connection); err != nil {
					t.Errorf("the connection isn't closed: %v", err)
				}
				synctest.Wait()
			})
		})
	}
}
