package core_test

import (
	"bufio"
	"errors"
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
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/test/pipetest"
)

func TestARunThatIsTooLargeIsExplainedToAChat(t *testing.T) {
	const limit = 1000
	long := strings.Repeat("x", 8<<10)
	ids := `{"threadId":"t","runId":"r",`
	for name, test := range map[string]struct {
		path, accept, body string
		explained          bool
	}{
		"as CopilotKit sends it":             {"/agent/default/run", "text/event-stream", ids + `"messages":["` + long, true},
		"one that accepts more":              {"/agent/default/run", "application/json, text/event-stream;q=0.9", ids + `"x":"` + long, true},
		"whose ids come in another order":    {"/agent/default/run", "text/event-stream", ` { "runId" : "r", "state" : {"threadId":"no"}, "threadId":"t", "x":"` + long, true},
		"that accepts anything":              {"/agent/default/run", "*/*", ids + `"x":"` + long, false},
		"that doesn't say":                   {"/agent/default/run", "", ids + `"x":"` + long, false},
		"whose ids come too late":            {"/agent/default/run", "text/event-stream", `{"x":"` + long + `",` + ids[1:], false},
		"whose run has no id":                {"/agent/default/run", "text/event-stream", `{"threadId":"t","x":"` + long, false},
		"whose id is no text":                {"/agent/default/run", "text/event-stream", `{"threadId":"t","runId":7,"x":"` + long, false},
		"whose id is too long":               {"/agent/default/run", "text/event-stream", `{"threadId":"t","runId":"` + long[:600] + `","x":"` + long, false},
		"that isn't JSON":                    {"/agent/default/run", "text/event-stream", long, false},
		"that is full of braces":             {"/agent/default/run", "text/event-stream", strings.Repeat("{", 9000), false},
		"a request of another route":         {"/agent/default/connect", "text/event-stream", ids + `"x":"` + long, false},
		"a suggestion, which nobody sees":    {"/agent/default/suggest", "text/event-stream", ids + `"x":"` + long, false},
		"a run of an agent that isn't there": {"/agent/other/run", "text/event-stream", ids + `"x":"` + long, false},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %t", name, chunked), func(t *testing.T) {
				t.Parallel() // net/http lets a client whose body it won't read wait half a second
				handler := newRuntime(t, core.Config{MaxBodyBytes: limit})
				server := httptest.NewServer(handler)
				defer server.Close()
				var body io.Reader = strings.NewReader(test.body)
				if chunked {
					body = io.MultiReader(body)
				}
				request, err := http.NewRequest("POST", server.URL+test.path, body)
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Content-Type", "application/json")
				if test.accept != "" {
					request.Header.Set("Accept", test.accept)
				}
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				got, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				const text = "This message was not sent: with all that the conversation has, files included, it is larger than the " +
					"1000 bytes that can be sent at once. Please start a new conversation, or attach smaller files."
				want := frames(
					`{"type":"RUN_STARTED","threadId":"t","runId":"r"}`,
					`{"type":"TEXT_MESSAGE_START","messageId":"r-too-large","role":"assistant"}`,
					`{"type":"TEXT_MESSAGE_CONTENT","messageId":"r-too-large","delta":"`+text+`"}`,
					`{"type":"TEXT_MESSAGE_END","messageId":"r-too-large"}`,
					`{"type":"RUN_ERROR","message":"`+text+`","code":"request_body_too_large"}`,
				)
				switch {
				case test.explained && (response.StatusCode != http.StatusOK || string(got) != want):
					t.Errorf("got %d %s, want %s", response.StatusCode, got, want)
				case !test.explained && response.StatusCode != http.StatusRequestEntityTooLarge && response.StatusCode != http.StatusNotFound:
					t.Errorf("got %d %s", response.StatusCode, got)
				}
				// Nothing of it is in the thread's history.
				if history := get(t.Context(), handler, "/agent/default/connect?threadId=t"); strings.Contains(history.Body.String(), "RUN_") {
					t.Errorf("recorded %s", history.Body)
				}
			})
		}
	}
}

// A client that announces a large run and sends it slowly, or not at all, can't hold its
// connection for long.
func TestARunThatIsTooLargeAndNeverSentIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := pipetest.Listen()
		server := &http.Server{Handler: newRuntime(t, core.Config{MaxBodyBytes: 1000})}
		go server.Serve(listener)
		defer server.Close()
		for name, sent := range map[string]string{"nothing": "", "the ids alone": `{"threadId":"t","runId":"r",`} {
			connection := listener.Dial()
			began := time.Now()
			fmt.Fprintf(connection, "POST /agent/default/run HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: 100000\r\n\r\n%s", sent)
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil {
				t.Fatal(name, err)
			}
			body, _ := io.ReadAll(response.Body)
			if took := time.Since(began); took > 10*time.Second || !strings.Contains(string(body), "request_body_too_large") {
				t.Errorf("%s: answered after %v with %s", name, took, body)
			}
			connection.Close()
		}
	})
}

// One that waits to be told to send a large run isn't told so.
func TestARunThatIsTooLargeIsNotAskedFor(t *testing.T) {
	server := httptest.NewServer(newRuntime(t, core.Config{MaxBodyBytes: 1000}))
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "POST /agent/default/run HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n")
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil || !strings.Contains(line, "413") {
		t.Errorf("got %q, %v", line, err)
	}
}

// Who isn't let in isn't told what may be sent, and a refusal is neither a run of its user's
// nor out of the hooks' sight.
func TestARunThatIsTooLargeIsRefusedLikeAnyOther(t *testing.T) {
	var answered []string
	handler := newRuntime(t, core.Config{
		MaxBodyBytes: 1000,
		Limits:       core.Limits{RunsPerMinute: 1},
		Identify: func(r *http.Request) (access.User, error) {
			if r.Header.Get("Authorization") == "" {
				return access.User{}, &access.Error{Reason: errors.New("no token")}
			}
			return access.User{ID: "ann"}, nil
		},
		Hooks: core.Hooks{
			OnBeforeHandler: func(r *http.Request, _ core.Route) (*http.Request, error) {
				if r.Header.Get("X-Forbidden") != "" {
					return nil, &core.HTTPError{Status: http.StatusForbidden}
				}
				return r, nil
			},
			OnResponse: func(_ *http.Request, route core.Route, response *core.Response) error {
				answered = append(answered, fmt.Sprint(route.Name, " ", response.Status))
				return nil
			},
		},
	})
	large := `{"threadId":"t","runId":"r","x":"` + strings.Repeat("x", 2000)
	for _, test := range []struct {
		name, body string
		header     http.Header
		status     int
		explained  bool
	}{
		{"nobody's", large, http.Header{}, http.StatusUnauthorized, false},
		{"one that a hook refuses", large, http.Header{"Authorization": {"x"}, "X-Forbidden": {"x"}}, http.StatusForbidden, false},
		{"a user's", large, http.Header{"Authorization": {"x"}}, http.StatusOK, true},
		{"a user's, again", large, http.Header{"Authorization": {"x"}}, http.StatusOK, true},
		{"the first that counts", input, http.Header{"Authorization": {"x"}}, http.StatusOK, false},
		{"the second that does", input, http.Header{"Authorization": {"x"}}, http.StatusTooManyRequests, false},
	} {
		test.header.Set("Accept", "text/event-stream")
		got := request{method: "POST", path: "/agent/default/run", body: test.body, header: test.header}.to(handler)
		if got.Code != test.status || strings.Contains(got.Body.String(), "request_body_too_large") != test.explained {
			t.Errorf("%s: got %d %s", test.name, got.Code, got.Body)
		}
	}
	want := "[ 401 agent/run 403 agent/run 200 agent/run 200 agent/run 200 agent/run 429]"
	if got := fmt.Sprint(answered); got != want {
		t.Errorf("the hook has seen %s, want %s", got, want)
	}
}
