package postgres

import (
	"log/slog"
	"testing"
	"time"
)

// Messages are missed while the instance is frozen, and the connection may be gone: what is
// known of a run from before then says nothing of now.
func TestATopicFromBeforeTheInstanceWasFrozenIsForgotten(t *testing.T) {
	s, err := Open(t.Context(), "postgres://127.0.0.1:1/x", Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	former := s.signals.join("channel")
	former.wake(true) // the server has confirmed it
	s.signals.leave(former)
	if joined := s.signals.join("channel"); joined != former {
		t.Error("a topic that was left just now is forgotten")
	}
	s.signals.leave(former)
	s.signals.mu.Lock()
	former.idleSince = former.idleSince.Add(-time.Minute)
	s.signals.mu.Unlock()
	joined := s.signals.join("channel")
	defer s.signals.leave(joined)
	if joined == former {
		t.Error("a topic that was left a minute ago is still trusted")
	}
}
