package gcf_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

// lastLine returns the last line of a log that has a text.
func lastLine(t *testing.T, log *platformtest.Log, part string) map[string]any {
	t.Helper()
	log.Await(t, part)
	var last map[string]any
	for text := range strings.Lines(log.String()) {
		if strings.Contains(text, part) {
			last = nil
			if err := json.Unmarshal([]byte(text), &last); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
		}
	}
	return last
}

func TestLinesAreAsCloudLoggingReadsThem(t *testing.T) {
	t.Parallel()
	const trace = "105445aa7843bc8bf206b12000100000"
	var asked []string
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("Metadata-Flavor"))
		_, _ = w.Write([]byte("of-metadata"))
	}))
	defer metadata.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	defer away.Close()
	for name, test := range map[string]struct {
		env  []string
		want map[string]any
	}{
		"with the project in a variable": {nil, map[string]any{
			"logging.googleapis.com/trace":  "projects/my-project/traces/" + trace,
			"logging.googleapis.com/spanId": "00000000000000ff", "logging.googleapis.com/trace_sampled": true,
		}},
		"with the project of the metadata server": {
			[]string{"GOOGLE_CLOUD_PROJECT=", "GCE_METADATA_HOST=" + strings.TrimPrefix(metadata.URL, "http://")},
			map[string]any{"logging.googleapis.com/trace": "projects/of-metadata/traces/" + trace},
		},
		"without either": {
			[]string{"GOOGLE_CLOUD_PROJECT=", "GCE_METADATA_HOST=" + strings.TrimPrefix(away.URL, "http://")},
			map[string]any{"logging.googleapis.com/trace": nil, "traceId": trace},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := start(t, append(test.env, "COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none"))
			header := http.Header{"X-Cloud-Trace-Context": {trace + "/255;o=1"}, "Function-Execution-Id": {"abc123"}, "X-Request-Id": {"the-clients"}}
			for range 2 { // the project is known at the end of the first request
				got := d.Do(t, "GET", platformtest.BasePath+"/info", "", header)
				if id := got.Header.Get("X-Request-Id"); id != "abc123" {
					t.Errorf("the request's id is %q", id)
				}
			}
			d.Do(t, "GET", platformtest.BasePath+"/nowhere", "", header)
			line := lastLine(t, d.Log, `"path":"/api/copilotkit/nowhere"`)
			for name, want := range map[string]any{"severity": "INFO", "message": "request ended", "requestId": "abc123"} {
				if line[name] != want {
					t.Errorf("%s is %v, want %v", name, line[name], want)
				}
			}
			for name, want := range test.want {
				if line[name] != want {
					t.Errorf("%s is %v, want %v in %v", name, line[name], want, line)
				}
			}
		})
	}
	if len(asked) != 1 || asked[0] != "/computeMetadata/v1/project/project-id Google" {
		t.Errorf("the metadata server was asked %q", asked)
	}
}

func TestTheFunctionAnswersProbes(t *testing.T) {
	t.Parallel()
	d := start(t, []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none"})
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := d.Do(t, "GET", path, "", nil); got.Status != http.StatusOK {
			t.Errorf("%s is answered with %d %s", path, got.Status, got.Body)
		}
	}
}
