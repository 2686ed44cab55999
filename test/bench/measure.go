package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// result holds the measurements of a target.
type result struct {
	target          target
	start           time.Duration
	firstEvent      time.Duration
	cpuPerEvent     time.Duration
	eventsPerSecond float64
	peak16          int64
	slowTime        time.Duration
	peakSlow        int64
}

const (
	starts     = 5  // process starts, of which the fastest counts
	concurrent = 16 // clients at once
	rounds     = 40 // runs of each client, one after the other
	singles    = 50 // runs of a single client, of which the median counts
)

// measure takes all measurements of a target.
func measure(ctx context.Context, t target, model *model, streams int) (*result, error) {
	measured := &result{target: t}
	for range starts {
		p, err := t.launch(ctx, model)
		if err != nil {
			return nil, err
		}
		p.end()
		if measured.start == 0 || p.start < measured.start {
			measured.start = p.start
		}
	}
	model.pace.Store(0)
	p, err := t.launch(ctx, model)
	if err != nil {
		return nil, err
	}
	defer func() { p.end() }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrent}}

	// The first runs warm up.
	if _, err := load(ctx, client, p.url, concurrent, 4); err != nil {
		return nil, err
	}
	first := make([]time.Duration, singles)
	for i := range first {
		if first[i], _, err = oneRun(ctx, client, p.url); err != nil {
			return nil, err
		}
	}
	measured.firstEvent = median(first)

	before, err := p.cpu()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	events, err := load(ctx, client, p.url, concurrent, rounds)
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	after, err := p.cpu()
	if err != nil {
		return nil, err
	}
	measured.cpuPerEvent = (after - before) / time.Duration(events)
	measured.eventsPerSecond = float64(events) / took.Seconds()
	if measured.peak16, err = p.peak(); err != nil || streams == 0 {
		return measured, err
	}

	p.end()
	if p, err = t.launch(ctx, model); err != nil {
		return nil, err
	}
	model.pace.Store(int64(10 * time.Second / deltas))
	defer model.pace.Store(0)
	began = time.Now()
	if _, err := load(ctx, client, p.url, streams, 1); err != nil {
		return nil, err
	}
	measured.slowTime = time.Since(began)
	measured.peakSlow, err = p.peak()
	return measured, err
}

// load makes runs from many clients at once and counts the events.
func load(ctx context.Context, client *http.Client, url string, clients, each int) (events int64, err error) {
	var total atomic.Int64
	var group sync.WaitGroup
	failures := make(chan error, clients)
	for range clients {
		group.Go(func() {
			for range each {
				_, n, err := oneRun(ctx, client, url)
				if err != nil {
					failures <- err
					return
				}
				total.Add(int64(n))
			}
		})
	}
	group.Wait()
	close(failures)
	return total.Load(), <-failures
}

var threads atomic.Int64

// oneRun makes a run in a new thread. It returns the time to the first event with
// text, and the number of events.
func oneRun(ctx context.Context, client *http.Client, url string) (first time.Duration, events int, err error) {
	body := fmt.Sprintf(`{"threadId":"t%d","runId":"r","state":{},"messages":[{"id":"m","role":"user","content":"Hi"}],"tools":[],"context":[],"forwardedProps":{}}`, threads.Add(1))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/agent/default/run", strings.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	began := time.Now()
	response, err := client.Do(request)
	for errors.Is(err, syscall.ECONNRESET) && ctx.Err() == nil {
		// A server whose queue of new connections is full refuses some.
		time.Sleep(100 * time.Millisecond)
		request.Body, _ = request.GetBody()
		response, err = client.Do(request)
	}
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	contents := 0
	reader := bufio.NewReader(response.Body)
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return 0, 0, err
			}
			break
		}
		if !bytes.HasPrefix(line, []byte("data:")) {
			continue
		}
		events++
		if bytes.Contains(line, []byte("TEXT_MESSAGE_CONTENT")) {
			if contents == 0 {
				first = time.Since(began)
			}
			contents++
		}
	}
	if contents != deltas {
		return 0, 0, fmt.Errorf("a run with status %d had %d deltas, want %d", response.StatusCode, contents, deltas)
	}
	return first, events, nil
}

func median(durations []time.Duration) time.Duration {
	slices.Sort(durations)
	return durations[len(durations)/2]
}
