//go:build unix

package static_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/copilotkit-go/runtime/core/static"
)

func TestNothingLeadsOutOfTheFolder(t *testing.T) {
	folder := newFolder(t)
	for link, target := range map[string]string{
		"up.txt": "../secret.txt", "absolute.txt": filepath.Join(folder, "..", "secret.txt"), "passwd.txt": "/etc/passwd", "etc": "/etc", "parent": "..",
		"loop.txt": "loop.txt", "dangling.txt": "nowhere.txt", "inside.txt": "robots.txt", "assets/inside.txt": "../robots.txt",
	} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe.txt"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(folder, "zero.txt")); err != nil {
		t.Fatal(err)
	}
	handler := inFolder(t, folder)
	for path, want := range map[string]int{
		"/inside.txt": 200, "/assets/inside.txt": 200,
		"/up.txt": 404, "/absolute.txt": 404, "/passwd.txt": 404, "/etc/passwd.txt": 404, "/parent/secret.txt": 404, "/loop.txt": 404,
		"/dangling.txt": 404, "/pipe.txt": 404, "/zero.txt": 404, "/loop.txt/x.txt": 404,
	} {
		if answer := request(handler, http.MethodGet, path, nil); answer.Code != want || strings.Contains(answer.Body.String(), "secret") {
			t.Errorf("%s: got %d %s, want %d", path, answer.Code, answer.Body, want)
		}
	}
	if answer := request(handler, http.MethodGet, "/etc/passwd", page); !strings.Contains(answer.Body.String(), "<title>Index") {
		t.Errorf("a page where a link leads out: got %s", answer.Body)
	}
}

func TestADeviceIsNoFile(t *testing.T) {
	handler := inFolder(t, newFolder(t))
	devices := static.Dir("/dev")
	if _, err := static.New(devices, static.Config{}); err == nil {
		t.Error("/dev is an app")
	}
	if info, err := devices.Stat("null"); err != nil || info.Mode().IsRegular() {
		t.Errorf("got %v, %v", info, err)
	}
	if answer := request(handler, http.MethodGet, "/null", nil); answer.Code != http.StatusNotFound {
		t.Errorf("got %d", answer.Code)
	}
}

func TestAFolderMayGoAndComeBack(t *testing.T) {
	folder := newFolder(t)
	handler := inFolder(t, folder)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/": 500, "/trips": 500, "/assets/logo.svg": 404} {
		answer := request(handler, http.MethodGet, path, page)
		if answer.Code != want || strings.Contains(answer.Body.String(), "dist") {
			t.Errorf("%s while there is none: got %d %s", path, answer.Code, answer.Body)
		}
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "index.html"), "another build")
	if answer := request(handler, http.MethodGet, "/", page); answer.Code != http.StatusOK || answer.Body.String() != "another build" {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

// failing is an app one of whose files fails with an error, when it is opened or read.
type failing struct {
	fstest.MapFS
	name         string
	opens, reads error
}

func (f failing) Open(name string) (fs.File, error) {
	if name == f.name && f.opens != nil {
		return nil, &fs.PathError{Op: "open", Path: "/srv/dist/" + name, Err: f.opens}
	}
	file, err := f.MapFS.Open(name)
	if name == f.name && err == nil {
		return broken{file.(seeker), f.reads}, nil
	}
	return file, err
}

type broken struct {
	seeker
	err error
}

func (b broken) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return b.seeker.Read(p)
}

func TestAFileThatCanNotBeReadIsAFailureWithoutItsPath(t *testing.T) {
	for name, files := range map[string]failing{
		"it may not be read":           {name: "robots.txt", opens: fs.ErrPermission},
		"too many files are open":      {name: "robots.txt", opens: syscall.EMFILE},
		"the disk fails at opening it": {name: "robots.txt", opens: syscall.EIO},
		"the disk fails at reading it": {name: "robots.txt", reads: syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			files.MapFS = app()
			var told strings.Builder
			handler, err := static.New(files, static.Config{Logger: slog.New(slog.NewTextHandler(&told, nil))})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				answer := request(handler, http.MethodGet, "/robots.txt", nil)
				if answer.Code != http.StatusInternalServerError || answer.Body.String() != "500 internal server error\n" || answer.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("got %d %s %v", answer.Code, answer.Body, answer.Header())
				}
			}
			if !strings.Contains(told.String(), "robots.txt") {
				t.Errorf("the log says %s", told.String())
			}
		})
	}
}

func TestAPathThatIsNoneIsRefused(t *testing.T) {
	folder := static.Dir(t.TempDir())
	for _, name := range []string{"../x", "/etc/passwd", "a/../b", ""} {
		if _, err := folder.Open(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("open %q: got %v", name, err)
		}
		if _, err := folder.Stat(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("stat %q: got %v", name, err)
		}
	}
}
