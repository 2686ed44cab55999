package static_test

import (
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/copilotkit-go/runtime/core/static"
)

// newFolder returns a folder with an app, below one with a secret.
func newFolder(t testing.TB) string {
	t.Helper()
	above := t.TempDir()
	folder := filepath.Join(above, "dist")
	if err := os.CopyFS(folder, app()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(above, "secret.txt"), "secret")
	return folder
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func inFolder(t testing.TB, folder string) http.Handler {
	t.Helper()
	handler, err := static.New(static.Dir(folder), static.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// seeker is a file as embedded ones are.
type seeker interface {
	fs.File
	Seek(int64, int) (int64, error)
}
