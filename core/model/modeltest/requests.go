package modeltest

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

func testRequests(t *testing.T, dialect Dialect) {
	answer := finished(model.FinishStop, text("Cold.")...)
	t.Run("have all parts", func(t *testing.T) {
		request := question()
		earlier := Result{Text: "I look.", Calls: []Call{{ID: "call-a", Name: "weather", Arguments: `{"city":"Bergen"}`}}}
		request.Messages = append(request.Messages, earlier.messages("9 degrees")...)
		request.Messages = append(request.Messages,
			agui.Message{ID: "d", Role: agui.RoleDeveloper, Content: agui.TextContent("Never say wet.")},
			agui.Message{ID: "u2", Role: agui.RoleUser, Content: agui.PartsContent(agui.InputContent{Type: "text", Text: "And tomorrow?"})})
		request.History = len(request.Messages)
		temperature, limit := 0.25, 321
		request.Settings.Temperature, request.Settings.MaxOutputTokens = &temperature, &limit
		before := clone(t, request)
		got, p := ask(t, dialect, request, nil, answer)
		if got.Err != nil {
			t.Fatal(got.Err)
		}
		body := p.requests()[0]
		for _, part := range []string{
			"You are terse.", "What is it like in Oslo?", "I look.", "Bergen", "9 degrees", "Never say wet.", "And tomorrow?",
			"The weather in a city", "The time in a city", "the city's name", "0.25", "321",
		} {
			if !strings.Contains(body, part) && !(dialect.WithoutTemperature && part == "0.25") {
				t.Errorf("%q is missing in %s", part, body)
			}
		}
		if after := clone(t, request); !reflect.DeepEqual(before, after) {
			t.Errorf("the request was changed to %s", after)
		}
	})
	t.Run("have names of tools that the provider takes", func(t *testing.T) {
		const theirs, ours = "files_read", "files/read"
		request := question()
		request.Tools[0].Name = ours
		earlier := Result{Calls: []Call{{ID: "call-a", Name: ours, Arguments: `{"city":"Bergen"}`}}}
		request.Messages = append(request.Messages, earlier.messages("9 degrees")...)
		got, p := ask(t, dialect, request, nil, finished(model.FinishToolCalls, model.Delta{Kind: model.KindToolCall, ID: "call-b", Name: theirs}))
		if body := p.requests()[0]; strings.Contains(body, ours) || strings.Count(body, theirs) < 2 {
			t.Errorf("sent %s", body)
		}
		if len(got.Calls) != 1 || got.Calls[0].Name != ours {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("are safe to make at once", func(t *testing.T) {
		p := newProvider(t, dialect, nil, answer)
		m := dialect.New(t, p.URL, key)
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				if got := Ask(t.Context(), t, m, question()); got.Text != "Cold." {
					t.Errorf("got %+v", got)
				}
			})
		}
		running.Wait()
	})
	t.Run("are made again when the provider is busy", func(t *testing.T) {
		for _, status := range []int{429, 500, 503} {
			request := question()
			request.Settings.MaxRetries = pointer(1)
			got, p := ask(t, dialect, request, nil, Answer{Status: status, Message: "busy"}, answer)
			bodies := p.requests()
			if got.Text != "Cold." || len(bodies) != 2 || bodies[0] != bodies[1] {
				t.Errorf("after %d: got %+v with %d requests", status, got, len(bodies))
			}
		}
	})
	t.Run("are not made again without retries, or after a fault of their own", func(t *testing.T) {
		for status, retries := range map[int]int{503: 0, 400: 3, 401: 3} {
			request := question()
			request.Settings.MaxRetries = &retries
			got, p := ask(t, dialect, request, nil, Answer{Status: status, Message: "no"}, answer)
			if got.Err == nil || len(p.requests()) != 1 {
				t.Errorf("after %d: got %+v with %d requests", status, got, len(p.requests()))
			}
		}
	})
}

// clone returns a request's JSON.
func clone(t *testing.T, request *model.Request) string {
	t.Helper()
	encoded, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func pointer[T any](value T) *T { return &value }
