package fallback_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/fallback"
)

// scripted is a model that answers with a text, or fails, and counts how often it is
// asked.
type scripted struct {
	name  string
	mu    sync.Mutex
	fails error
	// after is how many deltas come before the failure.
	after int
	hangs bool
	asked int
	// retries are the settings of the requests.
	retries []*int
}

func (s *scripted) Stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		s.mu.Lock()
		s.asked++
		s.retries = append(s.retries, request.Settings.MaxRetries)
		fails, after, hangs := s.fails, s.after, s.hangs
		s.mu.Unlock()
		if hangs {
			<-ctx.Done()
			yield(model.Delta{}, ctx.Err())
			return
		}
		for range after {
			if !yield(model.Delta{Kind: model.KindText, Text: s.name}, nil) {
				return
			}
		}
		if fails != nil {
			yield(model.Delta{}, fails)
			return
		}
		if yield(model.Delta{Kind: model.KindText, Text: s.name}, nil) {
			yield(model.Delta{Kind: model.KindFinish, Finish: &model.Finish{Reason: model.FinishStop}}, nil)
		}
	}
}

func (s *scripted) set(fails error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = fails
}

func failing(code model.Code) error { return model.NewError(code, errors.New("cause")) }

// ask returns the text of an answer and the error that it ended with.
func ask(t testing.TB, m model.Model, request *model.Request) (text string, failure error) {
	t.Helper()
	for delta, err := range m.Stream(t.Context(), request) {
		text, failure = text+delta.Text, err
	}
	return text, failure
}

func newModel(t testing.TB, logs *bytes.Buffer, models ...*scripted) *fallback.Model {
	t.Helper()
	config := fallback.Config{Logger: slog.New(slog.DiscardHandler)}
	if logs != nil {
		config.Logger = slog.New(slog.NewTextHandler(logs, nil))
	}
	for _, m := range models {
		config.Candidates = append(config.Candidates, fallback.Candidate{Name: "test/" + m.name, Model: m})
	}
	m, err := fallback.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheNextModelAnswersWhenOneCannot(t *testing.T) {
	for name, test := range map[string]struct {
		fails error
		after int
		text  string
		code  model.Code // "" for an answer
	}{
		"it answers":                   {nil, 0, "a", ""},
		"it is down":                   {failing(model.CodeProviderUnavailable), 0, "b", ""},
		"it is overloaded":             {failing(model.CodeRateLimited), 0, "b", ""},
		"its quota is used up":         {failing(model.CodeQuotaExceeded), 0, "b", ""},
		"its key is wrong":             {failing(model.CodeAuthFailed), 0, "b", ""},
		"it doesn't exist":             {failing(model.CodeModelNotFound), 0, "b", ""},
		"it is too slow":               {failing(model.CodeTimeout), 0, "b", ""},
		"the conversation is too long": {failing(model.CodeContextLength), 0, "b", ""},
		"the request is too large":     {failing(model.CodeRequestTooLarge), 0, "b", ""},
		"it fails in its own way":      {errors.New("broken"), 0, "b", ""},
		"it declines":                  {failing(model.CodeContentFiltered), 0, "", model.CodeContentFiltered},
		"the request is wrong":         {failing(model.CodeInvalidRequest), 0, "", model.CodeInvalidRequest},
		"a tool is wrong":              {failing(model.CodeInvalidTool), 0, "", model.CodeInvalidTool},
		"it can't take an attachment":  {failing(model.CodeUnsupportedContent), 0, "", model.CodeUnsupportedContent},
		"it breaks off in its answer":  {failing(model.CodeProviderUnavailable), 1, "a", model.CodeProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := &scripted{name: "a", fails: test.fails, after: test.after}, &scripted{name: "b"}
			text, err := ask(t, newModel(t, nil, first, second), &model.Request{})
			failed := (*model.Error)(nil)
			if errors.As(err, &failed) != (test.code != "") || test.code != "" && failed.Code != test.code || text != test.text {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
}

func TestTheLogSaysWhyAnotherModelAnswers(t *testing.T) {
	var logs bytes.Buffer
	m := newModel(t, &logs, &scripted{name: "a", fails: failing(model.CodeQuotaExceeded)}, &scripted{name: "b"})
	if _, err := ask(t, m, &model.Request{}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"model=test/a", "next=test/b", "quota", "cause"} {
		if !strings.Contains(logs.String(), part) {
			t.Errorf("the log has no %s: %s", part, &logs)
		}
	}
}

func TestTheErrorIsTheLastOne(t *testing.T) {
	m := newModel(t, nil, &scripted{name: "a", fails: failing(model.CodeQuotaExceeded)}, &scripted{name: "b", fails: failing(model.CodeAuthFailed)})
	if _, err := ask(t, m, &model.Request{}); !strings.Contains(err.Error(), "credentials") {
		t.Errorf("got %v", err)
	}
}

func TestOnlyTheLastModelIsAskedAgainByDefault(t *testing.T) {
	first, second := &scripted{name: "a", fails: failing(model.CodeRateLimited)}, &scripted{name: "b"}
	m := newModel(t, nil, first, second)
	request := &model.Request{}
	if _, err := ask(t, m, request); err != nil {
		t.Fatal(err)
	}
	if first.retries[0] == nil || *first.retries[0] != 0 || second.retries[0] != nil || request.Settings.MaxRetries != nil {
		t.Errorf("the retries were %v and %v", first.retries, second.retries)
	}
	three := 3
	first, second = &scripted{name: "a", fails: failing(model.CodeRateLimited)}, &scripted{name: "b"}
	if _, err := ask(t, newModel(t, nil, first, second), &model.Request{Settings: model.Settings{MaxRetries: &three}}); err != nil {
		t.Fatal(err)
	}
	if *first.retries[0] != 3 {
		t.Errorf("the setting was changed to %d", *first.retries[0])
	}
}

func TestAModelThatHasFailedRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &scripted{name: "a", fails: failing(model.CodeProviderUnavailable)}, &scripted{name: "b"}
		m := newModel(t, nil, first, second)
		expect := func(when, text string, asked int) {
			t.Helper()
			if got, err := ask(t, m, &model.Request{}); err != nil || got != text || first.asked != asked {
				t.Errorf("%s: got %q, %v and asked %d times, want %q and %d", when, got, err, first.asked, text, asked)
			}
		}
		expect("at first", "b", 1)
		expect("while it rests", "b", 1)
		second.set(failing(model.CodeProviderUnavailable))
		first.set(nil)
		expect("when no other can", "a", 2)
		second.set(nil)
		first.set(failing(model.CodeContextLength))
		expect("for a conversation too long for it", "b", 3)
		expect("which isn't its fault", "b", 4)
		first.set(failing(model.CodeRateLimited))
		expect("it fails again", "b", 5)
		time.Sleep(30 * time.Second)
		expect("after its rest", "b", 6)
		expect("and again", "b", 6)
		time.Sleep(30 * time.Second)
		first.set(nil)
		expect("it is back", "a", 7)
		expect("and stays", "a", 8)
	})
}

func TestOneRunFindsOutWhetherAModelIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &scripted{name: "a", hangs: true}, &scripted{name: "b"}
		m, err := fallback.New(fallback.Config{Logger: slog.New(slog.DiscardHandler), Candidates: []fallback.Candidate{
			{Name: "a", Model: model.WithTimeouts(first, model.Timeouts{FirstToken: 10 * time.Second})}, {Name: "b", Model: second},
		}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if text, err := ask(t, m, &model.Request{}); text != "b" || err != nil || time.Since(began) != 10*time.Second {
			t.Fatalf("got %q, %v after %v", text, err, time.Since(began))
		}
		time.Sleep(time.Minute)
		var running sync.WaitGroup
		times := make([]time.Duration, 100)
		for i := range times {
			running.Go(func() {
				began := time.Now()
				if text, err := ask(t, m, &model.Request{}); text != "b" || err != nil {
					t.Errorf("got %q, %v", text, err)
				}
				times[i] = time.Since(began)
			})
		}
		running.Wait()
		slices.Sort(times)
		if times[98] != 0 || times[99] != 10*time.Second || first.asked != 2 {
			t.Errorf("the runs took %v to %v", times[0], times[99])
		}
	})
}

func TestAStoppedRunAsksNoOtherModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &scripted{name: "a", hangs: true}, &scripted{name: "b"}
		m := newModel(t, nil, first, second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var failure error
		for _, err := range m.Stream(ctx, &model.Request{}) {
			failure = err
		}
		if !errors.Is(failure, context.DeadlineExceeded) || second.asked != 0 {
			t.Errorf("ended with %v", failure)
		}
		// It didn't fail, so it needs no rest.
		first.mu.Lock()
		first.hangs = false
		first.mu.Unlock()
		if text, _ := ask(t, m, &model.Request{}); text != "a" {
			t.Errorf("%s answered", text)
		}
	})
}

func TestALoopCanEndAtAnyTime(t *testing.T) {
	first, second := &scripted{name: "a", fails: failing(model.CodeRateLimited)}, &scripted{name: "b"}
	m := newModel(t, nil, first, second)
	for delta := range m.Stream(t.Context(), &model.Request{}) {
		if delta.Text != "b" {
			t.Errorf("got %+v", delta)
		}
		break
	}
}

func TestConfigurationsThatCannotWorkAreErrors(t *testing.T) {
	for name, config := range map[string]fallback.Config{"no candidates": {}, "no model": {Candidates: []fallback.Candidate{{Name: "a"}}}} {
		if _, err := fallback.New(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
