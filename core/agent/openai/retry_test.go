package openai_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/openai"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// busy answers with the given responses in turn, and then with a stream.
func busy(answers ...*http.Response) *doer {
	d := &doer{}
	d.answer = func(*http.Request) *http.Response {
		if d.count <= len(answers) {
			return answers[d.count-1]
		}
		return stream(`{"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}`)
	}
	return d
}

func refusal(status int, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(`{"error":{"message":"busy","type":"x"}}`))}
}

func TestABusyProviderIsAskedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		answers    []*http.Response
		maxRetries *int
		calls      int
		least      time.Duration // of waiting
		most       time.Duration
		code       string // of the error, empty for none
	}{
		"after 2 s and then 4 s":         {[]*http.Response{refusal(503), refusal(500)}, nil, 3, 6 * time.Second, 7500 * time.Millisecond, ""},
		"as soon as it says":             {[]*http.Response{refusal(429, "Retry-After", "1")}, nil, 2, time.Second, time.Second, ""},
		"to the millisecond":             {[]*http.Response{refusal(429, "Retry-After-Ms", "250", "Retry-After", "9")}, nil, 2, 250 * time.Millisecond, 250 * time.Millisecond, ""},
		"not as late as it says":         {[]*http.Response{refusal(429, "Retry-After", "3600")}, nil, 2, 2 * time.Second, 2500 * time.Millisecond, ""},
		"twice by default":               {[]*http.Response{refusal(429), refusal(429), refusal(429)}, nil, 3, 6 * time.Second, 7500 * time.Millisecond, "rate_limited"},
		"for hours, if it is set so":     {slices.Repeat([]*http.Response{refusal(503)}, 70), pointer(80), 71, 65 * time.Minute, 85 * time.Minute, ""},
		"never, if it is set so":         {[]*http.Response{refusal(429)}, pointer(0), 1, 0, 0, "rate_limited"},
		"not after a fault of one's own": {[]*http.Response{refusal(400)}, nil, 1, 0, 0, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := busy(test.answers...)
				a, err := openai.New(openai.Config{Model: "openai/m", APIKey: "k", Env: noEnvironment, HTTPClient: d, Settings: openai.Settings{MaxRetries: test.maxRetries}})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				_, err = collect(a.Run(t.Context(), saying("Hi")))
				var told *agent.Error
				if errors.As(err, &told) != (test.code != "") || (told != nil && told.Code != test.code) {
					t.Errorf("the run ended with %v", err)
				}
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("waited for %v, want %v to %v", took, test.least, test.most)
				}
				if d.count != test.calls {
					t.Errorf("called %d times, want %d", d.count, test.calls)
				}
				if d.body["model"] != "m" {
					t.Errorf("the last call had the body %v", d.body)
				}
			})
		})
	}
}

func TestAStoppedRunDoesNotWaitForTheNextTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := busy(refusal(503))
		a, err := openai.New(openai.Config{Model: "openai/m", APIKey: "k", Env: noEnvironment, HTTPClient: d})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		if _, err := collect(a.Run(ctx, saying("Hi"))); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second || d.count != 1 {
			t.Errorf("ended after %v and %d calls with %v", time.Since(began), d.count, err)
		}
	})
}

func TestATryThatWouldComeAfterTheDeadlineIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := openai.New(openai.Config{Model: "openai/m", APIKey: "k", Env: noEnvironment, HTTPClient: busy(refusal(503))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err = collect(a.Run(ctx, saying("Hi")))
		var told *agent.Error
		if !errors.As(err, &told) || time.Since(began) != 0 {
			t.Errorf("ended after %v with %v", time.Since(began), err)
		}
	})
}

func TestAnAnswerThatHasBegunIsNotAskedForAgain(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Text: "Hel", Break: true}, scriptedmodel.Answer{Text: "Hello"})
	_, err := collect(p.agent(t, openai.Config{Settings: openai.Settings{MaxRetries: pointer(3)}}).Run(t.Context(), saying("Hi")))
	if err == nil || len(p.Requests()) != 1 {
		t.Errorf("%d requests, %v", len(p.Requests()), err)
	}
}

func TestARetryOverTheNetworkSendsTheSameBody(t *testing.T) {
	p := scripted(t,
		scriptedmodel.Answer{Status: 429, Header: map[string]string{"Retry-After-Ms": "1"}, Body: raw(`{"error":{"message":"busy"}}`)},
		scriptedmodel.Answer{Text: "ok"})
	events := run(t, p.agent(t, openai.Config{Settings: openai.Settings{MaxRetries: pointer(1)}}), saying("Hi"))
	requests := p.Requests()
	if text(events) != "ok" || len(requests) != 2 || string(requests[0].Body) != string(requests[1].Body) {
		t.Errorf("%d requests, said %q", len(requests), text(events))
	}
}
