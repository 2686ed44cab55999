package intelligencetest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

const user = "ada"

// call makes an HTTP call and returns the status and the answer.
func call(t *testing.T, p *intelligencetest.Platform, method, path, body string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+p.Key)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

// lock makes a run of a thread, and returns a front end's token for it.
func lock(t *testing.T, p *intelligencetest.Platform, threadID, runID string) string {
	t.Helper()
	if _, exists := p.Thread(threadID); !exists {
		p.AddThread(threadID, user, "default")
	}
	status, body := call(t, p, "POST", "/api/threads/"+threadID+"/lock",
		fmt.Sprintf(`{"runId":%q,"userId":%q,"agentId":"default","ttlSeconds":20}`, runID, user))
	if status != http.StatusOK {
		t.Fatalf("the lock of %s: %d %s", threadID, status, body)
	}
	var answer struct {
		JoinToken string `json:"joinToken"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.JoinToken
}

// peer is a WebSocket that speaks as little of Phoenix as it can.
type peer struct {
	t    *testing.T
	conn *websocket.Conn
	ref  int
}

// dialRunner connects as a runtime does, dialClient as a front end.
func dialRunner(t *testing.T, p *intelligencetest.Platform) *peer {
	t.Helper()
	c, status := dial(t, p.GatewayURL+"/runner/websocket?vsn=2.0.0", p.Key)
	if c == nil {
		t.Fatalf("the gateway answered %d", status)
	}
	return c
}

func dialClient(t *testing.T, p *intelligencetest.Platform, token string) *peer {
	t.Helper()
	c, status := dial(t, p.GatewayURL+"/client/websocket?vsn=2.0.0&join_token="+token, "")
	if c == nil {
		t.Fatalf("the gateway answered %d", status)
	}
	return c
}

func dial(t *testing.T, url, key string) (*peer, int) {
	t.Helper()
	options := &websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	if key != "" {
		options.Subprotocols = []string{"phoenix", "base64url.bearer.phx." + base64.RawURLEncoding.EncodeToString([]byte(key))}
	}
	conn, response, err := websocket.Dial(t.Context(), url, options)
	if err != nil {
		if response == nil {
			return nil, 0
		}
		return nil, response.StatusCode
	}
	conn.SetReadLimit(-1)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &peer{t: t, conn: conn}, response.StatusCode
}

// frame is what comes: the event, its payload, and the ref of what it answers.
type frame struct {
	ref, topic, event string
	payload           json.RawMessage
}

func (c *peer) send(topic, event, payload string) (ref string) {
	c.t.Helper()
	c.ref++
	ref = strconv.Itoa(c.ref)
	data := fmt.Sprintf(`["1",%q,%q,%q,%s]`, ref, topic, event, payload)
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, []byte(data)); err != nil {
		c.t.Fatalf("send %s: %v", event, err)
	}
	return ref
}

func (c *peer) read() (frame, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	_, data, err := c.conn.Read(ctx)
	if err != nil {
		return frame{}, err
	}
	var parts [5]json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil {
		return frame{}, err
	}
	text := func(i int) (s string) { _ = json.Unmarshal(parts[i], &s); return s }
	return frame{ref: text(1), topic: text(2), event: text(3), payload: parts[4]}, nil
}

// next returns the next frame.
func (c *peer) next() frame {
	c.t.Helper()
	f, err := c.read()
	if err != nil {
		c.t.Fatalf("read a frame: %v", err)
	}
	return f
}

// ask sends something and returns its answer: ok, or the error's reason, with "again" if
// it may be tried again.
func (c *peer) ask(topic, event, payload string) string {
	c.t.Helper()
	ref := c.send(topic, event, payload)
	for {
		f := c.next()
		if f.event != "phx_reply" || f.ref != ref {
			continue
		}
		var answer struct {
			Status   string `json:"status"`
			Response struct {
				Reason    string `json:"reason"`
				Retryable bool   `json:"retryable"`
			} `json:"response"`
		}
		if err := json.Unmarshal(f.payload, &answer); err != nil {
			c.t.Fatal(err)
		}
		switch {
		case answer.Status == "ok":
			return "ok"
		case answer.Response.Retryable:
			return answer.Response.Reason + ", again"
		default:
			return answer.Response.Reason
		}
	}
}

// join joins a run's topic.
func (c *peer) join(threadID, runID string) string {
	c.t.Helper()
	return c.ask("ingestion:"+runID, "phx_join", fmt.Sprintf(`{"thread_id":%q,"run_id":%q}`, threadID, runID))
}

// event is an event as a runtime sends it.
func event(threadID, runID string, seq int, kind, rest string) string {
	return fmt.Sprintf(`{"type":%q%s,"threadId":%q,"runId":%q,"thread_id":%q,"run_id":%q,"metadata":{"cpki_event_id":"%s-%d","cpki_event_seq":%d}}`,
		kind, rest, threadID, runID, threadID, runID, runID, seq, seq)
}

func started(threadID, runID string, seq int) string {
	return event(threadID, runID, seq, "RUN_STARTED",
		fmt.Sprintf(`,"input":{"threadId":%q,"runId":%q,"messages":[{"id":"m1","role":"user","content":"Hello"}]}`, threadID, runID))
}

func text(threadID, runID string, seq int, delta string) string {
	return event(threadID, runID, seq, "TEXT_MESSAGE_CONTENT", fmt.Sprintf(`,"messageId":"m2","delta":%q`, delta))
}

func finished(threadID, runID string, seq int) string {
	return event(threadID, runID, seq, "RUN_FINISHED", "")
}

func batch(events ...string) string { return `{"events":[` + strings.Join(events, ",") + `]}` }

// kinds returns the types of stored events.
func kinds(events []intelligencetest.Event) string {
	var b bytes.Buffer
	for _, e := range events {
		fmt.Fprintf(&b, "%d %s\n", e.Seq, e.Type)
	}
	return b.String()
}
