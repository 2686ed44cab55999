package remote

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/pipetest"
)

func TestAnInstanceThatWasFrozenReachesItsAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := pipetest.Listen()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, "data: {\"type\":\"RUN_FINISHED\",\"threadId\":\"t\",\"runId\":\"r\"}\n\n")
		})}
		go server.Serve(listener)
		defer server.Close()
		a, err := New(Config{URL: "http://agent.example/"})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		var connections []*pipetest.Frozen
		a.idle.Transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			connection := &pipetest.Frozen{Conn: listener.Dial()}
			connections = append(connections, connection)
			return connection, nil
		}
		run := func(want int) {
			t.Helper()
			for _, err := range a.Run(t.Context(), &agui.RunAgentInput{ThreadID: "t", RunID: "r"}) {
				if err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait() // for the connection to be idle
			if len(connections) != want {
				t.Fatalf("%d connections, want %d", len(connections), want)
			}
		}
		run(1)
		run(1)
		connections[0].Gone.Store(true)
		time.Sleep(5 * time.Second)
		run(2)
	})
}
