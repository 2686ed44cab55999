package openai_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// busy answers with the given responses in turn, and then with a stream.
func busy(answers ...*http.Response) *network {
	n := &network{}
	n.answer = func(*http.Request) *http.Response {
		if n.count <= len(answers) {
			return answers[n.count-1]
		}
		return stream(`{"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}`)
	}
	return n
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
		code       model.Code // of the error, empty for none
	}{
		"after 2 s and then 4 s":              {[]*http.Response{refusal(503), refusal(500)}, nil, 3, 6 * time.Second, 7500 * time.Millisecond, ""},
		"as soon as it says":                  {[]*http.Response{refusal(429, "Retry-After", "1")}, nil, 2, time.Second, time.Second, ""},
		"to the millisecond":                  {[]*http.Response{refusal(429, "Retry-After-Ms", "250", "Retry-After", "9")}, nil, 2, 250 * time.Millisecond, 250 * time.Millisecond, ""},
		"not as late as it says":              {[]*http.Response{refusal(429, "Retry-After", "3600")}, nil, 2, 2 * time.Second, 2500 * time.Millisecond, ""},
		"twice by default":                    {[]*http.Response{refusal(429), refusal(429), refusal(429)}, nil, 3, 6 * time.Second, 7500 * time.Millisecond, "rate_limited"},
		"for hours, if it is set so":          {slices.Repeat([]*http.Response{refusal(503)}, 70), pointer(80), 71, 65 * time.Minute, 85 * time.Minute, ""},
		"not as late as a number without end": {[]*http.Response{refusal(429, "Retry-After", "1e10")}, nil, 2, 2 * time.Second, 2500 * time.Millisecond, ""},
		"not for ever":                        {[]*http.Response{refusal(429, "Retry-After", "Inf", "Retry-After-Ms", "NaN")}, nil, 2, 2 * time.Second, 2500 * time.Millisecond, ""},
		"never, if it is set so":              {[]*http.Response{refusal(429)}, pointer(0), 1, 0, 0, "rate_limited"},
		"not after a fault of one's own":      {[]*http.Response{refusal(400)}, nil, 1, 0, 0, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := busy(test.answers...)
				request := saying("Hi")
				request.Settings.MaxRetries = test.maxRetries
				began := time.Now()
				config := model.Config{Model: "openai/m", APIKey: "k", HTTPClient: n.client(), HeaderTimeout: -1}
				_, err := ask(t, newModel(t, config), request)
				if code(err) != test.code || (err != nil) != (test.code != "") {
					t.Errorf("the answer ended with %v", err)
				}
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("waited for %v, want %v to %v", took, test.least, test.most)
				}
				if n.count != test.calls {
					t.Errorf("called %d times, want %d", n.count, test.calls)
				}
				if n.body["model"] != "m" {
					t.Errorf("the last call had the body %v", n.body)
				}
			})
		})
	}
}

func TestAnAnswerThatIsStoppedDoesNotWaitForTheNextTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := busy(refusal(503))
		m := newModel(t, model.Config{Model: "openai/m", APIKey: "k", HTTPClient: n.client()})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		var last error
		request := saying("Hi")
		request.Settings.MaxRetries = nil
		for _, err := range m.Stream(ctx, request) {
			last = err
		}
		if last == nil || time.Since(began) != time.Second || n.count != 1 {
			t.Errorf("ended after %v and %d calls with %v", time.Since(began), n.count, last)
		}
	})
}

func TestATryThatWouldComeAfterTheDeadlineIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(t, model.Config{Model: "openai/m", APIKey: "k", HTTPClient: busy(refusal(503)).client()})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		request := saying("Hi")
		request.Settings.MaxRetries = nil
		for _, err := range m.Stream(ctx, request) {
			if code(err) != model.CodeProviderUnavailable || time.Since(began) != 0 {
				t.Errorf("ended after %v with %v", time.Since(began), err)
			}
		}
	})
}

func TestAnAnswerThatHasBegunIsNotAskedForAgain(t *testing.T) {
	p := scripted(t, scriptedmodel.Answer{Text: "Hel", Break: true}, scriptedmodel.Answer{Text: "Hello"})
	request := saying("Hi")
	request.Settings.MaxRetries = pointer(3)
	if _, err := ask(t, p.model(t), request); err == nil || len(p.Requests()) != 1 {
		t.Errorf("%d requests, %v", len(p.Requests()), err)
	}
}

func TestARetryOverTheNetworkSendsTheSameBody(t *testing.T) {
	p := scripted(t,
		scriptedmodel.Answer{Status: 429, Header: map[string]string{"Retry-After-Ms": "1"}, Body: raw(`{"error":{"message":"busy"}}`)},
		scriptedmodel.Answer{Text: "ok"})
	request := saying("Hi")
	request.Settings.MaxRetries = pointer(1)
	said := mustAsk(t, p.model(t), request).text
	requests := p.Requests()
	if said != "ok" || len(requests) != 2 || string(requests[0].Body) != string(requests[1].Body) {
		t.Errorf("%d requests, said %q", len(requests), said)
	}
}
