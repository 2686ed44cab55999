package bundle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

const projectKey = "cpk-42_a-key-that-nobody-may-see"

func TestWhatGoesWithIntelligence(t *testing.T) {
	const session = "COPILOTKIT_AUTH=session COPILOTKIT_SESSION_KEY=0123456789abcdef0123456789abcdef"
	const development = "COPILOTKIT_ENV=development COPILOTKIT_AUTH=none COPILOTKIT_INTELLIGENCE_USER=dev"
	const key = "CPK_INTELLIGENCE_API_KEY=" + projectKey
	for name, test := range map[string]struct {
		env      string
		variable string // that the error is about, "" for no error
		says     string
	}{
		"users in production":                          {key + " " + session, "", ""},
		"one user in development":                      {key + " " + development, "", ""},
		"users in development":                         {key + " COPILOTKIT_ENV=development " + session, "", ""},
		"Cloud Run that goes on":                       {key + " K_SERVICE=x COPILOTKIT_INTELLIGENCE_BACKGROUND=on " + session, "", ""},
		"the default store by name":                    {key + " COPILOTKIT_STORE=memory " + session, "", ""},
		"a store":                                      {key + " COPILOTKIT_STORE=redis://127.0.0.1 " + session, "COPILOTKIT_STORE", "exclude each other"},
		"runs that end with their client":              {key + " COPILOTKIT_ON_DISCONNECT=cancel " + session, "COPILOTKIT_ON_DISCONNECT", "has no effect"},
		"callers that follow no gateway":               {key + " COPILOTKIT_AGENTCORE=on " + session, "COPILOTKIT_AGENTCORE", "in the answer"},
		"runs that supersede":                          {key + " COPILOTKIT_ON_CONCURRENT_RUN=supersede " + session, "COPILOTKIT_ON_CONCURRENT_RUN", "refuses the second run"},
		"nobody in production":                         {key + " COPILOTKIT_AUTH=none", "COPILOTKIT_AUTH", "none doesn't go with"},
		"nobody in development":                        {key + " COPILOTKIT_ENV=development COPILOTKIT_AUTH=none", "COPILOTKIT_INTELLIGENCE_USER", "whose threads all are"},
		"users and one user":                           {key + " COPILOTKIT_INTELLIGENCE_USER=dev " + session, "COPILOTKIT_INTELLIGENCE_USER", "users come from session"},
		"Vercel":                                       {key + " VERCEL=1 " + session, "CPK_INTELLIGENCE_API_KEY", "freezes instances"},
		"Cloud Run":                                    {key + " K_SERVICE=x " + session, "COPILOTKIT_INTELLIGENCE_BACKGROUND", "--no-cpu-throttling"},
		"Cloud Run that says no":                       {key + " K_SERVICE=x COPILOTKIT_INTELLIGENCE_BACKGROUND=off " + session, "COPILOTKIT_INTELLIGENCE_BACKGROUND", "--no-cpu-throttling"},
		"an address without a key":                     {"COPILOTKIT_INTELLIGENCE_API_URL=https://platform.example " + session, "COPILOTKIT_INTELLIGENCE_API_URL", "CPK_INTELLIGENCE_API_KEY only"},
		"a user without a key":                         {"COPILOTKIT_INTELLIGENCE_USER=dev " + session, "COPILOTKIT_INTELLIGENCE_USER", "CPK_INTELLIGENCE_API_KEY only"},
		"memories without a key":                       {"COPILOTKIT_INTELLIGENCE_MEMORY=read " + session, "COPILOTKIT_INTELLIGENCE_MEMORY", "CPK_INTELLIGENCE_API_KEY only"},
		"a lock without a key":                         {"COPILOTKIT_INTELLIGENCE_LOCK_SECONDS=9 " + session, "COPILOTKIT_INTELLIGENCE_LOCK_SECONDS", "CPK_INTELLIGENCE_API_KEY only"},
		"a scope that nobody knows":                    {key + " COPILOTKIT_INTELLIGENCE_MEMORY=all " + session, "COPILOTKIT_INTELLIGENCE_MEMORY", `"all" is none of off, read, read-write`},
		"memories of somebody else":                    {key + " COPILOTKIT_INTELLIGENCE_MEMORY=team=read " + session, "COPILOTKIT_INTELLIGENCE_MEMORY", "neither user nor project"},
		"a container that isn't one":                   {key + " COPILOTKIT_INTELLIGENCE_CONTAINER=A_B " + session, "COPILOTKIT_INTELLIGENCE_CONTAINER", "lower-case"},
		"a time that isn't one":                        {key + " COPILOTKIT_INTELLIGENCE_LOCK_SECONDS=soon " + session, "COPILOTKIT_INTELLIGENCE_LOCK_SECONDS", ""},
		"a background that is neither":                 {key + " COPILOTKIT_INTELLIGENCE_BACKGROUND=yes " + session, "COPILOTKIT_INTELLIGENCE_BACKGROUND", ""},
		"a prefix with a character that can't be seen": {key + " COPILOTKIT_INTELLIGENCE_LOCK_KEY_PREFIX=a\x01b " + session, "COPILOTKIT_INTELLIGENCE_LOCK_KEY_PREFIX", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.Read(func() []string { return strings.Split(test.env, " ") }, nil)
			if test.variable == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			var wrong *bundle.EnvError
			if !errors.As(err, &wrong) || wrong.Name != test.variable || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error is %v", err)
			}
			if strings.Contains(err.Error(), projectKey) {
				t.Errorf("the error has the key: %v", err)
			}
		})
	}
}

func TestTheVariablesOfIntelligenceAreTakenOver(t *testing.T) {
	settings, err := bundle.Read(env(
		"CPK_INTELLIGENCE_API_KEY="+projectKey, "COPILOTKIT_ENV=development", "COPILOTKIT_INTELLIGENCE_USER=dev",
		"COPILOTKIT_INTELLIGENCE_API_URL=https://api.example", "COPILOTKIT_INTELLIGENCE_WS_URL=wss://ws.example",
		"COPILOTKIT_INTELLIGENCE_MEMORY=user=read-write,project=read", "COPILOTKIT_INTELLIGENCE_CONTAINER=a-container",
		"COPILOTKIT_INTELLIGENCE_BACKGROUND=on", "COPILOTKIT_INTELLIGENCE_LOCK_SECONDS=40", "COPILOTKIT_INTELLIGENCE_LOCK_HEARTBEAT_SECONDS=10",
		"COPILOTKIT_INTELLIGENCE_LOCK_KEY_PREFIX=mine", "COPILOTKIT_INTELLIGENCE_RECONNECT_SECONDS=5", "COPILOTKIT_INTELLIGENCE_REJOIN_SECONDS=6",
	), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := settings.Intelligence
	if got.Memory == nil || *got.Memory != (intelligence.Grant{User: intelligence.ReadWrite, Project: intelligence.Read}) {
		t.Errorf("memories: %+v", got.Memory)
	}
	got.Memory = nil
	if want := (bundle.IntelligenceSettings{
		Key: projectKey, APIURL: "https://api.example", WSURL: "wss://ws.example", User: "dev", Container: "a-container", Background: true,
		LockTTL: 40 * time.Second, LockHeartbeat: 10 * time.Second, LockKeyPrefix: "mine", ReconnectMax: 5 * time.Second, RejoinMax: 6 * time.Second,
	}); got != want {
		t.Errorf("got %+v", got)
	}
	for how, text := range map[string]string{
		"printed": fmt.Sprintf("%v %+v %#v %s", settings, settings.Intelligence, settings.Intelligence, settings.Intelligence.Key),
		"logged":  logged(settings),
		"encoded": encoded(t, settings.Intelligence),
	} {
		if strings.Contains(text, projectKey) {
			t.Errorf("%s, the settings show the key", how)
		}
	}
}

func logged(settings *bundle.Settings) string {
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("settings", "all", settings, "intelligence", settings.Intelligence, "key", settings.Intelligence.Key)
	return log.String()
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestMemoriesAreGrantedByVariable(t *testing.T) {
	for value, want := range map[string]*intelligence.Grant{
		"off":                      nil,
		"read":                     {User: intelligence.Read, Project: intelligence.Read},
		"read-write":               {User: intelligence.ReadWrite, Project: intelligence.ReadWrite},
		"user=read":                {User: intelligence.Read},
		"project=read-write":       {Project: intelligence.ReadWrite},
		"user=none,project=read":   {User: intelligence.None, Project: intelligence.Read},
		"user=read, project=read ": {User: intelligence.Read, Project: intelligence.Read},
	} {
		settings, err := bundle.Read(env("CPK_INTELLIGENCE_API_KEY="+projectKey, "COPILOTKIT_ENV=development", "COPILOTKIT_INTELLIGENCE_USER=dev", "COPILOTKIT_INTELLIGENCE_MEMORY="+value), nil)
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		got := settings.Intelligence.Memory
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%s grants %+v, want %+v", value, got, want)
		}
	}
}

func TestIntelligenceByEnvironment(t *testing.T) {
	platform := intelligencetest.NewWith(t, intelligencetest.Options{Key: projectKey})
	var log bytes.Buffer
	runtime, err := bundle.New(context.Background(), env(
		"CPK_INTELLIGENCE_API_KEY="+projectKey, "COPILOTKIT_INTELLIGENCE_API_URL="+platform.URL, "COPILOTKIT_INTELLIGENCE_WS_URL="+platform.GatewayURL,
		"COPILOTKIT_ENV=development", "COPILOTKIT_INTELLIGENCE_USER=dev", "COPILOTKIT_MODEL=demo", "COPILOTKIT_INTELLIGENCE_CONTAINER=a-container",
	), bundle.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest("POST", "/api/copilotkit/agent/default/run", strings.NewReader(
		`{"threadId":"t1","runId":"r1","state":{},"messages":[{"id":"u1","role":"user","content":"hi"}],"tools":[],"context":[],"forwardedProps":{}}`))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	runtime.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"joinToken"`) {
		t.Errorf("the run is answered %d: %s", answer.Code, answer.Body)
	}
	if err := runtime.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if err := runtime.Close(); err != nil {
		t.Error(err)
	}
	if thread, _ := platform.Thread("t1"); thread.User != "dev" || thread.Container != "a-container" || !platform.Acked("r1") {
		t.Errorf("the platform has %+v, the run's end: %v", thread, platform.Acked("r1"))
	}
	if strings.Contains(log.String(), projectKey) {
		t.Error("the key was logged")
	}
}
