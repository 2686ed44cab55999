package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestTheDeadlineIsTheOneThatVercelIsAskedFor(t *testing.T) {
	data, err := os.ReadFile("../../vercel.json")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Builds []struct {
			Source string `json:"src"`
			Config struct {
				Functions map[string]struct {
					MaxDuration int `json:"maxDuration"`
				} `json:"functions"`
			} `json:"config"`
		} `json:"builds"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	for _, build := range config.Builds {
		seconds := build.Config.Functions[build.Source].MaxDuration
		if got := time.Duration(seconds) * time.Second; got != maxDuration {
			t.Errorf("vercel.json gives %s %v, and the server reckons with %v", build.Source, got, maxDuration)
		}
	}
	if len(config.Builds) != 1 {
		t.Errorf("vercel.json has %d builds, want one", len(config.Builds))
	}
}

func TestARunIsClosedInGoodOrderBeforeTheDeadline(t *testing.T) {
	model := platformtest.NewModel(t, "never finished")
	held := model.Hold()
	defer held.Release()
	env := func() []string { return model.Env() }
	server := httptest.NewServer(bundle.WithDeadline(bundle.NewLazy(env), 4*time.Second))
	defer server.Close()
	d := &platformtest.Deployment{URL: server.URL, Log: &platformtest.Log{}}
	events := d.StartRun(t, "thread-1").Rest(t)
	if last := events[len(events)-1]; last.Type != "RUN_ERROR" || last.Code == "" {
		t.Errorf("the stream ends with %+v, want RUN_ERROR with a code", last)
	}
}

func TestShutdownEndsRunsInGoodOrder(t *testing.T) {
	model := platformtest.NewModel(t, "never finished")
	held := model.Hold()
	defer held.Release()
	address := "127.0.0.1:" + freeport.Take(t)
	ctx, signal := context.WithCancel(t.Context())
	defer signal()
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, model.Env, address) }()
	for {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
			break
		}
		runtime.Gosched()
	}
	d := &platformtest.Deployment{URL: "http://" + address, Log: &platformtest.Log{}}
	run := d.StartRun(t, "thread-1")
	run.Until(t, "TEXT_MESSAGE_CONTENT")
	signal()
	events := run.Rest(t)
	if last := events[len(events)-1]; last.Type != "RUN_ERROR" || last.Code != "SHUTDOWN" {
		t.Errorf("the stream ends with %+v", last)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve returned %v", err)
	}
}

func TestAnAnswerWaitsForTheProxyToFinishWithTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for body, wait := range map[string]time.Duration{"": 0, "{}": settleTime} {
			began := time.Now()
			handler := settled(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader(body)))
			if waited := time.Since(began); waited != wait {
				t.Errorf("the answer to the body %q waits for %v, want %v", body, waited, wait)
			}
		}
	})
}
