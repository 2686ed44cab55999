package static_test

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/copilotkit-go/runtime/core/static"
)

// counting counts how many bytes of an app's files are read.
type counting struct {
	fstest.MapFS
	read *atomic.Int64
}

func (c counting) Open(name string) (fs.File, error) {
	file, err := c.MapFS.Open(name)
	if err != nil {
		return nil, err
	}
	return counted{file.(seeker), c.read}, nil
}

type counted struct {
	seeker
	read *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.seeker.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func TestADigestIsComputedOnceForAllWhoAsk(t *testing.T) {
	files := counting{fstest.MapFS{
		"index.html":        {Data: make([]byte, 1000), ModTime: time.Now().Add(-time.Hour)},
		"embedded.js":       {Data: make([]byte, 1000)},
		"tomorrow.js":       {Data: make([]byte, 1000), ModTime: time.Now().Add(24 * time.Hour)},
		"large.bin":         {Data: make([]byte, 17<<20), ModTime: time.Now().Add(-time.Hour)},
		"large-embedded.js": {Data: make([]byte, 17<<20)},
	}, new(atomic.Int64)}
	handler, err := static.New(files, static.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if files.read.Load() != 0 {
		t.Errorf("%d bytes are read before anybody asks", files.read.Load())
	}
	for path, want := range map[string]int64{"/": 1000, "/embedded.js": 1000, "/tomorrow.js": 1000, "/large.bin": 0, "/large-embedded.js": 17 << 20} {
		files.read.Store(0)
		var asking sync.WaitGroup
		for range 1000 {
			asking.Go(func() { // HEAD doesn't read what it would send
				if answer := request(handler, http.MethodHead, path, nil); answer.Code != http.StatusOK || answer.Header().Get("ETag") == "" {
					t.Errorf("%s: got %d", path, answer.Code)
				}
			})
		}
		asking.Wait()
		if got := files.read.Load(); got != want {
			t.Errorf("%s: %d bytes were read, want %d", path, got, want)
		}
	}
}

func TestAChangedFileIsAnother(t *testing.T) {
	folder := newFolder(t)
	path := filepath.Join(folder, "robots.txt")
	handler := inFolder(t, folder)
	settled := time.Now().Add(-time.Hour)
	ask := func() (etag, content string) {
		answer := request(handler, http.MethodGet, "/robots.txt", nil)
		return answer.Header().Get("ETag"), answer.Body.String()
	}
	at := func(when time.Time) {
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	var last string
	for name, change := range map[string]func(){
		"another time": func() { write(t, path, "1st"); at(settled.Add(time.Second)) },
		"another size": func() { write(t, path, "second"); at(settled) },
		"another file of the same time and size": func() {
			write(t, path, "one")
			at(settled)
			ask()
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			write(t, path+".new", "two")
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
			at(settled)
		},
		"twice within a moment": func() { write(t, path, "abc"); ask(); write(t, path, "abd") },
	} {
		change()
		etag, content := ask()
		onDisk, err := os.ReadFile(path)
		if err != nil || content != string(onDisk) || etag == last {
			t.Errorf("%s: got %s %q, and on disk is %q, %v", name, etag, content, onDisk, err)
		}
		last = etag
	}
}

func TestAFileThatIsReplacedWhileItIsSentIsSentAsItWas(t *testing.T) {
	folder := newFolder(t)
	path := filepath.Join(folder, "large.txt")
	const size = 8 << 20
	if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(inFolder(t, folder))
	defer server.Close()
	response, err := http.Get(server.URL + "/large.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	write(t, path+".new", "new")
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, response.Body); n != size || err != nil {
		t.Errorf("got %d bytes, %v", n, err)
	}
	if answer := request(inFolder(t, folder), http.MethodGet, "/large.txt", nil); answer.Body.String() != "new" {
		t.Errorf("then got %d bytes", answer.Body.Len())
	}
}

func TestAPartOfAVeryLargeFileIsReadAlone(t *testing.T) {
	folder := newFolder(t)
	file, err := os.Create(filepath.Join(folder, "film.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(128 << 30); err != nil { // sparse
		t.Fatal(err)
	}
	handler := inFolder(t, folder)
	began := time.Now()
	answer := request(handler, http.MethodGet, "/film.mp4", http.Header{"Range": {"bytes=137438953464-"}})
	if answer.Code != http.StatusPartialContent || answer.Body.Len() != 8 || answer.Header().Get("Content-Range") != "bytes 137438953464-137438953471/137438953472" {
		t.Errorf("got %d, %d bytes, %v", answer.Code, answer.Body.Len(), answer.Header())
	}
	// All of it would take a minute.
	if taken := time.Since(began); taken > 20*time.Second {
		t.Errorf("it took %s", taken)
	}
	again := request(handler, http.MethodGet, "/film.mp4", http.Header{"Range": {"bytes=0-3"}, "If-Range": {answer.Header().Get("ETag")}})
	if again.Code != http.StatusPartialContent {
		t.Errorf("the next part: got %d", again.Code)
	}
}

// discard is an answer that is thrown away.
type discard struct {
	header http.Header
	status int
	bytes  int
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(s int)   { d.status = s }
func (d *discard) Write(p []byte) (int, error) {
	d.bytes += len(p)
	return len(p), nil
}

func TestTenThousandRequestsAtOnce(t *testing.T) {
	folder := newFolder(t)
	for i := range 100 {
		write(t, filepath.Join(folder, "assets", fmt.Sprintf("part-%d.js", i)), "run()")
	}
	handler := inFolder(t, folder)
	begin := make(chan struct{})
	var asking sync.WaitGroup
	var wrong atomic.Int64
	for i := range 10_000 {
		asking.Go(func() {
			<-begin
			answer := &discard{header: make(http.Header)}
			handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/assets/part-%d.js", i%101), nil))
			if want := i%101 < 100; (answer.status != http.StatusNotFound) != want || want && answer.bytes != 5 {
				wrong.Add(1)
			}
		})
	}
	close(begin)
	asking.Wait()
	if wrong.Load() != 0 {
		t.Errorf("%d answers are wrong", wrong.Load())
	}
}
