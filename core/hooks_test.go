package core_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
)

// traced returns hooks that write down what is called.
func traced(trace *[]string) core.Hooks {
	note := func(format string, args ...any) { *trace = append(*trace, fmt.Sprintf(format, args...)) }
	return core.Hooks{
		BeforeRequest: func(*http.Request) (*http.Request, error) { note("BeforeRequest"); return nil, nil },
		AfterRequest: func(_ *http.Request, answer core.Answer) error {
			note("AfterRequest %s %d", answer.Route.Name, answer.Status)
			return nil
		},
		OnRequest: func(*http.Request) (*http.Request, error) { note("OnRequest"); return nil, nil },
		OnBeforeHandler: func(_ *http.Request, route core.Route) (*http.Request, error) {
			note("OnBeforeHandler %s", route.Name)
			return nil, nil
		},
		OnResponse: func(_ *http.Request, route core.Route, response *core.Response) error {
			note("OnResponse %s %d", route.Name, response.Status)
			return nil
		},
		OnError: func(_ *http.Request, route core.Route, err error) error {
			note("OnError %s %v", route.Name, err)
			return nil
		},
	}
}

func TestHooksRunInTheReferencesOrder(t *testing.T) {
	for _, test := range []struct {
		name string
		request
		change func(*core.Config)
		want   string
	}{
		{"for an answer", request{method: "GET", path: "/info"}, nil,
			"OnRequest, BeforeRequest, OnBeforeHandler info, OnResponse info 200, AfterRequest info 200"},
		{"for an endpoint's refusal", request{method: "POST", path: "/agent/nope/stop/t"}, nil,
			"OnRequest, BeforeRequest, OnBeforeHandler agent/stop, OnResponse agent/stop 404, AfterRequest agent/stop 404"},
		{"for an unknown path", request{method: "GET", path: "/nope"}, nil,
			"OnRequest, BeforeRequest, OnResponse  404"},
		{"for a wrong method", request{method: "PUT", path: "/info"}, nil,
			"OnRequest, BeforeRequest, OnResponse info 405"},
		{"for a hidden route", request{method: "GET", path: "/memories"}, nil,
			"OnRequest, BeforeRequest, OnResponse memories/list 404"},
		{"when OnRequest answers", request{method: "GET", path: "/info"}, func(config *core.Config) {
			config.Hooks.OnRequest = func(*http.Request) (*http.Request, error) { return nil, &core.HTTPError{Status: 401} }
		}, "OnResponse  401"},
		{"when OnRequest fails", request{method: "GET", path: "/info"}, func(config *core.Config) {
			config.Hooks.OnRequest = func(*http.Request) (*http.Request, error) { return nil, errors.New("boom") }
		}, "OnError  boom"},
		{"when BeforeRequest answers", request{method: "GET", path: "/info"}, func(config *core.Config) {
			config.Hooks.BeforeRequest = func(*http.Request) (*http.Request, error) { return nil, &core.HTTPError{Status: 401} }
		}, "OnRequest"},
		{"when BeforeRequest fails", request{method: "GET", path: "/info"}, func(config *core.Config) {
			config.Hooks.BeforeRequest = func(*http.Request) (*http.Request, error) { return nil, errors.New("boom") }
		}, "OnRequest, OnError  boom"},
		{"when OnBeforeHandler panics", request{method: "GET", path: "/info"}, func(config *core.Config) {
			config.Hooks.OnBeforeHandler = func(*http.Request, core.Route) (*http.Request, error) { panic("boom") }
		}, "OnRequest, BeforeRequest, OnError info panic: boom"},
		{"when OnResponse fails", request{method: "GET", path: "/info"}, func(config *core.Config) {
			config.Hooks.OnResponse = func(*http.Request, core.Route, *core.Response) error { return errors.New("boom") }
		}, "OnRequest, BeforeRequest, OnBeforeHandler info, OnError info boom"},
		{"when AgentsFor fails", request{method: "POST", path: "/agent/default/run", body: input}, func(config *core.Config) {
			config.AgentsFor = func(*http.Request) (map[string]agent.Agent, error) { return nil, errors.New("boom") }
		}, "OnRequest, BeforeRequest, OnBeforeHandler agent/run, OnError agent/run Failed to run agent: boom"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var trace []string
			config := core.Config{BasePath: base, Hooks: traced(&trace)}
			if test.change != nil {
				test.change(&config)
			}
			handler := newRuntime(t, config)
			test.request.path = base + test.request.path
			test.request.to(handler)
			if got := strings.Join(trace, ", "); got != test.want {
				t.Errorf("called\n  %s\nwant\n  %s", got, test.want)
			}
		})
	}
}

func TestHooksAnswerEarly(t *testing.T) {
	type object struct {
		Error string `json:"error"`
	}
	for _, test := range []struct {
		name string
		err  *core.HTTPError
		want answer
	}{
		{"with text", &core.HTTPError{Status: 401, Body: "Unauthorized"}, answer{401, "Unauthorized", map[string]string{"Content-Type": "text/plain;charset=UTF-8"}}},
		{"with JSON", &core.HTTPError{Status: 403, Body: object{"<no>"}}, answer{403, `{"error":"<no>"}`, map[string]string{"Content-Type": "application/json"}}},
		{"with bytes of their own type", &core.HTTPError{Status: 418, Body: []byte("<p>"), Header: http.Header{"Content-Type": {"text/html"}}}, answer{418, "<p>", map[string]string{"Content-Type": "text/html"}}},
		{"with headers alone", &core.HTTPError{Status: 303, Header: http.Header{"Location": {"/login"}}}, answer{303, "", map[string]string{"Location": "/login", "Content-Type": ""}}},
		{"without a status", &core.HTTPError{}, answer{500, "", nil}},
		{"with what JSON can't say", &core.HTTPError{Status: 401, Body: func() {}}, answer{500, `{"error":"internal_error"}`, nil}},
		{"with a status that is none", &core.HTTPError{Status: 42}, answer{500, `{"error":"internal_error"}`, nil}},
	} {
		for name, set := range map[string]func(*core.Config, error){
			"OnRequest": func(config *core.Config, err error) {
				config.Hooks.OnRequest = func(*http.Request) (*http.Request, error) { return nil, err }
			},
			"BeforeRequest": func(config *core.Config, err error) {
				config.Hooks.BeforeRequest = func(*http.Request) (*http.Request, error) { return nil, err }
			},
			"OnBeforeHandler": func(config *core.Config, err error) {
				config.Hooks.OnBeforeHandler = func(*http.Request, core.Route) (*http.Request, error) { return nil, err }
			},
			"OnResponse": func(config *core.Config, err error) {
				config.Hooks.OnResponse = func(*http.Request, core.Route, *core.Response) error { return err }
			},
			"AgentsFor": func(config *core.Config, err error) {
				config.AgentsFor = func(*http.Request) (map[string]agent.Agent, error) { return nil, err }
			},
		} {
			t.Run(name+" "+test.name, func(t *testing.T) {
				config := core.Config{Agents: agents(greeter), BasePath: base, CORS: &core.CORS{}}
				// What wraps the answer doesn't hide it.
				set(&config, fmt.Errorf("check the token: %w", test.err))
				handler := newRuntime(t, config)
				want := test.want
				want.header = mergeWant(want.header, "Access-Control-Allow-Origin", "*")
				checkAnswer(t, handler, request{method: "GET", path: base + "/info"}, want)
			})
		}
	}
}

func TestInternalErrorsStayInside(t *testing.T) {
	secret := errors.New("sk-secret at 10.0.0.1")
	for _, test := range []struct {
		name         string
		hooks        core.Hooks
		agentsFor    func(*http.Request) (map[string]agent.Agent, error)
		path         string
		want, detail string
	}{
		{"a hook's error", core.Hooks{OnRequest: func(*http.Request) (*http.Request, error) { return nil, secret }}, nil, "/info",
			`{"error":"internal_error"}`, `{"error":"internal_error","message":"sk-secret at 10.0.0.1"}`},
		{"a hook's panic", core.Hooks{OnRequest: func(*http.Request) (*http.Request, error) { panic(secret) }}, nil, "/info",
			`{"error":"internal_error"}`, `{"error":"internal_error","message":"panic: sk-secret at 10.0.0.1"}`},
		{"a panic in OnError", core.Hooks{
			OnRequest: func(*http.Request) (*http.Request, error) { return nil, secret },
			OnError:   func(*http.Request, core.Route, error) error { panic("again") },
		}, nil, "/info", `{"error":"internal_error"}`, `{"error":"internal_error","message":"sk-secret at 10.0.0.1"}`},
		{"info's agents", core.Hooks{}, func(*http.Request) (map[string]agent.Agent, error) { return nil, secret }, "/info",
			`{"error":"Failed to retrieve runtime information","message":"Internal error"}`,
			`{"error":"Failed to retrieve runtime information","message":"sk-secret at 10.0.0.1"}`},
		{"a panic in AgentsFor", core.Hooks{}, func(*http.Request) (map[string]agent.Agent, error) { panic(secret) }, "/info",
			`{"error":"internal_error"}`, `{"error":"internal_error","message":"panic: sk-secret at 10.0.0.1"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, development := range []bool{false, true} {
				var log bytes.Buffer
				handler := newRuntime(t, core.Config{
					AgentsFor: test.agentsFor, BasePath: base, Hooks: test.hooks,
					Development: development, Logger: slog.New(slog.NewTextHandler(&log, nil)),
				})
				want := test.want
				if development {
					want = test.detail
				}
				checkAnswer(t, handler, request{method: "GET", path: base + test.path}, answer{500, want, nil})
				if !strings.Contains(log.String(), "sk-secret") {
					t.Errorf("the log doesn't have the detail:\n%s", &log)
				}
			}
		})
	}
}

func TestOnErrorMayAnswer(t *testing.T) {
	handler := newRuntime(t, core.Config{BasePath: base, Hooks: core.Hooks{
		OnRequest: func(*http.Request) (*http.Request, error) { return nil, errors.New("boom") },
		OnError: func(_ *http.Request, _ core.Route, err error) error {
			return &core.HTTPError{Status: 502, Body: "sorry", Err: err}
		},
	}})
	checkAnswer(t, handler, request{method: "GET", path: base + "/info"}, answer{502, "sorry", nil})
}

func TestHooksChangeRequestAndResponse(t *testing.T) {
	handler := newRuntime(t, core.Config{BasePath: base, Hooks: core.Hooks{
		OnRequest: func(r *http.Request) (*http.Request, error) {
			r = r.Clone(r.Context())
			r.URL.Path = base + "/threads/zz/state"
			return r, nil
		},
		OnResponse: func(_ *http.Request, _ core.Route, response *core.Response) error {
			response.Status = http.StatusAccepted
			response.Header.Set("X-Copilot-Version", "2.0")
			response.Header.Add("Set-Cookie", "a=1")
			return nil
		},
	}})
	checkAnswer(t, handler, request{method: "GET", path: base + "/info"}, answer{202, `{"state":null}`, map[string]string{
		"X-Copilot-Version": "2.0", "Set-Cookie": "a=1", "Content-Type": "application/json"}})
}

func TestAPanicThatAbortsTheConnectionPassesThrough(t *testing.T) {
	handler := newRuntime(t, core.Config{Hooks: core.Hooks{
		OnRequest: func(*http.Request) (*http.Request, error) { panic(http.ErrAbortHandler) },
	}})
	defer func() {
		if value := recover(); value != http.ErrAbortHandler {
			t.Errorf("recovered %v", value)
		}
	}()
	request{method: "GET", path: "/info"}.to(handler)
}

func TestAfterRequestCannotSpoilTheAnswer(t *testing.T) {
	for name, after := range map[string]func(*http.Request, core.Answer) error{
		"by an error": func(*http.Request, core.Answer) error { return errors.New("no database") },
		"by a panic":  func(*http.Request, core.Answer) error { panic("no database") },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			handler := newRuntime(t, core.Config{
				BasePath: base, Hooks: core.Hooks{AfterRequest: after}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			checkAnswer(t, handler, request{method: "GET", path: base + "/info"}, answer{200, infoBody, nil})
			if !strings.Contains(log.String(), "no database") {
				t.Errorf("the log doesn't tell:\n%s", &log)
			}
		})
	}
}
