package soak_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a client waits for the end of a stream.
const patience = 5 * time.Minute

// visit starts a run on a thread and treats its stream at random.
func (s *site) visit(t *testing.T, thread string, answer length, random *rand.Rand) {
	s.know(thread, answer)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	here, there := random.IntN(instances), random.IntN(instances)
	run := fmt.Sprintf("run-%d", s.run.Add(1))
	stream, status, err := s.stream(ctx, here, answer.agent+"/run", input(thread, run))
	// A store that is slower than the clients refuses the run, and accepts it later.
	for err == nil && status == http.StatusServiceUnavailable && ctx.Err() == nil {
		s.counts.unavailable.Add(1)
		time.Sleep(time.Second)
		stream, status, err = s.stream(ctx, here, answer.agent+"/run", input(thread, run))
	}
	if err != nil {
		t.Errorf("%s: %v", run, err)
		return
	}
	if status == http.StatusConflict {
		s.counts.refused.Add(1)
		return
	}
	if status != http.StatusOK {
		t.Errorf("%s: status %d", run, status)
		return
	}
	defer stream.body.Close()

	head := random.IntN(answer.words) + 2
	var others sync.WaitGroup
	defer others.Wait()
	stopped := false
	switch random.IntN(5) {
	case 0:
		s.counts.read.Add(1)
	case 1:
		s.counts.left.Add(1)
		if err := stream.read(head); err != nil {
			t.Errorf("%s: %v", run, err)
		}
		return // the run goes on without its client
	case 2:
		s.counts.stalled.Add(1)
		if err := stream.read(head); err != nil {
			t.Errorf("%s: %v", run, err)
			return
		}
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
	case 3:
		s.counts.stopped.Add(1)
		stopped = true
		if err := stream.read(head); err != nil {
			t.Errorf("%s: %v", run, err)
			return
		}
		if err := s.stop(ctx, there, answer.agent, thread, run); err != nil {
			t.Errorf("stop %s: %v", run, err)
		}
	case 4:
		s.counts.followed.Add(1)
		others.Go(func() { s.follow(ctx, t, there, thread, answer) })
	}
	if err := stream.read(-1); err != nil {
		t.Errorf("%s: %v", run, err)
		return
	}
	if err := wellFormed(stream.events); err != nil {
		t.Errorf("%s: %v", run, err)
	}
	if got := stream.text(); !stopped && got != answer.text() {
		t.Errorf("%s says %q, want %q", run, got, answer.text())
	}
}

// follow connects to a thread and reads to the end of the live run.
func (s *site) follow(ctx context.Context, t *testing.T, instance int, thread string, answer length) {
	stream, status, err := s.stream(ctx, instance, answer.agent+"/connect", input(thread, "connect"))
	if err != nil || status != http.StatusOK {
		t.Errorf("connect to %s: status %d, %v", thread, status, err)
		return
	}
	defer stream.body.Close()
	if err := stream.read(-1); err != nil {
		t.Errorf("connect to %s: %v", thread, err)
	} else if err := wellFormed(stream.events); err != nil {
		t.Errorf("connect to %s: %v", thread, err)
	}
}

func (s *site) stop(ctx context.Context, instance int, agent, thread, run string) error {
	body := fmt.Sprintf(`{"runId":%q}`, run)
	response, err := s.post(ctx, instance, agent+"/stop/"+thread, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	return err
}

// check checks every thread: its history has complete runs only, and it accepts another run.
func (s *site) check(t *testing.T) {
	t.Helper()
	gate := make(chan struct{}, 16)
	var checks sync.WaitGroup
	for thread, answer := range s.threads {
		gate <- struct{}{}
		checks.Go(func() {
			defer func() { <-gate }()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			s.follow(ctx, t, 0, thread, answer)
			stream, status, err := s.stream(ctx, 1, short.agent+"/run", input(thread, "last"))
			if err != nil || status != http.StatusOK {
				t.Errorf("%s takes no further run: status %d, %v", thread, status, err)
				return
			}
			defer stream.body.Close()
			if err := stream.read(-1); err != nil {
				t.Errorf("the last run of %s: %v", thread, err)
			} else if got := stream.text(); got != short.text() {
				t.Errorf("the last run of %s says %q", thread, got)
			}
		})
	}
	checks.Wait()
}

func input(thread, run string) string {
	return fmt.Sprintf(`{"threadId":%q,"runId":%q,"state":{},"tools":[],"context":[],"forwardedProps":{},`+
		`"messages":[{"id":"question-%s","role":"user","content":"Go on."}]}`, thread, run, run)
}

func (s *site) post(ctx context.Context, instance int, path, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.servers[instance].URL+"/agent/"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	return s.client.Do(request)
}

// stream is an answer of events.
type stream struct {
	body   io.ReadCloser
	lines  *bufio.Reader
	events []event
}

type event struct {
	Type      string `json:"type"`
	MessageID string `json:"messageId"`
	Delta     string `json:"delta"`
}

func (s *site) stream(ctx context.Context, instance int, path, body string) (*stream, int, error) {
	response, err := s.post(ctx, instance, path, body)
	if err != nil {
		return nil, 0, err
	}
	if response.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	return &stream{body: response.Body, lines: bufio.NewReader(response.Body)}, response.StatusCode, nil
}

// read reads a number of events, or to the end if count is negative.
func (s *stream) read(count int) error {
	for count != 0 {
		line, err := s.lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("after %d events: %w", len(s.events), err)
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var next event
		if err := json.Unmarshal([]byte(data), &next); err != nil {
			return err
		}
		s.events = append(s.events, next)
		count--
	}
	return nil
}

func (s *stream) text() string {
	var b strings.Builder
	for _, e := range s.events {
		b.WriteString(e.Delta)
	}
	return b.String()
}

// wellFormed returns an error unless a stream consists of complete runs.
func wellFormed(events []event) error {
	live, open := false, ""
	for i, e := range events {
		started := e.Type == "RUN_STARTED"
		if started == live {
			return fmt.Errorf("event %d, %s, while a run is live: %v", i, e.Type, live)
		}
		switch e.Type {
		case "RUN_STARTED":
			live = true
		case "RUN_FINISHED", "RUN_ERROR":
			if open != "" {
				return fmt.Errorf("event %d ends the run with message %s open", i, open)
			}
			live = false
		case "TEXT_MESSAGE_START":
			open = e.MessageID
		case "TEXT_MESSAGE_CONTENT":
			if e.MessageID != open {
				return fmt.Errorf("event %d is about message %s, and %q is open", i, e.MessageID, open)
			}
		case "TEXT_MESSAGE_END":
			open = ""
		}
	}
	if live {
		return fmt.Errorf("the stream ends without a terminal event after %d events", len(events))
	}
	return nil
}
