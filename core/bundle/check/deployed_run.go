package check

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
)

const (
	// runLimit is how long a run may take.
	runLimit = time.Minute
	// maxStream is how much of a stream is read, in bytes.
	maxStream = 4 << 20
	// measurable is how long a run must take to say anything of how it comes, and moment
	// what counts as the same time.
	measurable, moment = 250 * time.Millisecond, 5 * time.Millisecond
)

// arrival is how events came.
type arrival struct {
	events, moments int
	// first and last are the times of events since the request was sent.
	first, last time.Duration
	kind        string // of the last event
	code, text  string // of RUN_ERROR
}

// stream begins a run, and measures how its events come.
func (v *visit) stream(ctx context.Context) (string, bool) {
	thread := "check-" + rand.Text()
	defer v.forget(ctx, thread)
	response, sent, err := v.start(ctx, thread)
	if err != nil {
		what, why, do := explainNetwork(ctx, "the run", err)
		v.problem("run", "", what, why, do)
		return "no answer", false
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		data, _ := io.ReadAll(io.LimitReader(response.Body, maxReply))
		code, text := reply{body: data}.failure()
		v.problem("run", "", fmt.Sprintf("a run is answered with %d: %s %s", response.StatusCode, code, text), "", "Look into the deployment's log.")
		return "it is refused", false
	}
	came, err := measure(response, sent)
	if err != nil {
		v.problem("run", "", "the stream of a run breaks off: "+err.Error(), "Something between has a time limit, or ends what it takes for idle.",
			"Raise the limit of the proxy or platform, or lower COPILOTKIT_SSE_KEEP_ALIVE_SECONDS.")
		return "it breaks off", false
	}
	if came.kind == "RUN_ERROR" {
		return v.runFailed(came), false
	}
	return v.judge(response, came)
}

// start posts a run.
func (v *visit) start(ctx context.Context, thread string) (*http.Response, time.Time, error) {
	input := fmt.Sprintf(`{"threadId":%q,"runId":"check","state":{},"messages":[{"id":"check","role":"user",`+
		`"content":"Count from one to forty, in words."}],"tools":[],"context":[],"forwardedProps":{}}`, thread)
	target, body := v.base+"/agent/"+url.PathEscape(v.agent())+"/run", input
	if v.single {
		target, body = v.base, fmt.Sprintf(`{"method":"agent/run","params":{"agentId":%q},"body":%s}`, v.agent(), input)
	}
	// As browsers do: what compresses on the way does so for them, too.
	header := http.Header{"Accept": {"text/event-stream"}, "Accept-Encoding": {"gzip"}}
	request, err := v.request(ctx, http.MethodPost, target, body, header)
	if err != nil {
		return nil, time.Time{}, err
	}
	sent := time.Now()
	response, err := v.client.Do(request)
	return response, sent, err
}

// forget deletes the thread of the run, as far as it can.
func (v *visit) forget(ctx context.Context, thread string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	body := fmt.Sprintf(`{"agentId":%q}`, v.agent())
	if v.single {
		_, _ = v.ask(ctx, http.MethodPost, v.base, fmt.Sprintf(`{"method":"resource/request","params":{"path":"/threads/%s","httpMethod":"DELETE"},"body":%s}`, thread, body), nil)
		return
	}
	_, _ = v.ask(ctx, http.MethodDelete, v.base+"/threads/"+thread, body, nil)
}

// measure reads a stream of events.
func measure(response *http.Response, sent time.Time) (came arrival, err error) {
	body := io.LimitReader(response.Body, maxStream)
	if response.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			return came, err
		}
		body = io.LimitReader(body, maxStream)
	}
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxStream)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		if !ok {
			continue
		}
		var event struct{ Type, Code, Message string }
		if !json.Valid(data) {
			return came, errors.New("there is something in it that is no event")
		}
		_ = json.Unmarshal(data, &event) // fields of other kinds are no error's
		at := time.Since(sent)
		if came.events == 0 {
			came.first = at
		}
		if came.events == 0 || at-came.last >= moment {
			came.moments++
		}
		came.events++
		came.last, came.kind, came.code, came.text = at, event.Type, event.Code, event.Message
	}
	switch {
	case lines.Err() != nil:
		return came, lines.Err()
	case came.events == 0:
		return came, errors.New("there is no event in it")
	case came.kind != "RUN_FINISHED" && came.kind != "RUN_ERROR":
		return came, fmt.Errorf("its last event is %s", came.kind)
	}
	return came, nil
}

// runFailed adds a finding for a run that ends with RUN_ERROR.
func (v *visit) runFailed(came arrival) string {
	what := "a run ends with RUN_ERROR: " + came.code + ": " + came.text
	const log = "The deployment's log has the provider's own words."
	switch came.code {
	case string(model.CodeAuthFailed):
		v.problem(MistakeWrongKey, "", what, "The provider refuses the deployment's key, or its identity. "+log, "Set the key of the model's provider to one that is active.")
	case string(model.CodeModelNotFound):
		v.problem(MistakeWrongModel, "COPILOTKIT_MODEL", what, "The provider has no such model, or not for this key. "+log, "Correct COPILOTKIT_MODEL.")
	default:
		v.problem("run", "", what, log, "")
	}
	return "it fails: " + came.code
}

// judge says whether the events came as they were made.
func (v *visit) judge(response *http.Response, came arrival) (string, bool) {
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
	text := fmt.Sprintf("%d events at %d times, the first after %s, the last after %s", came.events, came.moments, seconds(came.first), seconds(came.last))
	// An answer whose length is known before it has been made is one that was kept.
	whole := response.ContentLength >= 0 || came.last >= measurable && came.moments <= 2 && came.last-came.first < came.last/10
	switch {
	case whole:
		v.problem(MistakeBuffered, "", "the answer of a run comes in one piece: "+text, "Something between keeps it until it is complete, so that users see nothing meanwhile.",
			"In nginx set proxy_buffering off, in Apache flushpackets=on; on AWS use a Function URL with RESPONSE_STREAM or a REST API that streams, "+
				"since HTTP APIs and load balancers don't; turn off compression and caching of text/event-stream, and what scans answers.")
		return text, false
	case response.Header.Get("Content-Encoding") != "":
		v.warn(MistakeBuffered, "", "the stream is compressed on the way", "What compresses keeps events until it has enough of them.",
			"Turn compression off for text/event-stream.")
	case came.last < measurable:
		return text + ": too quick to tell whether something keeps it", true
	}
	return text, true
}
