package core_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// waiting is an agent whose runs last until all are let go, and says when one has
// begun.
type waiting struct {
	begun chan struct{}
	letGo chan struct{}
}

func newWaiting() *waiting {
	return &waiting{begun: make(chan struct{}, 100), letGo: make(chan struct{})}
}

func (w *waiting) Run(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		w.begun <- struct{}{}
		<-w.letGo
		yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
	}
}

func largeInput(thread string, size int) string {
	input := fmt.Sprintf(`{"threadId":%q,"runId":"r","tools":[],"context":[],"messages":[{"id":"m","role":"user","content":"`, thread)
	const end = `"}]}`
	return input + strings.Repeat("x", size-len(input)-len(end)) + end
}

func TestLargeBodiesTogetherAreBounded(t *testing.T) {
	const large = 100 << 10
	for name, chunked := range map[string]bool{"with their length announced": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			agent := newWaiting()
			handler := newRuntime(t, core.Config{Agents: agents(agent), MaxConcurrentBodyBytes: 2 * large})
			ask := func(thread string, size int) *httptest.ResponseRecorder {
				r := request{method: "POST", path: "/agent/default/run", body: largeInput(thread, size)}.build()
				if chunked {
					r.ContentLength = -1
				}
				recorder := httptest.NewRecorder()
				handler.ServeHTTP(recorder, r)
				return recorder
			}
			var running sync.WaitGroup
			begin := func(thread string, size int) {
				running.Go(func() {
					if got := ask(thread, size); got.Code != http.StatusOK {
						t.Errorf("%s: %d %s", thread, got.Code, got.Body)
					}
				})
				<-agent.begun
			}
			begin("first", large)
			begin("second", large)
			for range 3 { // what is refused leaves nothing behind
				got := ask("third", large)
				if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" || !strings.Contains(got.Body.String(), `"code":"too_many_large_requests"`) {
					t.Errorf("one more: %d %v %s", got.Code, got.Header(), got.Body)
				}
			}
			begin("small", 60<<10)
			close(agent.letGo)
			running.Wait()
			begin("later", large)
			running.Wait()
		})
	}
}

func TestOneBodyHasRoomWhateverItsSize(t *testing.T) {
	handler := newRuntime(t, core.Config{MaxConcurrentBodyBytes: 1})
	for range 2 {
		got := request{method: "POST", path: "/agent/default/run", body: largeInput("t", 1<<20)}.to(handler)
		if got.Code != http.StatusOK {
			t.Errorf("%d %.200s", got.Code, got.Body)
		}
	}
}

func TestAnEnvelopeCountsOnce(t *testing.T) {
	handler := newRuntime(t, core.Config{SingleRoute: true, MaxConcurrentBodyBytes: 300 << 10})
	body := `{"method":"agent/run","params":{"agentId":"default"},"body":` + largeInput("t", 200<<10) + `}`
	for range 2 {
		if got := (request{method: "POST", path: "/", body: body}).to(handler); got.Code != http.StatusOK {
			t.Errorf("%d %.200s", got.Code, got.Body)
		}
	}
}

// A function of 128 MB has 16 MiB for bodies, an eighth.
func TestManyLargeBodiesAtOnceFitIntoASmallFunction(t *testing.T) {
	agent := newWaiting()
	server := httptest.NewServer(newRuntime(t, core.Config{Agents: agents(agent), MaxBodyBytes: 8 << 20, MaxConcurrentBodyBytes: 16 << 20}))
	defer server.Close()
	body := largeInput("t", 8<<20-10)
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var requests sync.WaitGroup
	answers := make(chan int, 30)
	for i := range cap(answers) {
		requests.Go(func() {
			head := fmt.Sprintf(`{"threadId":"t%d",`, i)
			rest := body[len(`{"threadId":"t",`):]
			request, err := http.NewRequest("POST", server.URL+"/agent/default/run", io.MultiReader(strings.NewReader(head), strings.NewReader(rest)))
			if err != nil {
				t.Error(err)
				return
			}
			request.ContentLength = int64(len(head) + len(rest))
			request.Header.Set("Content-Type", "application/json")
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				answers <- 0 // the connection was closed while it was sending
				return
			}
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
			answers <- response.StatusCode
		})
	}
	served, most := 0, int64(0)
	for refused := 0; refused < cap(answers)-2; {
		if status := <-answers; status != http.StatusOK {
			refused++
		} else {
			served++
		}
		runtime.ReadMemStats(&now)
		most = max(most, int64(now.HeapAlloc)-int64(before.HeapAlloc))
		if used := int64(now.HeapAlloc) - int64(before.HeapAlloc); used > 100<<20 {
			t.Fatalf("%d MiB of heap are in use", used>>20)
		}
		if refused == cap(answers)-2 {
			close(agent.letGo)
		}
	}
	requests.Wait()
	t.Logf("%d MiB of heap were in use at most", most>>20)
	if served > 0 {
		t.Errorf("%d runs ended before they were let go", served)
	}
}

// A browser sends its body before it reads the answer.
func TestWhoStillSendsALargeBodyIsToldThatItIsTooLarge(t *testing.T) {
	server := httptest.NewServer(newRuntime(t, core.Config{MaxBodyBytes: 1000}))
	defer server.Close()
	for name, header := range map[string]string{"with its length": "Content-Length: 33554432", "in chunks": "Transfer-Encoding: chunked"} {
		t.Run(name, func(t *testing.T) {
			connection, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			fmt.Fprintf(connection, "POST /agent/default/run HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n%s\r\n\r\n", header)
			piece := strings.Repeat("x", 1<<20)
			for range 32 {
				if strings.HasPrefix(header, "Transfer") {
					_, err = fmt.Fprintf(connection, "%x\r\n%s\r\n", len(piece), piece)
				} else {
					_, err = io.WriteString(connection, piece)
				}
				if err != nil {
					t.Fatalf("the connection was closed meanwhile: %v", err)
				}
			}
			if strings.HasPrefix(header, "Transfer") {
				io.WriteString(connection, "0\r\n\r\n")
			}
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("got %s", response.Status)
			}
		})
	}
}

func TestARunThatTakesTooLongIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endless := agent.Func(func(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(func(agui.Event, error) bool) { <-ctx.Done() }
		})
		handler := newRuntime(t, core.Config{Agents: agents(endless), RunTimeout: time.Minute, KeepAlive: -1})
		for _, route := range []string{"run", "suggest"} {
			began := time.Now()
			got := request{method: "POST", path: "/agent/default/" + route, body: input}.to(handler)
			if took := time.Since(began); took < 50*time.Second || took > time.Minute || !strings.Contains(got.Body.String(), `"code":"DEADLINE_EXCEEDED"`) {
				t.Errorf("%s ended after %v with %s", route, took, got.Body)
			}
		}
	})
}
