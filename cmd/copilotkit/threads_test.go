package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
)

type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }

// command runs the program with arguments, and returns what it wrote.
func command(t *testing.T, in []byte, args ...string) (out []byte, messages string, code int) {
	t.Helper()
	var stdout, stderr buffer
	code = run(t.Context(), args, streams{bytes.NewReader(in), &stdout, &stderr})
	return stdout.Bytes(), stderr.String(), code
}

// withThreads makes a file with two threads, and returns its address.
func withThreads(t *testing.T) string {
	t.Helper()
	address := "sqlite://" + filepath.Join(t.TempDir(), "threads.db")
	s, err := sqlite.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, key := range []store.Key{{Owner: "ada", ID: "one"}, {ID: "two"}} {
		lease, err := s.Begin(t.Context(), store.BeginRequest{Key: key, AgentID: "default", RunID: "run", TTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		started, err := agui.Encode(agui.RunStartedEvent{ThreadID: key.ID, RunID: "run"})
		if err != nil {
			t.Fatal(err)
		}
		if err := lease.Finish(t.Context(), &store.Result{
			Records: []store.Record{{Seq: 1, Event: started}}, Snapshot: store.Snapshot{Messages: []byte("[]")},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return address
}

func TestThreadsAreMovedByTheCommands(t *testing.T) {
	from := withThreads(t)
	file, messages, code := command(t, nil, "threads", "export", "--store", from)
	if code != 0 || !strings.HasPrefix(messages, "exported 2 threads; 2 records") {
		t.Fatalf("export: %d %s", code, messages)
	}
	to := redistest.Start(t).URL()
	t.Setenv("COPILOTKIT_STORE", to)
	for _, want := range []string{"imported 2 threads; 2 records", "imported 0 threads, passed over 2 that are there already; 0 records"} {
		if out, messages, code := command(t, file, "threads", "import"); code != 0 || len(out) > 0 || !strings.HasPrefix(messages, want) {
			t.Fatalf("import: %d %s, want %s", code, messages, want)
		}
	}
	if again, messages, code := command(t, nil, "threads", "export"); code != 0 || !bytes.Equal(again, file) {
		t.Fatalf("export: %d %s: the file was\n%s\nand is\n%s", code, messages, file, again)
	}
	third := "sqlite://" + filepath.Join(t.TempDir(), "copy.db")
	if _, messages, code := command(t, nil, "threads", "copy", "--from", to, "--to", third, "--owner", "ada"); code != 0 || !strings.HasPrefix(messages, "copied 1 threads; 1 records") {
		t.Fatalf("copy: %d %s", code, messages)
	}
	// A thread that the store has otherwise is a failure, and the others are moved.
	other := bytes.ReplaceAll(file, []byte(`"runId":"run"`), []byte(`"runId":"other"`))
	other = bytes.ReplaceAll(other, []byte(`"created":"20`), []byte(`"created":"19`))
	_, messages, code = command(t, other, "threads", "import", "--store", third)
	if code != 1 || !strings.Contains(messages, `thread "one" of owner "ada": the store has other records of it`) ||
		!strings.Contains(messages, "imported 1 threads, refused 1;") || !strings.Contains(messages, "copilotkit: 1 threads were refused") {
		t.Errorf("import: %d %s", code, messages)
	}
}

func TestWhatCannotBeMovedIsAnError(t *testing.T) {
	t.Setenv("COPILOTKIT_STORE", "")
	folder := t.TempDir()
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no command":                {[]string{"threads"}, 2, "copilotkit threads export"},
		"an unknown one":            {[]string{"threads", "burn"}, 2, "copilotkit threads export"},
		"an unknown program":        {[]string{"sreve"}, 2, `there is no command "sreve"`},
		"no store":                  {[]string{"threads", "export"}, 2, "Set --store or COPILOTKIT_STORE"},
		"an unknown flag":           {[]string{"threads", "export", "--sotre", "x"}, 2, "there is no flag --sotre"},
		"an address without a flag": {[]string{"threads", "import", "redis://u:hunter2@127.0.0.1:1"}, 2, "1 arguments too many"},
		"a copy to nowhere":         {[]string{"threads", "copy", "--from", "redis://127.0.0.1:1"}, 2, "Set --to"},
		"no address":                {[]string{"threads", "export", "--store", "hunter2"}, 1, "neither memory nor"},
		"memory":                    {[]string{"threads", "export", "--store", "memory"}, 1, "name another store"},
		"an unknown store":          {[]string{"threads", "export", "--store", "mysql://u:hunter2@db/x"}, 1, `no store of the kind "mysql"`},
		"a server that isn't there": {[]string{"threads", "export", "--store", "redis://u:hunter2@127.0.0.1:1"}, 1, "export threads: list threads: store: unavailable"},
		"a file that isn't there":   {[]string{"threads", "export", "--store", "sqlite://" + folder + "/none.db"}, 1, "no such file"},
		"an import of nothing":      {[]string{"threads", "import", "--store", "sqlite://" + folder + "/new.db"}, 1, "the file is empty"},
	} {
		_, messages, code := command(t, nil, test.args...)
		if code != test.code || !strings.Contains(messages, test.want) || strings.Contains(messages, "hunter2") {
			t.Errorf("%s: got %d %s, want %d and %q", name, code, messages, test.code, test.want)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "none.db")); err == nil {
		t.Error("an export has made the file that it should read")
	}
}

func TestAFullDiskIsAnError(t *testing.T) {
	disk, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var messages bytes.Buffer
	code := run(t.Context(), []string{"threads", "export", "--store", withThreads(t)}, streams{nil, disk, &messages})
	if code != 1 || !strings.Contains(messages.String(), "no space left on device") {
		t.Errorf("got %d %s", code, messages.String())
	}
}

func TestHelpIsNoError(t *testing.T) {
	for want, args := range map[string][][]string{
		"serve the runtime":           {{"-h"}, {"--help"}, {"help"}},
		"copilotkit threads export [": {{"threads", "--help"}, {"threads", "export", "--help"}, {"threads", "copy", "-h"}},
	} {
		for _, args := range args {
			if out, messages, code := command(t, nil, args...); code != 0 || messages != "" || !strings.Contains(string(out), want) {
				t.Errorf("%q: got %d %s %s", args, code, out, messages)
			}
		}
	}
}
