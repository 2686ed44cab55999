package sqlite

import (
	"database/sql"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
)

func TestCloseWaitsForCallsUnderWay(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "threads.db")
	s, err := Open(t.Context(), "sqlite://"+file+"?busy_timeout=1m")
	if err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", file+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	writing, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}

	ended := make(chan error, 1)
	go func() {
		_, err := s.CreateThread(t.Context(), store.Key{Owner: "o", ID: "t"}, "default", "")
		ended <- err
	}()
	for s.writer.Stats().InUse == 0 {
		runtime.Gosched()
	}
	go func() {
		for s.writer.Ping() == nil {
			runtime.Gosched()
		}
		_ = writing.Rollback()
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if open := s.writer.Stats().OpenConnections; open != 0 {
		t.Errorf("%d connections are open", open)
	}
	if err := <-ended; err != nil {
		t.Errorf("the call under way: %v", err)
	}
}
