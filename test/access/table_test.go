package access_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core"
)

func TestEveryRouteWithEveryCredentialOnEverybodysThreads(t *testing.T) {
	forEveryHouse(t, func(t *testing.T, h *house) {
		for _, row := range rows {
			t.Run(row.String(), func(t *testing.T) { h.checkRow(t, row) })
		}
	})
}

func forEveryHouse(t *testing.T, test func(*testing.T, *house)) {
	for store, address := range stores {
		for _, endpoint := range []string{multiRoute, singleRoute} {
			for _, mode := range []string{production, development} {
				if mode == development && store != "memory" {
					continue // it has nothing to do with the store
				}
				for name, makeScheme := range schemes {
					t.Run(fmt.Sprintf("%s/%s/%s/%s", store, endpoint, mode, name), func(t *testing.T) {
						t.Parallel()
						test(t, newHouse(t, address(t), endpoint, mode, makeScheme(t, mode)))
					})
				}
			}
		}
	}
}

// checkRow sends the row's request with every credential about Ann's thread, about
// Bob's, and about one that doesn't exist.
func (h *house) checkRow(t *testing.T, row row) {
	anns, bobs, nobodys := threadID("ann", row), threadID("bob", row), threadID("non", row)
	h.furnish(t, h.scheme.ann, anns, "ann-wrote-this")
	h.furnish(t, h.scheme.bob, bobs, "bob-wrote-this")
	bobsBefore, annsBefore := h.look(t, h.scheme.bob, bobs), h.look(t, h.scheme.ann, anns)

	for _, c := range h.scheme.others {
		worked := h.work.Load()
		refused := c.refuses(row.request(h.endpoint, anns))
		unknown := masked(h.ask(t, row, c, nobodys), nobodys)
		for thread, id := range map[string]string{"Ann's": anns, "Bob's": bobs} {
			got := h.ask(t, row, c, id)
			switch {
			case refused:
				checkRefusal(t, c, got)
			case c.refused > 0: // reads are by Ann
				continue
			}
			if answer := masked(got, id); answer != unknown {
				t.Errorf("%s: %s thread is answered with\n%s\nand one that doesn't exist with\n%s", c.name, thread, answer, unknown)
			}
		}
		if refused && h.work.Load() != worked {
			t.Errorf("%s: something was done", c.name)
		}
	}
	if got := h.look(t, h.scheme.ann, anns); got != annsBefore {
		t.Errorf("Ann's thread, which others have asked for, was\n%s\nand is\n%s", annsBefore, got)
	}

	unknown, other := h.ask(t, row, h.scheme.ann, nobodys), h.ask(t, row, h.scheme.ann, bobs)
	if a, b := masked(other, bobs), masked(unknown, nobodys); a != b {
		t.Errorf("Bob's thread is answered with\n%s\nand one that doesn't exist with\n%s", a, b)
	}
	if want := h.want(row, row.unknown, row.unknownInDevelopment); unknown.Code != want {
		t.Errorf("a thread that doesn't exist is answered with %d, want %d: %s", unknown.Code, want, unknown.Body)
	}
	if row.name == core.RouteThreadsClear {
		h.furnish(t, h.scheme.ann, anns, "ann-wrote-this")
	}
	own := h.ask(t, row, h.scheme.ann, anns)
	if want := h.want(row, row.own, row.ownInDevelopment); own.Code != want {
		t.Errorf("one's own thread is answered with %d, want %d: %s", own.Code, want, own.Body)
	}
	if h.answers(row) && strings.Contains(own.Body.String(), "ann-wrote-this") != row.shows {
		t.Errorf("one's own thread is shown: %t, in %s", !row.shows, own.Body)
	}
	if got := h.look(t, h.scheme.bob, bobs); got != bobsBefore {
		t.Errorf("Bob's thread, which Ann has asked for, was\n%s\nand is\n%s", bobsBefore, got)
	}
}

// want returns the status of the row's answer in this house.
func (h *house) want(r row, status, inDevelopment int) int {
	switch {
	case !h.answers(r):
		return http.StatusMethodNotAllowed
	case h.mode == development && inDevelopment > 0:
		return inDevelopment
	case h.scheme.anonymous && r.anonymous > 0:
		return r.anonymous
	}
	return status
}

// answers reports whether the runtime has the row's route.
func (h *house) answers(r row) bool { return h.endpoint == multiRoute || !r.alone }

// checkRefusal checks an answer to who isn't let in: nothing in it depends on anything.
func checkRefusal(t *testing.T, c credential, got *httptest.ResponseRecorder) {
	t.Helper()
	body := `{"error":"Unauthorized","code":"unauthorized"}`
	if c.refused == http.StatusForbidden {
		body = `{"error":"Forbidden","code":"forbidden"}`
	}
	want := http.Header{
		"Content-Type": {"application/json"}, "Content-Length": {fmt.Sprint(len(body))}, "Cache-Control": {"private, no-store"},
	}
	if c.challenge != "" {
		want["Www-Authenticate"] = []string{c.challenge}
	}
	header := got.Header().Clone()
	for name := range header {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" || name == "X-Request-Id" {
			delete(header, name)
		}
	}
	if got.Code != c.refused || got.Body.String() != body || !maps.EqualFunc(header, want, slices.Equal) {
		t.Errorf("%s: got %d %s %v, want %d %s %v", c.name, got.Code, got.Body, header, c.refused, body, want)
	}
}

// furnish gives a user a thread with a run, a state and a name.
func (h *house) furnish(t *testing.T, c credential, id, text string) {
	t.Helper()
	if got := h.ask(t, runRow(text), c, id); got.Code != 200 || !strings.Contains(got.Body.String(), "RUN_FINISHED") {
		t.Fatalf("the run is answered with %d %s", got.Code, got.Body)
	}
	rename := row{name: core.RouteThread, method: "PATCH", path: "/threads/{thread}", body: `{"agentId":"default","name":"` + text + `"}`}
	if got := h.ask(t, rename, c, id); got.Code != 200 {
		t.Fatalf("the name is answered with %d %s", got.Code, got.Body)
	}
}

// look returns all that a user sees of a thread, its place in the list included.
func (h *house) look(t *testing.T, c credential, id string) string {
	t.Helper()
	var seen strings.Builder
	for _, path := range []string{"/threads/{thread}/messages", "/threads/{thread}/events", "/threads/{thread}/state", "/threads?includeArchived=true"} {
		answer := h.ask(t, row{method: "GET", path: path}, c, id).Body.String()
		if path == "/threads?includeArchived=true" {
			answer = listed(answer, id)
		}
		fmt.Fprintf(&seen, "%s: %s\n", path, answer)
	}
	if strings.Count(seen.String(), "wrote-this") < 4 {
		t.Fatalf("the thread isn't there: %s", &seen)
	}
	return seen.String()
}

// listed returns a list's entry of a thread.
func listed(list, id string) string {
	_, after, found := strings.Cut(list, `{"id":"`+id+`"`)
	if !found {
		return ""
	}
	entry, _, _ := strings.Cut(after, "}")
	return entry
}

// varying matches what differs between two answers to the same request. Each begins
// with what can be searched for quickly.
var varying = []*regexp.Regexp{
	regexp.MustCompile(`"20\d\d-\d\d-\d\dT[0-9:.]+Z`),
	regexp.MustCompile(`session:[A-Z2-7]{26}`),
	regexp.MustCompile(`_session=[^;]*`),
	regexp.MustCompile(`"timestamp":\d+`),
}

// masked returns an answer without what differs between two answers to the same
// request: the thread's id, times and new sessions.
func masked(answer *httptest.ResponseRecorder, id string) string {
	var b strings.Builder
	fmt.Fprintln(&b, answer.Code)
	_ = answer.Header().Write(&b)
	fmt.Fprintln(&b, answer.Body)
	text := strings.ReplaceAll(b.String(), id, "THREAD")
	for _, part := range varying {
		text = part.ReplaceAllLiteralString(text, "VARYING")
	}
	return text
}

// threadID returns the id of a user's thread for a row. All have the same length.
func threadID(user string, r row) string {
	return fmt.Sprintf("thread-%s-%02d", user, slices.IndexFunc(rows, func(other row) bool { return other.String() == r.String() }))
}

func TestTheLiveRunOfAnotherUserIsAsIfItWereNotThere(t *testing.T) {
	forEveryHouse(t, func(t *testing.T, h *house) {
		release := h.hold.add("bob-keeps-talking")
		defer release()
		const bobs, nobodys = "thread-bob", "thread-non"
		bob := h.start(t, h.scheme.bob, bobs, "bob-keeps-talking")
		for _, row := range rows {
			switch row.name {
			case core.RouteStop, core.RouteConnect, core.RouteRun, core.RouteThreadMessages, core.RouteThreadEvents, core.RouteThread, core.RouteThreadArchive, core.RouteThreadsClear:
			default:
				continue
			}
			for _, c := range append(slices.Clone(h.scheme.others), h.scheme.ann) {
				if c.refused > 0 && !c.refuses(row.request(h.endpoint, bobs)) {
					continue
				}
				got, unknown := h.ask(t, row, c, bobs), h.ask(t, row, c, nobodys)
				if a, b := masked(got, bobs), masked(unknown, nobodys); a != b {
					t.Errorf("%s with %s: Bob's thread is answered with\n%s\nand one that doesn't exist with\n%s", row, c.name, a, b)
				}
			}
		}
		stopped := h.ask(t, row{name: core.RouteStop, method: "POST", path: "/agent/default/stop/{thread}"}, h.scheme.ann, bobs)
		if !strings.Contains(stopped.Body.String(), `"stopped":false`) {
			t.Errorf("Ann's stop is answered with %s", stopped.Body)
		}
		release()
		if last := bob.rest(); !strings.Contains(last, "RUN_FINISHED") {
			t.Errorf("Bob's run ended with %s", last)
		}
		if got := h.ask(t, row{method: "GET", path: "/threads/{thread}/messages"}, h.scheme.bob, bobs).Body.String(); !strings.Contains(got, "You said: bob-keeps-talking") {
			t.Errorf("Bob's thread has %s", got)
		}
	})
}

func TestACursorOfAnothersListShowsNothingOfIt(t *testing.T) {
	for name, address := range stores {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, address(t), multiRoute, production, schemes["tokens"](t, production))
			for i := range 3 {
				h.furnish(t, h.scheme.bob, fmt.Sprint("thread-bob-", i), "bob-wrote-this")
			}
			list := row{method: "GET", path: "/threads?limit=1"}
			answer := h.ask(t, list, h.scheme.bob, "").Body.String()
			cursor := regexp.MustCompile(`"nextCursor":"([^"]+)"`).FindStringSubmatch(answer)
			if cursor == nil {
				t.Fatalf("the list has no next page: %s", answer)
			}
			list.path += "&cursor=" + cursor[1]
			if got := h.ask(t, list, h.scheme.bob, "").Body.String(); !strings.Contains(got, "bob-wrote-this") {
				t.Errorf("Bob is shown %s", got)
			}
			if got := h.ask(t, list, h.scheme.ann, "").Body.String(); got != `{"threads":[],"nextCursor":null}` {
				t.Errorf("Ann is shown %s", got)
			}
		})
	}
}

func TestDebugEventsAreOnesOwn(t *testing.T) {
	for name, makeScheme := range schemes {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "memory", multiRoute, development, makeScheme(t, development))
			watch := func(c credential) *live {
				r := row{method: "GET", path: "/cpk-debug-events"}.request(multiRoute, "")
				c.apply(r)
				watched := &live{events: make(chan string, 100), ended: make(chan struct{})}
				go func() {
					defer close(watched.ended)
					h.ServeHTTP(&pipe{header: http.Header{}, events: watched.events}, r)
					close(watched.events)
				}()
				<-watched.events // it is connected
				return watched
			}
			ann, bob := watch(h.scheme.ann), watch(h.scheme.bob)
			h.furnish(t, h.scheme.bob, "thread", "bob-wrote-this")
			h.furnish(t, h.scheme.ann, "thread", "ann-wrote-this")
			h.ask(t, row{name: core.RouteConnect, method: "GET", path: "/agent/default/connect?threadId={thread}"}, h.scheme.bob, "thread")
			if err := h.Close(); err != nil { // which ends the streams
				t.Fatal(err)
			}
			for who, watched := range map[string]*live{"ann": ann, "bob": bob} {
				var seen strings.Builder
				for event := range watched.events {
					seen.WriteString(event)
				}
				other := map[string]string{"ann": "bob", "bob": "ann"}[who]
				if got := seen.String(); !strings.Contains(got, who+"-wrote-this") || strings.Contains(got, other+"-wrote-this") {
					t.Errorf("%s saw %s", who, got)
				}
			}
		})
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
