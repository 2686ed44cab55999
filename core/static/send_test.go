package static_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/test/pipetest"
)

func TestAClientThatDoesNotReadIsLeft(t *testing.T) {
	folder := newFolder(t)
	const size = 4 << 20
	if err := os.WriteFile(filepath.Join(folder, "large.txt"), make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		wait time.Duration // before the rest is read
		kept bool
	}{
		"one that is slow gets all":        {10 * time.Minute, true},
		"one that doesn't read is cut off": {time.Hour, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := pipetest.Listen()
				server := &http.Server{Handler: inFolder(t, folder)}
				go func() { _ = server.Serve(listener) }()
				defer server.Close()
				client := listener.Dial()
				defer client.Close()
				ask := func(path string) { fmt.Fprintf(client, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path) }
				ask("/large.txt")
				reader := bufio.NewReader(client)
				response, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(test.wait)
				n, err := io.Copy(io.Discard, response.Body)
				if got := n == size && err == nil; got != test.kept {
					t.Fatalf("after %s got %d bytes, %v", test.wait, n, err)
				}
				if !test.kept {
					return
				}
				time.Sleep(time.Hour) // no deadline is left on the connection
				ask("/robots.txt")
				if response, err = http.ReadResponse(reader, nil); err != nil || response.StatusCode != http.StatusOK {
					t.Errorf("the next request on the connection: got %v, %v", response, err)
				}
			})
		})
	}
}

func TestManyRangesAreNotSent(t *testing.T) {
	folder := newFolder(t)
	if err := os.WriteFile(filepath.Join(folder, "large.txt"), make([]byte, 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	ranges := "bytes=0-0" + strings.Repeat(",2-2", 10_000)
	answer := request(inFolder(t, folder), http.MethodGet, "/large.txt", http.Header{"Range": {ranges}})
	if answer.Code != http.StatusOK || answer.Body.Len() != 1<<20 {
		t.Errorf("got %d, %d bytes", answer.Code, answer.Body.Len())
	}
}
