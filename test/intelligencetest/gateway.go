package intelligencetest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
)

// gatewayHandler is where runners and front ends connect.
func (p *Platform) gatewayHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/runner/websocket", p.upgradeRunner)
	mux.HandleFunc("/client/websocket", p.upgradeClient)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.violate("a connection to %s of the gateway", r.URL.Path)
		p.mu.Unlock()
		http.NotFound(w, r)
	})
	return mux
}

// upgradeRunner lets in who has the project's key, as a subprotocol.
func (p *Platform) upgradeRunner(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	faults := p.faults
	p.recordRequest(r, nil)
	p.mu.Unlock()
	if faults.HangUpgrade {
		select {
		case <-p.lifetime.Done():
		case <-r.Context().Done():
		}
		return
	}
	if faults.UpgradeStatus != 0 {
		http.Error(w, "refused", faults.UpgradeStatus)
		return
	}
	if !p.hasKey(r) {
		p.mu.Lock()
		p.refuse("a runner without the project's key")
		p.mu.Unlock()
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	if version := r.URL.Query().Get("vsn"); version != "2.0.0" {
		p.mu.Lock()
		p.violate("a runner speaks version %q of the protocol", version)
		p.mu.Unlock()
	}
	p.serve(w, r, runnerSocket, token{})
}

// hasKey reports whether the subprotocols are phoenix and the project's key, in either
// alphabet of base64.
func (p *Platform) hasKey(r *http.Request) bool {
	var offered []string
	for _, header := range r.Header.Values("Sec-WebSocket-Protocol") {
		for protocol := range strings.SplitSeq(header, ",") {
			offered = append(offered, strings.TrimSpace(protocol))
		}
	}
	const prefix = "base64url.bearer.phx."
	key := []byte(p.Key)
	return slices.Contains(offered, "phoenix") &&
		(slices.Contains(offered, prefix+base64.RawURLEncoding.EncodeToString(key)) ||
			slices.Contains(offered, prefix+base64.RawStdEncoding.EncodeToString(key)))
}

// upgradeClient lets in who has a token that nobody has used.
func (p *Platform) upgradeClient(w http.ResponseWriter, r *http.Request) {
	joinToken := r.URL.Query().Get("join_token")
	p.mu.Lock()
	scope, known := p.tokens[joinToken]
	delete(p.tokens, joinToken)
	if !known {
		p.refuse("a front end with an unknown or used token")
	}
	p.mu.Unlock()
	if !known {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	p.serve(w, r, clientSocket, scope)
}

// receiveRunner answers what a runner sends. The mutex is held.
func (p *Platform) receiveRunner(s *socket, frame Frame) {
	switch frame.Event {
	case "phx_join":
		p.joinRunner(s, frame)
		return
	case "phx_leave":
		delete(s.channels, frame.Topic)
		s.reply(frame, "ok", struct{}{})
		return
	}
	joined := s.channels[frame.Topic]
	if joined == nil || !same(joined.joinRef, frame.JoinRef) {
		// What was on its way when the channel was joined anew.
		p.refuse("socket %d: %s on %s, which it hasn't joined", s.number, frame.Event, frame.Topic)
		s.reply(frame, "error", map[string]any{"reason": "unmatched topic"})
		return
	}
	switch frame.Event {
	case "event", "events":
		p.pushed(s, joined, frame)
	default:
		p.violate("socket %d: a runner sends %s", s.number, frame.Event)
		s.reply(frame, "error", map[string]any{"reason": "unknown event", "retryable": false})
	}
}

// joinRunner opens a run's topic to who holds the thread's lock. A run that has ended is
// joined again by a runner that missed the answer.
func (p *Platform) joinRunner(s *socket, frame Frame) {
	respond := func(status string, response map[string]any) {
		if p.faults.JoinPadding > 0 {
			response["padding"] = strings.Repeat("x", p.faults.JoinPadding)
		}
		p.later(p.faults.JoinDelay, func() { s.reply(frame, status, response) })
	}
	if spend(&p.faults.JoinDrain) {
		respond("error", map[string]any{"reason": "gateway_draining", "retryable": true})
		return
	}
	if p.faults.JoinReject != "" {
		respond("error", map[string]any{"reason": p.faults.JoinReject, "retryable": false})
		return
	}
	if frame.JoinRef == nil || frame.Ref == nil {
		p.violate("socket %d: a join without references", s.number)
	}
	params := decode(frame.Payload)
	runID, threadID := params.text("run_id"), params.text("thread_id")
	if frame.Topic != "ingestion:"+runID || runID == "" || threadID == "" {
		p.violate("socket %d: a join of %s with %s", s.number, frame.Topic, frame.Payload)
		respond("error", map[string]any{"reason": "bad topic", "retryable": false})
		return
	}
	r := p.runs[runID]
	if r == nil || r.threadID != threadID {
		p.violate("socket %d: a join of run %s of thread %s, which has never had a lock", s.number, runID, threadID)
		respond("error", map[string]any{"reason": "unknown run", "retryable": false})
		return
	}
	if !r.ended && !p.holds(r) {
		p.refuse("socket %d: a join of run %s, whose lock is gone", s.number, runID)
		respond("error", map[string]any{"reason": "invalid_lock", "retryable": false})
		return
	}
	// A repeated join takes the place of the one before.
	joined := &channel{joinRef: frame.JoinRef, topic: frame.Topic, run: r, batches: !p.faults.NoBatches}
	s.channels[frame.Topic] = joined
	r.joins++
	response := map[string]any{}
	if joined.batches {
		response["capabilities"] = []string{"runner_event_batch_v1"}
	}
	respond("ok", response)
}

// stopRunners tells those who run a run to stop. The mutex is held.
func (p *Platform) stopRunners(r *run) {
	for s := range p.open {
		if s.kind == runnerSocket && s.channels["ingestion:"+r.id] != nil {
			// A broadcast has no references.
			s.push(nil, "ingestion:"+r.id, "ag-ui", map[string]any{"type": "CUSTOM", "name": "stop"})
		}
	}
}

// StopRun tells a run's runners to stop, as the platform does for a front end.
func (p *Platform) StopRun(runID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.runs[runID]; r != nil {
		p.stopRunners(r)
	}
}

// later does something after a while, with the mutex held. The mutex is held by the
// caller.
func (p *Platform) later(delay time.Duration, do func()) {
	if delay <= 0 {
		do()
		return
	}
	time.AfterFunc(delay, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		do()
	})
}

func same(a, b *string) bool {
	return a == b || a != nil && b != nil && *a == *b
}
