package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// probe asks the server's root for a path, over a new connection and by another name than
// the server has for itself.
func (s *server) probe(t *testing.T, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(s.site, "/")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host, request.Close = "10.1.2.3:8080", true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

func TestProbesAreAnsweredBesideTheRoutes(t *testing.T) {
	for _, base := range []string{"/api/copilotkit", "/"} {
		s := start(t, "COPILOTKIT_MODEL=demo", "COPILOTKIT_BASE_PATH="+base)
		for path, want := range map[string]string{
			"/healthz": `{"status":"ok"}`, "/readyz": `{"status":"ready","runtime":"ok","model":"ok","store":"ok"}`,
		} {
			if status, body := s.probe(t, path); status != http.StatusOK || body != want {
				t.Errorf("below %s: %s is answered with %d %s", base, path, status, body)
			}
		}
	}
}

func TestTheServerIsUnreadyBeforeItTakesNoMoreRequests(t *testing.T) {
	s := start(t, "COPILOTKIT_MODEL=demo", "COPILOTKIT_DRAIN_SECONDS=1")
	begun := time.Now()
	s.interrupt()
	for status, body := 0, ""; status != http.StatusServiceUnavailable; {
		if status, body = s.probe(t, "/readyz"); status != http.StatusOK && body != `{"status":"draining"}` {
			t.Fatalf("got %d %s", status, body)
		}
	}
	if status, _ := s.probe(t, "/healthz"); status != http.StatusOK {
		t.Errorf("a server that drains is dead: %d", status)
	}
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took < time.Second {
		t.Errorf("it took requests for %v only", took)
	}
}

func TestTheVersionSaysWhatWasBuilt(t *testing.T) {
	var out strings.Builder
	if code := run(t.Context(), []string{"version"}, streams{out: nopCloser{&out}, err: &out}); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if text := out.String(); !strings.HasPrefix(text, "copilotkit ") || !strings.Contains(text, " go1.") || strings.Count(text, "\n") < 2 {
		t.Errorf("got %q", text)
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
