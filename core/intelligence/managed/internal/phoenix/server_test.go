package phoenix_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/copilotkit-go/runtime/core/intelligence/managed/internal/phoenix"
	"github.com/copilotkit-go/runtime/test/pipetest"
)

// server is a Phoenix server in the memory of a test, whose side of each connection a
// function plays.
type server struct {
	t      *testing.T
	client *http.Client
	http   http.Server
	pipes  *pipetest.Listener
	// joined is sent to when a conversation that goes well has a join.
	joined chan struct{}

	mu      sync.Mutex
	refuse  bool
	dials   []time.Time
	asked   []*http.Request
	serving sync.WaitGroup
}

// newServer returns a server whose connections play handles, one after the other if it
// is one conversation, and with a status where it refuses the handshake.
func newServer(t *testing.T, play func(*conversation), status ...int) *server {
	s := &server{t: t, pipes: pipetest.Listen(), joined: make(chan struct{}, 100)}
	transport := &http.Transport{DialContext: s.dial}
	s.client = &http.Client{Transport: transport}
	count := 0
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r)
		count++
		number := count
		s.mu.Unlock()
		if number <= len(status) {
			w.WriteHeader(status[number-1])
			return
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"phoenix"}})
		if err != nil {
			return
		}
		conn.SetReadLimit(-1)
		defer conn.CloseNow()
		s.serving.Add(1)
		defer s.serving.Done()
		play(&conversation{t: t, conn: conn, number: number, joined: s.joined})
	})
	var serving sync.WaitGroup
	serving.Go(func() { s.http.Serve(s.pipes) })
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.http.Close()
		serving.Wait()
		s.serving.Wait()
	})
	return s
}

func (s *server) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	s.dials = append(s.dials, time.Now())
	refuse := s.refuse
	s.mu.Unlock()
	if !refuse {
		if conn := s.pipes.Dial(); conn != nil {
			return conn, nil
		}
	}
	return nil, errors.New("connection refused")
}

func (s *server) dialled() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dials)
}

// open opens a channel to the server, which the end of the test closes.
func (s *server) open(change func(*phoenix.Config)) *phoenix.Channel {
	config := phoenix.Config{
		URL: "ws://gateway/runner/websocket", Token: "cpk-1_secret-key", Client: s.client,
		Topic: "ingestion:run", Params: []byte(`{"thread_id":"t","run_id":"run"}`),
		ReconnectMax: 10 * time.Second, RejoinMax: 30 * time.Second,
	}
	if change != nil {
		change(&config)
	}
	channel := phoenix.Open(config)
	s.t.Cleanup(channel.Close)
	return channel
}

// conversation is the server's side of one connection.
type conversation struct {
	t    *testing.T
	conn *websocket.Conn
	// number counts connections from 1.
	number int
	joined chan<- struct{}
}

type message struct {
	JoinRef, Ref *string
	Topic, Event string
	Payload      json.RawMessage
}

// next returns what the client sends next, and false when the connection has ended.
func (c *conversation) next() (message, bool) {
	_, data, err := c.conn.Read(context.Background())
	if err != nil {
		return message{}, false
	}
	var m message
	if err := json.Unmarshal(data, &[]any{&m.JoinRef, &m.Ref, &m.Topic, &m.Event, &m.Payload}); err != nil {
		c.t.Errorf("client sent %q: %v", data, err)
		return message{}, false
	}
	return m, true
}

func (c *conversation) send(parts ...any) {
	data, err := json.Marshal(parts)
	if err != nil {
		c.t.Error(err)
	}
	_ = c.conn.Write(context.Background(), websocket.MessageText, data)
}

func (c *conversation) reply(to message, status string, response any) {
	c.send(to.JoinRef, to.Ref, to.Topic, "phx_reply", map[string]any{"status": status, "response": response})
}

// well answers everything well, but what skip names, until the connection ends.
func (c *conversation) well(skip ...string) (got []message) {
	for {
		m, ok := c.next()
		if !ok {
			return got
		}
		got = append(got, m)
		if !slices.Contains(skip, m.Event) {
			c.reply(m, "ok", map[string]any{})
		}
		if m.Event == "phx_join" {
			c.joined <- struct{}{}
		}
	}
}

// never takes requests and doesn't answer.
func never() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}
