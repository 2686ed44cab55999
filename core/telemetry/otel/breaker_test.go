package otel_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/copilotkit-go/runtime/core/telemetry/otel"
)

// moody is a collector that does as it is told, and remembers the spans that it took.
type moody struct {
	do       atomic.Pointer[func(*http.Request) (*http.Response, error)]
	tried    atomic.Int64
	mu       sync.Mutex
	received int
}

func (m *moody) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/v1/metrics") {
		return answer(http.StatusOK), nil
	}
	m.tried.Add(1)
	if do := m.do.Load(); do != nil {
		return (*do)(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var spans tracev1.TracesData
	if err := proto.Unmarshal(body, &spans); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, group := range spans.ResourceSpans {
		for _, scope := range group.ScopeSpans {
			m.received += len(scope.Spans)
		}
	}
	return answer(http.StatusOK), nil
}

func (m *moody) be(do func(*http.Request) (*http.Response, error)) { m.do.Store(&do) }
func (m *moody) beWell()                                           { m.do.Store(nil) }
func (m *moody) spans() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.received
}

// hang never answers.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// refuse answers with a status.
func refuse(status int, retryAfter string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		refusal := answer(status)
		if retryAfter != "" {
			refusal.Header.Set("Retry-After", retryAfter)
		}
		return refusal, nil
	}
}

// timed serves a request that takes a time by itself, and returns how much longer it
// took.
func timed(observer *otel.Telemetry, takes time.Duration) time.Duration {
	began := time.Now()
	serve(observer, nil, func(context.Context) { time.Sleep(takes) })
	return time.Since(began) - takes
}

// newPromptConfig returns a configuration whose requests wait for the collector as they do by
// default, by the test's clock.
func newPromptConfig(t *testing.T) otel.Config {
	config := newConfig(t, "http://collector.example")
	config.FlushLimit = 0
	return config
}

func TestAHangingCollectorCostsOneRequest200Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := &moody{}
		var log bytes.Buffer
		config := newPromptConfig(t)
		config.HTTPClient = &http.Client{Transport: collector}
		config.Logger = slog.New(slog.NewTextHandler(&log, nil))
		observer := start(t, config)

		collector.be(hang)
		if cost := timed(observer, 0); cost != 200*time.Millisecond {
			t.Errorf("the first request is %v longer", cost)
		}
		for range 100 {
			if cost := timed(observer, time.Millisecond); cost != 0 {
				t.Errorf("a request while the collector is known to hang is %v longer", cost)
			}
		}
		if n := collector.tried.Load(); n != 1 {
			t.Errorf("it was tried %d times", n)
		}
		// It is tried again beside requests, which don't wait for the outcome.
		for range 10 {
			time.Sleep(10 * time.Second)
			if cost := timed(observer, time.Millisecond); cost != 0 {
				t.Errorf("a request that tries it is %v longer", cost)
			}
		}
		if n := collector.tried.Load(); n < 2 || n > 6 {
			t.Errorf("it was tried %d times in 100 seconds", n)
		}
		collector.beWell()
		time.Sleep(time.Minute)
		if cost := timed(observer, time.Millisecond); cost != 0 {
			t.Errorf("the request that finds it is back is %v longer", cost)
		}
		if got := collector.spans(); got != 112 {
			t.Errorf("it has got %d spans, want all 112", got)
		}
		if text := log.String(); strings.Count(text, "can't be exported") != 1 || strings.Count(text, "exported again") != 1 {
			t.Errorf("the log is\n%s", text)
		}
	})
}

func TestRequestsThatAreShorterThanAnExportFindOutThatTheCollectorIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes = 30 * time.Millisecond
		slow := func(*http.Request) (*http.Response, error) {
			time.Sleep(takes)
			return answer(http.StatusOK), nil
		}
		collector := &moody{}
		config := newPromptConfig(t)
		config.Metrics, config.HTTPClient = nil, &http.Client{Transport: collector}
		observer := start(t, config)
		collector.be(slow)
		timed(observer, 0)
		collector.be(hang)
		timed(observer, 0)
		for range 100 {
			time.Sleep(time.Second)
			if cost := timed(observer, time.Millisecond); cost > 2*takes {
				t.Errorf("a request that tries a collector that hangs is %v longer", cost)
			}
		}
		collector.be(slow)
		time.Sleep(time.Minute)
		timed(observer, time.Millisecond)
		tried := collector.tried.Load()
		if timed(observer, time.Millisecond); collector.tried.Load() != tried+1 {
			t.Error("nothing is exported again")
		}
	})
}

// What is cut off has arrived as well as not, and is sent again.
func TestACollectorThatIsSlowGetsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := &moody{}
		config := newPromptConfig(t)
		config.Metrics = nil
		config.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			taken, err := collector.RoundTrip(r)
			select {
			case <-time.After(120 * time.Millisecond):
				return taken, err
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})}
		observer := start(t, config)
		const requests = 100
		var group sync.WaitGroup
		for range requests {
			group.Go(func() {
				if cost := timed(observer, 5*time.Millisecond); cost > 200*time.Millisecond {
					t.Errorf("a request is %v longer", cost)
				}
			})
			time.Sleep(30 * time.Millisecond)
		}
		group.Wait()
		timed(observer, time.Millisecond)
		if got := collector.spans(); got != requests+1 {
			t.Errorf("it has got %d spans, want %d", got, requests+1)
		}
	})
}

func TestACollectorIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := &moody{}
		config := newPromptConfig(t)
		config.HTTPClient = &http.Client{Transport: collector}
		observer := start(t, config)
		for _, asks := range []struct {
			header string
			status int
			wait   time.Duration
		}{{"30", 503, 30 * time.Second}, {"40", 429, 40 * time.Second}, {"", 502, 5 * time.Second}, {"1000000", 503, 5 * time.Minute}} {
			collector.be(refuse(asks.status, asks.header))
			timed(observer, time.Millisecond)
			tried := collector.tried.Load()
			time.Sleep(asks.wait - time.Second)
			timed(observer, time.Millisecond)
			if got := collector.tried.Load(); got != tried {
				t.Errorf("after Retry-After %q it was tried too early", asks.header)
			}
			collector.beWell()
			time.Sleep(2 * time.Second)
			timed(observer, time.Millisecond)
			if got := collector.tried.Load(); got == tried {
				t.Errorf("after Retry-After %q it wasn't tried again", asks.header)
			}
		}
		if got := collector.spans(); got != 12 {
			t.Errorf("it has got %d spans, want all 12", got)
		}
	})
}

func TestWhatACollectorRefusesForGoodIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := &moody{}
		config := newPromptConfig(t)
		config.HTTPClient = &http.Client{Transport: collector}
		observer := start(t, config)
		collector.be(refuse(http.StatusBadRequest, ""))
		timed(observer, 0)
		collector.beWell()
		time.Sleep(10 * time.Second)
		timed(observer, time.Millisecond)
		if got := collector.spans(); got != 1 {
			t.Errorf("it has got %d spans, want the second request's", got)
		}
	})
}

func TestWhatWaitsForACollectorIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := &moody{}
		config := newPromptConfig(t)
		config.HTTPClient = &http.Client{Transport: collector}
		config.QueueSize, config.BatchSize = 100, 30
		observer := start(t, config)
		collector.be(hang)
		for range 500 {
			timed(observer, 0)
		}
		collector.beWell()
		time.Sleep(time.Minute)
		timed(observer, time.Millisecond)
		if got := collector.spans(); got > 101 || got < 99 {
			t.Errorf("it has got %d spans, want those 100 that could wait", got)
		}
	})
}

func TestASlowRequestHasWhatItEndsExportedByTheLastOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := &moody{}
		config := newPromptConfig(t)
		config.HTTPClient = &http.Client{Transport: collector}
		observer := start(t, config)
		var group sync.WaitGroup
		for n := range 10 {
			group.Go(func() { timed(observer, time.Second+time.Duration(n)*time.Millisecond) })
		}
		group.Wait()
		if got := collector.spans(); got != 10 {
			t.Errorf("it has got %d spans, want 10", got)
		}
		if n := collector.tried.Load(); n != 2 { // the first to end, and the last
			t.Errorf("there were %d exports", n)
		}
	})
}

func TestServersExportInTheBackgroundAndAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := &moody{}
		config := newPromptConfig(t)
		config.HTTPClient = &http.Client{Transport: collector}
		config.Freezes = false
		observer := otel.New(config)
		if cost := timed(observer, 0); cost != 0 || collector.spans() != 0 {
			t.Errorf("a request is %v longer, and has exported %d spans itself", cost, collector.spans())
		}
		time.Sleep(config.BatchDelay + time.Millisecond)
		synctest.Wait()
		if got := collector.spans(); got != 1 {
			t.Errorf("in the background %d spans were exported", got)
		}
		timed(observer, 0)
		if err := observer.Close(); err != nil {
			t.Error(err)
		}
		if got := collector.spans(); got != 2 {
			t.Errorf("at the end %d spans were exported", got)
		}
		timed(observer, 0) // does no harm
		if err := observer.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseDoesNotWaitLongForACollectorThatHangs(t *testing.T) {
	for _, freezes := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			collector := &moody{}
			config := newPromptConfig(t)
			config.HTTPClient = &http.Client{Transport: collector}
			config.Freezes = freezes
			observer := otel.New(config)
			for range 600 { // a whole batch, which is exported at once
				serve(observer, nil, nil)
			}
			collector.be(hang)
			serve(observer, nil, nil)
			time.Sleep(config.BatchDelay)
			began := time.Now()
			if err := observer.Close(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
