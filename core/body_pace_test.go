package core_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/test/pipetest"
)

// sending is a client that has sent the head of a run and a part of its body.
func sending(t *testing.T, listener *pipetest.Listener, head, part string) net.Conn {
	t.Helper()
	connection := listener.Dial()
	t.Cleanup(func() { connection.Close() })
	fmt.Fprintf(connection, "POST /agent/default/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s\r\n%s", head, part)
	return connection
}

// received returns the status of an answer, and its body.
func received(t *testing.T, connection net.Conn) (int, string) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// serving returns a listener of a server that a test's clock times.
func serving(t *testing.T, runtime *core.Runtime) *pipetest.Listener {
	listener := pipetest.Listen()
	server := &http.Server{Handler: runtime}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		time.Sleep(time.Second) // by the test's clock: what it has closed lingers for half of that
	})
	return listener
}

func TestABodyThatDoesNotComeIsNotWaitedForForEver(t *testing.T) {
	large := largeInput("t", 200<<10)
	for name, test := range map[string]struct {
		head, part string
		// sends is what more comes, a second later each.
		sends  []string
		status int
		within time.Duration
	}{
		"nothing of it":                     {"Content-Length: 1000\r\n", "", nil, 408, 31 * time.Second},
		"a part":                            {"Content-Length: 1000\r\n", input[:10], nil, 408, 31 * time.Second},
		"no chunk of it":                    {"Transfer-Encoding: chunked\r\n", "", nil, 408, 31 * time.Second},
		"a byte each second":                {"Content-Length: 1000\r\n", "", strings.Split(strings.Repeat(" ", 100), ""), 408, 31 * time.Second},
		"a slow body, but one at some pace": {fmt.Sprintf("Content-Length: %d\r\n", len(large)), "", strings.SplitAfter(large, strings.Repeat("x", 5<<10)), 200, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				connection := sending(t, serving(t, newRuntime(t, core.Config{})), test.head, test.part)
				began := time.Now()
				go func() {
					for _, part := range test.sends {
						time.Sleep(time.Second)
						if _, err := io.WriteString(connection, part); err != nil {
							return
						}
					}
				}()
				status, body := received(t, connection)
				if took := time.Since(began); status != test.status || took > test.within {
					t.Errorf("got %d after %s: %s", status, took, body)
				}
				if status == 408 && !strings.Contains(body, `"code":"request_body_too_slow"`) {
					t.Errorf("got %s", body)
				}
			})
		})
	}
}

// What comes before the body has been looked at is answered, though it doesn't come.
func TestAnAnswerDoesNotWaitForABodyThatNobodyWants(t *testing.T) {
	for _, head := range []string{
		"POST /nowhere HTTP/1.1\r\nContent-Type: application/json\r\n",
		"PUT /info HTTP/1.1\r\nContent-Type: application/json\r\n",
		"POST /agent/nobody/run HTTP/1.1\r\nContent-Type: application/json\r\n",
		"POST /agent/default/run HTTP/1.1\r\nContent-Type: text/plain\r\n",
		"GET /info HTTP/1.1\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			connection := serving(t, newRuntime(t, core.Config{})).Dial()
			t.Cleanup(func() { connection.Close() })
			began := time.Now()
			fmt.Fprintf(connection, "%sHost: x\r\nContent-Length: 10\r\n\r\n", head)
			if status, body := received(t, connection); time.Since(began) > 31*time.Second {
				t.Errorf("%s is answered after %s with %d %s", head, time.Since(began), status, body)
			}
		})
	}
}

// The time that a body may take isn't that of its run.
func TestARunLastsLongerThanItsBodyMayTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		agent := newWaiting()
		connection := sending(t, serving(t, newRuntime(t, core.Config{Agents: agents(agent)})), fmt.Sprintf("Content-Length: %d\r\n", len(input)), input)
		go func() {
			<-agent.begun
			time.Sleep(time.Hour)
			close(agent.letGo)
		}()
		if status, body := received(t, connection); status != 200 || !strings.Contains(body, "RUN_FINISHED") {
			t.Errorf("got %d %s", status, body)
		}
	})
}

func TestWhatIsOnlyAnnouncedTakesNoRoomFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runtime := newRuntime(t, core.Config{MaxConcurrentBodyBytes: 1 << 20})
		listener := serving(t, runtime)
		for range 3 {
			sending(t, listener, "Content-Length: 1000000\r\n", `{"threadId":`)
		}
		synctest.Wait()
		got := request{method: "POST", path: "/agent/default/run", body: largeInput("t", 900<<10)}.to(runtime)
		if got.Code != http.StatusOK {
			t.Errorf("another is answered with %d %s", got.Code, got.Body)
		}
	})
}

func TestOneBodyHasRoomWhateverItsSizeAlsoWithoutItsLength(t *testing.T) {
	runtime := newRuntime(t, core.Config{MaxConcurrentBodyBytes: 1})
	r := request{method: "POST", path: "/agent/default/run", body: largeInput("t", 1<<20)}.build()
	r.ContentLength = -1
	recorder := httptest.NewRecorder()
	runtime.ServeHTTP(recorder, r)
	if got := recorder; got.Code != http.StatusOK {
		t.Errorf("%d %.200s", got.Code, got.Body)
	}
}

func TestABodyThatDoesNotComeDoesNotHoldUpTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runtime := newRuntime(t, core.Config{})
		connection := sending(t, serving(t, runtime), "Content-Length: 1000\r\n", "{")
		synctest.Wait()
		began := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- runtime.Close() }()
		status, body := received(t, connection)
		if err := <-ended; err != nil || time.Since(began) > time.Second || status != http.StatusServiceUnavailable {
			t.Errorf("closed after %s with %v; the client got %d %s", time.Since(began), err, status, body)
		}
	})
}
