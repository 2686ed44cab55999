package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/test/platformtest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// ann and boss are what two users send; boss may read what all have used.
var (
	ann  = bearer("ann-token-of-sixteen-bytes-and-more")
	boss = bearer("boss-token-of-sixteen-bytes-and-more")
)

func bearer(token string) http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}}
}

// users are the variables of a deployment with these users.
func users(env []string, more ...string) []string {
	return append(append(env,
		"COPILOTKIT_AUTH=token", "COPILOTKIT_PUBLIC_THREADS=", "COPILOTKIT_AUTH_ADMINS=boss",
		"COPILOTKIT_AUTH_TOKENS=ann:ann-token-of-sixteen-bytes-and-more,boss:boss-token-of-sixteen-bytes-and-more"), more...)
}

// countingModel answers with a text, and says what it has used: 100 tokens in, 10 out.
func countingModel(t *testing.T) *platformtest.Model {
	return platformtest.NewScriptedModel(t, scriptedmodel.Answer{
		Text: answer, Usage: json.RawMessage(`{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110}`),
	})
}

type usage struct {
	User                                             string
	Runs, InputTokens, OutputTokens, EstimatedTokens int64
}

// spent returns what all users have spent, summed up by user.
func spent(t *testing.T, d *platformtest.Deployment) map[string]usage {
	t.Helper()
	var page struct{ Usage []usage }
	d.Do(t, "GET", platformtest.BasePath+"/usage?user=all", "", boss).JSON(t, http.StatusOK, &page)
	sums := make(map[string]usage)
	for _, day := range page.Usage {
		sum := sums[day.User]
		sum.User = day.User
		sum.Runs += day.Runs
		sum.InputTokens += day.InputTokens
		sum.OutputTokens += day.OutputTokens
		sum.EstimatedTokens += day.EstimatedTokens
		sums[day.User] = sum
	}
	return sums
}

// race sends n runs at once, to the instances in turn, and returns how many each let in.
// Those go on until the model's answers are released.
func race(t *testing.T, name string, n int, code string, instances ...*platformtest.Deployment) []int {
	t.Helper()
	in := make([]int, len(instances))
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			d := instances[i%len(instances)]
			request, err := http.NewRequestWithContext(t.Context(), "POST", d.URL+runPath,
				strings.NewReader(platformtest.RunInput(fmt.Sprint(name, " ", i), "hi")))
			if err != nil {
				t.Error(err)
				return
			}
			request.Header = ann
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = response.Body.Close() })
			switch response.StatusCode {
			case http.StatusOK:
				mu.Lock()
				defer mu.Unlock()
				in[i%len(instances)]++
			case http.StatusTooManyRequests:
				var body struct{ Code string }
				if err := json.NewDecoder(response.Body).Decode(&body); err != nil || body.Code != code || response.Header.Get("Retry-After") == "" {
					t.Errorf("refused with %q, %v, Retry-After %q", body.Code, err, response.Header.Get("Retry-After"))
				}
			default:
				t.Errorf("answered %d", response.StatusCode)
			}
		})
	}
	group.Wait()
	return in
}

func TestPlacesAreSharedByInstancesAndOutliveThem(t *testing.T) {
	t.Parallel()
	const places = 7
	model := countingModel(t)
	held := model.Hold()
	env := users(model.Env(), "COPILOTKIT_STORE="+redistest.Start(t).URL(), fmt.Sprint("COPILOTKIT_LIMIT_CONCURRENT_RUNS=", places))
	a, b := startServer(t, env), startServer(t, env)

	in := race(t, "first", 50, "limit_concurrent_runs", a, b)
	if in[0]+in[1] != places {
		t.Fatalf("%d and %d of 50 got in where there are %d places", in[0], in[1], places)
	}
	if in := race(t, "none", 10, "limit_concurrent_runs", a, b); in[0]+in[1] != 0 {
		t.Fatalf("%v more got in", in)
	}
	// Longer than a place's term: those that live keep theirs.
	a.Stop()
	died := time.Now()
	regained := 0
	for regained < in[0] && time.Since(died) < 40*time.Second {
		regained += race(t, fmt.Sprint("regained ", time.Since(died)), places, "limit_concurrent_runs", b)[0]
		time.Sleep(200 * time.Millisecond)
	}
	if took := time.Since(died); regained != in[0] || in[0] > 0 && took < 5*time.Second {
		t.Errorf("of the %d places of a dead instance %d are free after %v", in[0], regained, took)
	}
	time.Sleep(20 * time.Second)
	if more := race(t, "more", 20, "limit_concurrent_runs", b); more[0] != 0 {
		t.Errorf("%d got in beside %d that go on", more[0], places)
	}
	held.Release()
	want := usage{User: "ann", Runs: int64(places + regained)}
	// Those that ended have been counted by the provider, those of the dead instance not.
	want.InputTokens, want.OutputTokens = int64(100*places), int64(10*places)
	var got usage
	for deadline := time.Now().Add(30 * time.Second); got != want && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		got = spent(t, b)["ann"]
	}
	if got != want {
		t.Errorf("%+v is counted, want %+v", got, want)
	}
	if in := race(t, "last", 50, "limit_concurrent_runs", b); in[0] < places {
		t.Errorf("when all have ended %d get in", in[0])
	}
}

func TestRunsPerMinuteHoldAcrossInstances(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			model := countingModel(t)
			env := users(model.Env(), append(backend.start(t), "COPILOTKIT_LIMIT_RUNS_PER_MINUTE=9")...)
			a, b := startServer(t, env), startServer(t, env)
			if in := race(t, backend.name, 50, "limit_runs_per_minute", a, b); in[0]+in[1] != 9 {
				t.Errorf("%d and %d of 50 got in where 9 may", in[0], in[1])
			}
		})
	}
}

func TestTokensPerDayHoldAcrossInstances(t *testing.T) {
	t.Parallel()
	model := countingModel(t)
	env := users(model.Env(), "COPILOTKIT_STORE="+redistest.Start(t).URL(), "COPILOTKIT_LIMIT_TOKENS_PER_DAY=300")
	p := pair{startServer(t, env), startServer(t, env)}
	for n, d := range []*platformtest.Deployment{p.a, p.b, p.a} {
		if got := d.Do(t, "POST", runPath, platformtest.RunInput(fmt.Sprint(n), "hi"), ann); got.Status != http.StatusOK {
			t.Fatalf("run %d is answered %d %s", n, got.Status, got.Body)
		}
	}
	for _, d := range []*platformtest.Deployment{p.a, p.b} {
		got := d.Do(t, "POST", runPath, platformtest.RunInput("over", "hi"), ann)
		if got.Status != http.StatusTooManyRequests || !strings.Contains(string(got.Body), `"limit_tokens_per_day"`) {
			t.Errorf("over the limit: %d %s", got.Status, got.Body)
		}
	}
	if got, want := spent(t, p.b)["ann"], (usage{User: "ann", Runs: 3, InputTokens: 300, OutputTokens: 30}); got != want {
		t.Errorf("%+v is counted, want %+v", got, want)
	}
	// One's own, and nobody else's.
	var own struct{ Usage []usage }
	p.a.Do(t, "GET", platformtest.BasePath+"/usage", "", ann).JSON(t, http.StatusOK, &own)
	if len(own.Usage) == 0 || own.Usage[0].User != "ann" {
		t.Errorf("a user's own usage: %+v", own)
	}
	if got := p.a.Do(t, "GET", platformtest.BasePath+"/usage?user=all", "", ann); got.Status != http.StatusForbidden {
		t.Errorf("a user who asks for all is answered %d", got.Status)
	}
}

func TestARunThatIsStoppedIsEstimated(t *testing.T) {
	t.Parallel()
	model := countingModel(t)
	defer model.Hold().Release()
	env := users(model.Env(), "COPILOTKIT_STORE="+redistest.Start(t).URL(), "COPILOTKIT_LIMIT_TOKENS_PER_DAY=100000")
	p := pair{startServer(t, env), startServer(t, env)}
	ended := make(chan *platformtest.Response, 1)
	go func() {
		ended <- p.a.Do(t, "POST", runPath, platformtest.RunInput("thread", strings.Repeat("a question ", 100)), ann)
	}()
	for stopped := false; !stopped; time.Sleep(50 * time.Millisecond) {
		body := p.b.Do(t, "POST", platformtest.BasePath+"/agent/default/stop/thread", "", ann).Body
		stopped = strings.Contains(string(body), `"stopped":true`)
	}
	await(t, ended, "the run's end")
	got := spent(t, p.b)["ann"]
	if got.Runs != 1 || got.InputTokens < 200 || got.EstimatedTokens != got.InputTokens+got.OutputTokens {
		t.Errorf("%+v is counted", got)
	}
}

func TestWithoutItsStoreARunIsRefusedOrUncounted(t *testing.T) {
	t.Parallel()
	for setting, status := range map[string]int{"refuse": http.StatusServiceUnavailable, "allow": http.StatusOK} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			redis := redistest.Start(t)
			model := countingModel(t)
			server := startServer(t, users(model.Env(), "COPILOTKIT_STORE="+redis.URL(),
				"COPILOTKIT_LIMIT_RUNS_PER_MINUTE=9", "COPILOTKIT_ON_LIMIT_FAILURE="+setting))
			suggest := platformtest.BasePath + "/agent/default/suggest"
			if got := server.Do(t, "POST", suggest, platformtest.RunInput("thread", "hi"), ann); got.Status != http.StatusOK {
				t.Fatalf("with its store: %d %s", got.Status, got.Body)
			}
			redis.Kill()
			// A suggestion needs no thread, so that only what is counted needs the store.
			got := server.Do(t, "POST", suggest, platformtest.RunInput("thread", "hi"), ann)
			if got.Status != status || status != http.StatusOK && got.Header.Get("Retry-After") == "" {
				t.Errorf("answered %d %s", got.Status, got.Body)
			}
		})
	}
}
