package managed_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// route is a call of the platform by its client.
type route struct {
	pattern string
	// maxTime is how long it may take.
	maxTime time.Duration
	call    func(context.Context, *project) error
}

var routes = []route{
	{"GET /api/threads/{id}", 20 * time.Second, func(ctx context.Context, p *project) error {
		_, err := p.client.Thread(ctx, ada, "t")
		return err
	}},
	{"GET /api/threads", 20 * time.Second, func(ctx context.Context, p *project) error {
		_, err := p.client.Threads(ctx, ada, intelligence.ThreadQuery{AgentID: "default"})
		return err
	}},
	{"DELETE /api/threads/{id}", 20 * time.Second, func(ctx context.Context, p *project) error {
		return p.client.DeleteThread(ctx, ada, "default", "t")
	}},
	{"GET /api/threads/{id}/messages", 20 * time.Second, func(ctx context.Context, p *project) error {
		_, err := p.client.Messages(ctx, ada, "t")
		return err
	}},
	{"GET /api/_inspect/threads/{id}/state", 20 * time.Second, func(ctx context.Context, p *project) error {
		_, err := p.client.State(ctx, "t")
		return err
	}},
	{"POST /api/threads/{id}/connect", 20 * time.Second, func(ctx context.Context, p *project) error {
		_, err := p.client.Connect(ctx, ada, "default", "t")
		return err
	}},
	{"POST /api/memories", 20 * time.Second, func(ctx context.Context, p *project) error {
		_, err := p.client.CreateMemory(ctx, intelligence.MemoryAccess{User: ada}, intelligence.Memory{Content: "x", Kind: "topical"})
		return err
	}},
	{"PUT /connector/annotate/{id}", 20 * time.Second, func(ctx context.Context, p *project) error {
		_, err := p.client.Annotate(ctx, ada, intelligence.Annotation{Type: "user_action", ThreadID: "t"})
		return err
	}},
	{"GET /api/inspector/metadata", 5 * time.Second, func(ctx context.Context, p *project) error {
		_, err := p.client.InspectorMetadata(ctx)
		return err
	}},
}

func TestWhatThePlatformDoesWrong(t *testing.T) {
	for name, test := range map[string]struct {
		fault   intelligencetest.RouteFault
		status  int
		message string
		is      error
		// except are calls whose answer isn't read, or may be long.
		except []string
	}{
		"it doesn't answer":            {fault: intelligencetest.RouteFault{Delay: time.Hour}, message: "no answer in time"},
		"it hangs in its answer":       {fault: intelligencetest.RouteFault{Status: 200, Body: `{"thread":`, HangBody: true}, message: "no answer in time"},
		"it hangs in a refusal":        {fault: intelligencetest.RouteFault{Status: 500, Body: `{"error":`, HangBody: true}, message: "no answer in time"},
		"it closes the connection":     {fault: intelligencetest.RouteFault{Drop: true}, message: "EOF"},
		"a gateway before it is lost":  {fault: intelligencetest.RouteFault{Status: 502, Body: "<html>Bad gateway</html>"}, status: 502, message: "<html>Bad gateway</html>"},
		"a refusal without a word":     {fault: intelligencetest.RouteFault{Status: 503}, status: 503, message: "Service Unavailable"},
		"it doesn't know the key":      {fault: intelligencetest.RouteFault{Status: 401, EchoKey: true}, status: 401, message: "the key was [redacted]"},
		"a key at the end of the text": {fault: intelligencetest.RouteFault{Status: 400, Body: strings.Repeat("x", 2<<10-len("the key was cpk-")), EchoKey: true}, status: 400, message: "the key was [red"},
		"a refusal of 10 MB":           {fault: intelligencetest.RouteFault{Status: 500, Body: strings.Repeat("no", 5<<20)}, status: 500, message: "nonono"},
		"a refusal without an end":     {fault: intelligencetest.RouteFault{Status: 500, Flood: true}, status: 500, message: "Internal Server Error"},
		"a refusal that isn't text":    {fault: intelligencetest.RouteFault{Status: 400, Body: "\xff\xfe\x00" + strings.Repeat("é", 2<<10)}, status: 400, message: "\uFFFD"},
		"an answer without an end":     {fault: intelligencetest.RouteFault{Status: 200, Flood: true}, message: "an answer of more than", except: []string{"GET /api/threads/{id}/messages", "GET /api/_inspect/threads/{id}/state", "POST /api/memories"}},
		"it isn't JSON":                {fault: intelligencetest.RouteFault{Status: 200, Body: "<html>"}, message: "it isn't JSON"},
		"it is another kind of JSON":   {fault: intelligencetest.RouteFault{Status: 200, Body: "[1]"}, message: "the answer isn't what was asked for", except: []string{"DELETE /api/threads/{id}"}},
		"it leads elsewhere":           {fault: intelligencetest.RouteFault{Status: 307, Location: "http://elsewhere.example/"}, is: outbound.ErrRedirect},
		"it leads to itself":           {fault: intelligencetest.RouteFault{Status: 302, Location: "/api/threads"}, is: outbound.ErrRedirect},
		"it leads nowhere":             {fault: intelligencetest.RouteFault{Status: 304}, message: "it has status 304"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				for _, route := range routes {
					if slices.Contains(test.except, route.pattern) {
						continue
					}
					p.Fault(route.pattern, test.fault)
					begun := time.Now()
					err := route.call(t.Context(), p)
					failed, ok := errors.AsType[*intelligence.Error](err)
					if !ok {
						t.Errorf("%s: %v", route.pattern, err)
						continue
					}
					if failed.Status != test.status || (failed.Err == nil) == (test.status == 0) {
						t.Errorf("%s: status %d, %v", route.pattern, failed.Status, failed.Err)
					}
					if !strings.Contains(err.Error(), test.message) || test.is != nil && !errors.Is(err, test.is) {
						t.Errorf("%s: %v", route.pattern, err)
					}
					if strings.Contains(err.Error(), p.Key) || strings.Contains(err.Error(), p.Key[:12]) || len(err.Error()) > 2<<10+200 {
						t.Errorf("%s: %.3000s", route.pattern, err)
					}
					if took := time.Since(begun); took > route.maxTime {
						t.Errorf("%s took %v", route.pattern, took)
					}
				}
			})
		})
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		gone := errors.New("the client has gone")
		for _, route := range routes {
			p.Fault(route.pattern, intelligencetest.RouteFault{Delay: time.Hour})
			ctx, cancel := context.WithCancelCause(t.Context())
			timer := time.AfterFunc(time.Second, func() { cancel(gone) })
			begun := time.Now()
			if err := route.call(ctx, p); !errors.Is(err, gone) || time.Since(begun) != time.Second {
				t.Errorf("%s: %v after %v", route.pattern, err, time.Since(begun))
			}
			timer.Stop()
			cancel(nil)
		}
	})
}

func TestAPlatformThatIsAway(t *testing.T) {
	p := newProject(t)
	p.APIDown()
	if _, err := p.client.Thread(t.Context(), ada, "t"); err == nil || status(err) != 0 {
		t.Errorf("got %v", err)
	}
	if err := p.APIUp(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.client.Thread(t.Context(), ada, "t"); status(err) != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
}

// A platform that quotes its requests doesn't tell browsers the key.
func TestAnAnswerIsPassedOnWithoutTheKey(t *testing.T) {
	p := newProject(t)
	p.Fault("GET /api/threads/{id}/messages", intelligencetest.RouteFault{Status: 200, Body: `{"messages":[{"content":"` + p.Key + `"}]}`})
	got, err := p.client.Messages(t.Context(), ada, "t")
	if err != nil || string(got) != `{"messages":[{"content":"[redacted]"}]}` || !json.Valid(got) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestHistoriesMayBeLong(t *testing.T) {
	p := newProject(t)
	long := `{"messages":["` + strings.Repeat("x", 2<<20) + `"]}`
	p.Fault("GET /api/threads/{id}/messages", intelligencetest.RouteFault{Status: 200, Body: long})
	if got, err := p.client.Messages(t.Context(), ada, "t"); err != nil || len(got) != len(long) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	p.Fault("GET /api/threads/{id}", intelligencetest.RouteFault{Status: 200, Body: long})
	if _, err := p.client.Thread(t.Context(), ada, "t"); err == nil {
		t.Error("a thread may be as long")
	}
}
