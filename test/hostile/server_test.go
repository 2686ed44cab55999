package hostile_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// most is more than what the runtime reads of any answer.
const most = 72 << 20

// floods matches the tests whose servers send megabytes. Their runs are ended by a
// number of bytes, for which a busy machine needs its time.
var floods = regexp.MustCompile(`for_ever|endless|10_MB`)

// answer is one way of answering a request. It is told all that the request has.
type answer func(w http.ResponseWriter, r *http.Request, quoted string)

// frames are the parts of a good answer in some protocol.
type frames struct {
	begin string // of an answer, complete events
	delta func(text string) string
	end   string
}

// serve starts a server that answers all requests in one way.
func serve(t *testing.T, give answer) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		give(w, r, quote(r, body))
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// quote returns what a server that quotes everything says of a request.
func quote(r *http.Request, body []byte) string {
	user, password, _ := r.BasicAuth()
	var decoded struct {
		Messages []struct{ Content string }
	}
	_ = json.Unmarshal(body, &decoded)
	return fmt.Sprintf("can't %s http://%s%s with %v of %s:%s and %s meaning %q", r.Method, r.Host, r.URL, r.Header, user, password, body, decoded.Messages)
}

// A stream and what to do after it.
func stream(lines string, then answer) answer {
	return func(w http.ResponseWriter, r *http.Request, quoted string) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, lines)
		http.NewResponseController(w).Flush()
		then(w, r, quoted)
	}
}

func end(http.ResponseWriter, *http.Request, string) {}

func hang(_ http.ResponseWriter, r *http.Request, _ string) { <-r.Context().Done() }

// reset cuts the connection in the middle of the answer.
func reset(http.ResponseWriter, *http.Request, string) { panic(http.ErrAbortHandler) }

// status answers with a status and a body that quotes the request.
func status(code int, header ...string) answer {
	return func(w http.ResponseWriter, _ *http.Request, quoted string) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		io.WriteString(w, quoted)
	}
}

// jsonError answers with a status and an error in JSON that quotes the request.
func jsonError(code int, header ...string) answer {
	return func(w http.ResponseWriter, r *http.Request, quoted string) {
		body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": quoted, "type": "x", "code": "y"}})
		w.Header().Set("Content-Type", "application/json")
		status(code, header...)(w, r, string(body))
	}
}

// page answers with HTML that quotes the request.
func page(w http.ResponseWriter, r *http.Request, quoted string) {
	status(http.StatusOK, "Content-Type", "text/html")(w, r, "<html>"+quoted+"</html>")
}

// forever writes until the client has gone: at full speed until it has sent more than
// any bound is, and then slowly, so that a client that comes back again and again
// doesn't take the processors from the other tests.
func forever(text string) answer {
	text = strings.Repeat(text, 1+4096/len(text))
	var sent atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, _ string) {
		control := http.NewResponseController(w)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
			if sent.Add(int64(len(text))) > most {
				control.Flush()
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// comments writes comments until the client has gone.
func comments(w http.ResponseWriter, r *http.Request, _ string) {
	control := http.NewResponseController(w)
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, strings.Repeat(": x\n\n", 1000)); err != nil {
			return
		}
		control.Flush()
		time.Sleep(time.Millisecond)
	}
}

// bytewise writes one byte at a time.
func bytewise(text string) answer {
	return func(w http.ResponseWriter, _ *http.Request, _ string) {
		control := http.NewResponseController(w)
		for i := range len(text) {
			io.WriteString(w, text[i:i+1])
			control.Flush()
		}
	}
}

// away redirects to another host, which must never be asked.
func away(t *testing.T, code int) answer {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host got %s %s with %v", r.Method, r.URL, r.Header)
	}))
	t.Cleanup(elsewhere.Close)
	return func(w http.ResponseWriter, r *http.Request, _ string) {
		http.Redirect(w, r, elsewhere.URL+"/?api_key="+urlKey, code)
	}
}

// expected is how a run ends: with a code of RUN_ERROR, or with RUN_FINISHED and some
// text.
type expected struct{ code, text string }

// limit returns how long the run may take: what ends by its deadline needs it.
func (e expected) limit() time.Duration {
	if e.code == "DEADLINE_EXCEEDED" {
		return shortRun
	}
	return longRun
}

// patience is how long the server under test waits for a peer in mid-answer: not for long
// if silence is to end the run with that code, and longer otherwise, since on a busy machine
// every peer falls silent for a while, or is asked again after pauses of its own choice.
func (e expected) patience(silent string) time.Duration {
	if e.code == silent {
		return brief
	}
	return long
}

// headerPatience is that until an answer begins, as one has that shows a text.
func (e expected) headerPatience(silent string) time.Duration {
	if e.text != "" {
		return long
	}
	return e.patience(silent)
}

func (e expected) check(t *testing.T, got outcome) {
	t.Helper()
	got.check(t)
	code, _ := got.last()["code"].(string)
	if code != e.code || e.code == "" && got.last()["type"] != "RUN_FINISHED" {
		t.Errorf("the run ends with %v, want the code %q", got.last(), e.code)
	}
	if parts := got.text(); !join(parts, e.text) {
		text := strings.Join(parts, "")
		t.Errorf("the run says %d bytes %.80q, want %d bytes %.80q", len(text), text, len(e.text), e.text)
	}
	if testing.Verbose() {
		t.Logf("%v: %v\n%s", got.took, got.last(), got.log)
	}
}

// streams are the hostile ways to stream an answer, and how the run must end. Parts
// that came before the fault have been shown.
func streams(f frames, broken, silent, garbage string) map[string]struct {
	answer answer
	want   expected
} {
	hel, lo := f.delta("Hel"), f.delta("lo")
	huge := strings.Repeat("x", 10<<20)
	half := hel[:len(hel)/2]
	return map[string]struct {
		answer answer
		want   expected
	}{
		"it hangs in mid-stream":                    {stream(f.begin+hel, hang), expected{silent, "Hel"}},
		"it hangs right after its header":           {stream("", hang), expected{silent, ""}},
		"it resets in mid-stream":                   {stream(f.begin+hel, reset), expected{broken, "Hel"}},
		"it ends in mid-stream":                     {stream(f.begin+hel+half, end), expected{garbage, "Hel"}},
		"it hangs after half a line":                {stream(f.begin+hel+half, hang), expected{silent, "Hel"}},
		"it sends invalid JSON":                     {stream(f.begin+hel+"data: {nonsense}\n\n"+lo+f.end, end), expected{garbage, "Hel"}},
		"it sends half of an object":                {stream(f.begin+hel+"data: {\"a\":\n\n"+lo+f.end, end), expected{garbage, "Hel"}},
		"it sends nesting without end":              {stream(f.begin+hel+"data: "+strings.Repeat("[", 1<<20)+"\n\n", end), expected{garbage, "Hel"}},
		"it sends one delta of 10 MB":               {stream(f.begin+strings.Replace(f.delta("HUGE"), "HUGE", huge, 1)+f.end, end), expected{"", huge}},
		"it sends one byte at a time":               {stream("", bytewise(f.begin+hel+lo+f.end)), expected{"", "Hello"}},
		"it sends an endless line":                  {stream(f.begin+hel, forever("x")), expected{broken, "Hel"}},
		"it sends an event of endlessly many lines": {stream(f.begin+hel, forever("data: "+strings.Repeat("x", 1<<14)+"\n")), expected{broken, "Hel"}},
		"it sends nothing but comments":             {stream(f.begin+hel, comments), expected{"DEADLINE_EXCEEDED", "Hel"}},
	}
}
