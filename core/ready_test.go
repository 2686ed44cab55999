package core_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/intelligence"
)

// answering is a platform that is only asked for threads.
type answering struct {
	intelligence.Platform
	calls int
	err   error
}

func (p *answering) Thread(context.Context, string, string) (intelligence.Thread, error) {
	p.calls++
	return intelligence.Thread{}, p.err
}

func TestARuntimeIsReadyIfThePlatformAnswers(t *testing.T) {
	lost := errors.New("connection refused")
	steps := []struct {
		name  string
		after time.Duration
		err   error
		ready bool
		calls int
	}{
		{"the first time it is asked", 0, &intelligence.Error{Status: http.StatusNotFound}, true, 1},
		{"its answer counts for a while", 29 * time.Second, lost, true, 1},
		{"and no longer", 2 * time.Second, lost, false, 2},
		{"that it is away counts for less", 4 * time.Second, nil, false, 2},
		{"so that it is soon seen again", 2 * time.Second, nil, true, 3},
		{"a key that it doesn't take is as bad", time.Minute, &intelligence.Error{Status: http.StatusUnauthorized}, false, 4},
		{"and so is an error of its own", time.Minute, &intelligence.Error{Status: http.StatusBadGateway}, false, 5},
	}
	synctest.Test(t, func(t *testing.T) {
		platform := &answering{}
		rt := newRuntime(t, core.Config{
			Intelligence: &intelligence.Config{Platform: platform},
			Identify:     func(*http.Request) (access.User, error) { return access.User{ID: "ada"}, nil },
		})
		if platform.calls != 0 {
			t.Error("a runtime asks its platform before anybody asks it")
		}
		for _, step := range steps {
			time.Sleep(step.after)
			platform.err = step.err
			if err := rt.Ready(t.Context()); (err == nil) != step.ready || platform.calls != step.calls {
				t.Errorf("%s: %v after %d calls", step.name, err, platform.calls)
			}
		}
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
		if err := rt.Ready(t.Context()); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("a closed runtime says %v", err)
		}
	})
}
