package intelligencetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// Frame is a message of Phoenix's protocol, version 2: a JSON array of five.
type Frame struct {
	// Socket counts the connections, from 1. Received is whether the platform got it.
	Socket   int
	Runner   bool
	Received bool
	// JoinRef and Ref are nil for null.
	JoinRef, Ref *string
	Topic, Event string
	Payload      json.RawMessage
}

// Frames returns all frames so far, in order.
func (p *Platform) Frames() []Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Frame(nil), p.frames...)
}

// Connections returns how many WebSockets are open, and how many there have been.
func (p *Platform) Connections() (runners, clients int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.open {
		if s.kind == runnerSocket {
			runners++
		} else {
			clients++
		}
	}
	return runners, clients
}

type socketKind int

const (
	runnerSocket socketKind = iota
	clientSocket
)

// socket is a WebSocket. What is sent goes through a queue, so that nobody waits for a
// peer that doesn't read.
type socket struct {
	platform *Platform
	kind     socketKind
	number   int
	cut      context.CancelFunc
	out      chan outgoing
	channels map[string]*channel // by topic
	scope    token               // of a client
}

type outgoing struct {
	data []byte
	code int // closes the connection, unless data is set
}

// channel is a topic that a socket has joined.
type channel struct {
	joinRef *string
	topic   string
	run     *run // of a runner
	batches bool
	follow  *follower // of a client on a thread
}

const queueLength = 16384

// serve answers the frames of a WebSocket until it is closed.
func (p *Platform) serve(w http.ResponseWriter, r *http.Request, kind socketKind, scope token) {
	p.sockets.Add(1)
	defer p.sockets.Done()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{"phoenix"},
		InsecureSkipVerify: true, // browsers come from everywhere, and bring a token
	})
	if err != nil {
		return // it has answered
	}
	conn.SetReadLimit(p.options.FrameLimit)
	ctx, cut := context.WithCancel(p.lifetime)
	defer cut()
	s := &socket{
		platform: p, kind: kind, cut: cut, scope: scope,
		out: make(chan outgoing, queueLength), channels: make(map[string]*channel),
	}
	p.mu.Lock()
	p.issued++
	s.number = p.issued
	p.open[s] = true
	p.touch()
	p.mu.Unlock()

	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write(ctx, conn)
	}()
	s.read(ctx, conn)
	cut()
	<-written
	_ = conn.CloseNow()
	p.mu.Lock()
	delete(p.open, s)
	p.touch()
	p.mu.Unlock()
}

func (s *socket) read(ctx context.Context, conn *websocket.Conn) {
	for {
		idle, done := context.WithTimeout(ctx, s.platform.options.IdleTimeout)
		kind, data, err := conn.Read(idle)
		done()
		if err != nil {
			if errors.Is(err, websocket.ErrMessageTooBig) {
				s.platform.recordTooBig(s)
			}
			return
		}
		frame, err := parseFrame(kind, data)
		if err != nil {
			s.platform.recordMalformed(s, data)
			_ = conn.Close(websocket.StatusPolicyViolation, "malformed frame")
			return
		}
		s.platform.receive(s, frame)
		if frame.Event == "phx_leave" {
			s.rest(ctx)
		}
	}
}

// rest waits for LeaveDelay.
func (s *socket) rest(ctx context.Context) {
	s.platform.mu.Lock()
	delay := s.platform.faults.LeaveDelay
	s.platform.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
	}
}

func (p *Platform) recordTooBig(s *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse("socket %d: a frame of more than %d bytes", s.number, p.options.FrameLimit)
}

func (p *Platform) recordMalformed(s *socket, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.violate("socket %d: a malformed frame: %.200q", s.number, data)
}

func (s *socket) write(ctx context.Context, conn *websocket.Conn) {
	for {
		select {
		case <-ctx.Done():
			return
		case message := <-s.out:
			if message.data == nil {
				_ = conn.Close(websocket.StatusCode(message.code), "")
				s.cut()
				return
			}
			limited, done := context.WithTimeout(ctx, 10*time.Second)
			err := conn.Write(limited, websocket.MessageText, message.data)
			done()
			if err != nil {
				s.cut()
				return
			}
		}
	}
}

// close closes the connection; 0 cuts it off. What was sent before is still written,
// unless it is cut off.
func (s *socket) close(code int) {
	if code == 0 {
		s.cut()
		return
	}
	s.queue(outgoing{code: code})
}

func (s *socket) queue(message outgoing) {
	select {
	case s.out <- message:
	default:
		s.cut() // whoever is there doesn't read
	}
}

// receive answers a frame.
func (p *Platform) receive(s *socket, frame Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	frame.Socket, frame.Runner, frame.Received = s.number, s.kind == runnerSocket, true
	p.frames = append(p.frames, frame)
	p.touch()
	if p.faults.Silent {
		return
	}
	if frame.Topic == "phoenix" && frame.Event == "heartbeat" {
		if spend(&p.faults.CloseOnHeartbeat) {
			s.close(p.faults.CloseCode)
			return
		}
		s.reply(frame, "ok", struct{}{})
		return
	}
	if s.kind == runnerSocket {
		p.receiveRunner(s, frame)
	} else {
		p.receiveClient(s, frame)
	}
}

// reply answers a frame. The platform's mutex is held, as for push.
func (s *socket) reply(to Frame, status string, response any) {
	s.send(to.JoinRef, to.Ref, to.Topic, "phx_reply", map[string]any{"status": status, "response": response})
}

// push sends what wasn't asked for.
func (s *socket) push(joinRef *string, topic, event string, payload any) {
	s.send(joinRef, nil, topic, event, payload)
}

func (s *socket) send(joinRef, ref *string, topic, event string, payload any) {
	data := encode([]any{joinRef, ref, topic, event, payload})
	s.platform.frames = append(s.platform.frames, Frame{
		Socket: s.number, Runner: s.kind == runnerSocket,
		JoinRef: joinRef, Ref: ref, Topic: topic, Event: event, Payload: encode(payload),
	})
	s.platform.touch()
	s.queue(outgoing{data: data})
}

func parseFrame(kind websocket.MessageType, data []byte) (Frame, error) {
	var frame Frame
	var parts []json.RawMessage
	if kind != websocket.MessageText {
		return frame, errors.New("not text")
	}
	if err := json.Unmarshal(data, &parts); err != nil {
		return frame, err
	}
	if len(parts) != 5 {
		return frame, errors.New("not five elements")
	}
	for i, into := range []any{&frame.JoinRef, &frame.Ref, &frame.Topic, &frame.Event} {
		if err := json.Unmarshal(parts[i], into); err != nil {
			return frame, err
		}
	}
	frame.Payload = parts[4]
	return frame, nil
}

// encode writes JSON as JavaScript does, without escapes for HTML.
func encode(value any) json.RawMessage {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // it is made here
	}
	return bytes.TrimSpace(buffer.Bytes())
}
