package sqlite_test

import (
	"database/sql"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store {
		return open(t, url(t, "threads.db"))
	})
}

// Two stores in one process share nothing but the file, as two processes do.
func TestStoreSharedByTwoProcesses(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T) (a, b store.Store) {
		shared := url(t, "odd name, 100% ?#.db") + "?retention=1h&max-runs=100"
		return open(t, shared), open(t, shared)
	})
}

func TestGame(t *testing.T) {
	t.Parallel()
	shared := url(t, "game.db")
	storetest.Play(t, storetest.Game{
		Seed: 3,
		Open: func(t testing.TB) store.Store { return open(t, shared) },
	})
}

func TestStopAndSend(t *testing.T) {
	t.Parallel()
	shared := url(t, "stop.db")
	storetest.StopAndSend(t, 8, 30, open(t, shared), open(t, shared))
}

func TestThreadsOutliveTheProcess(t *testing.T) {
	kept := url(t, "threads.db")
	first, err := sqlite.Open(t.Context(), kept)
	if err != nil {
		t.Fatal(err)
	}
	key := store.Key{Owner: "o", ID: "t"}
	if _, err := first.CreateThread(t.Context(), key, "default", "A name"); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	thread, err := open(t, kept).Thread(t.Context(), key)
	if err != nil || thread.Name != "A name" {
		t.Errorf("got %+v and %v", thread, err)
	}
}

func TestACopyMadeWhileInUseIsWhole(t *testing.T) {
	folder := t.TempDir()
	file, backup := filepath.Join(folder, "threads.db"), filepath.Join(folder, "copy.db")
	s := open(t, "sqlite://"+file)
	if _, err := s.CreateThread(t.Context(), store.Key{ID: "t"}, "default", "kept"); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "VACUUM INTO ?", backup); err != nil {
		t.Fatal(err)
	}
	if thread, err := open(t, "sqlite://"+backup).Thread(t.Context(), store.Key{ID: "t"}); err != nil || thread.Name != "kept" {
		t.Errorf("got %+v and %v", thread, err)
	}
}

func TestAFileThatIsNotOursIsRefused(t *testing.T) {
	folder := t.TempDir()
	make := func(name, statements string) string {
		file := filepath.Join(folder, name)
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), statements); err != nil {
			t.Fatal(err)
		}
		return "sqlite://" + file
	}
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ url, want string }{
		"another program's":             {make("other.db", "CREATE TABLE t (x)"), "another program's database"},
		"of a newer version":            {make("newer.db", "PRAGMA user_version = 99"), "use a newer one"},
		"no database":                   {"sqlite://" + text, "not a database"},
		"in no folder":                  {"sqlite://" + filepath.Join(folder, "none", "x.db"), "no such file"},
		"a folder":                      {"sqlite://" + folder + "/", "want sqlite:///path/file.db"},
		"that must be there, and isn't": {"sqlite://" + folder + "/x.db?create=false", "no such file"},
		"made or not":                   {"sqlite://" + folder + "/x.db?create=maybe", "neither true nor false"},
		"with an unknown parameter":     {"sqlite://" + folder + "/x.db?prefix=y", `unknown parameter "prefix"`},
		"with a retention too short":    {"sqlite://" + folder + "/x.db?retention=1s", "a minute or more"},
		"with an odd number of runs":    {"sqlite://" + folder + "/x.db?max-runs=-1", "not a number of runs"},
	} {
		s, err := sqlite.Open(t.Context(), test.url)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
	}
}

func open(t testing.TB, url string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func url(t testing.TB, name string) string {
	t.Helper()
	u := neturl.URL{Scheme: "sqlite", Path: filepath.Join(t.TempDir(), name)}
	return u.String()
}
