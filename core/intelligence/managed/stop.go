package managed

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/intelligence/managed/internal/phoenix"
)

const (
	// stopLimit is how long it may take to ask another instance's run to stop, stopAnswer
	// how much of that the gateway may take to answer.
	stopLimit  = 15 * time.Second
	stopAnswer = 5 * time.Second
)

// Connect implements [intelligence.Platform].
func (p *Platform) Connect(ctx context.Context, user, agentID, threadID string) (*intelligence.Credentials, error) {
	return p.connectThread(ctx, user, agentID, threadID)
}

// Stop implements [intelligence.Platform]. A run of another instance is stopped as a front
// end does it: through the gateway.
func (p *Platform) Stop(ctx context.Context, user, agentID, threadID, runID string) (bool, error) {
	if r := p.live.find(threadID); r != nil && (runID == "" || runID == r.held.runID) {
		return r.stop(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	credentials, err := p.connectThread(ctx, user, agentID, threadID)
	if err != nil || credentials == nil {
		return false, err
	}
	switch {
	case credentials.RunID == "" && runID == "":
		return false, nil
	case runID == "":
		runID = credentials.RunID
	case credentials.RunID != "" && credentials.RunID != runID:
		return false, nil
	}
	reply, err := p.pushStop(ctx, *credentials, runID)
	if err != nil {
		return false, &intelligence.Error{Call: "stop run", Err: err}
	}
	if !reply.OK {
		// It has ended meanwhile, or was never one of this thread.
		p.logger.InfoContext(ctx, "the gateway doesn't stop a run", "thread", threadID, "run", runID, "answer", fmt.Sprintf("%.512s", reply.Response))
	}
	return reply.OK, nil
}

// pushStop asks the gateway to stop a run. What it sends of the thread meanwhile isn't
// looked at.
func (p *Platform) pushStop(ctx context.Context, credentials intelligence.Credentials, runID string) (phoenix.Reply, error) {
	channel := phoenix.Open(phoenix.Config{
		URL:    p.ClientURL() + "/websocket?join_token=" + url.QueryEscape(credentials.JoinToken),
		Client: p.gateway,
		Topic:  "thread:" + credentials.ThreadID,
		Params: []byte(`{"stream_mode":"connect","last_seen_event_id":null}`),
		Failed: func(error) bool { return true }, // the token is used up
	})
	defer channel.Close()
	session, err := channel.Joined(ctx)
	if err != nil {
		return phoenix.Reply{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stopAnswer, phoenix.ErrTimeout)
	defer cancel()
	return session.Push(ctx, "stop_run", func(frame []byte) []byte { return append(frame, object("run_id", runID)...) })
}

// liveRuns are the runs of this process. The zero value has none. It is safe for
// concurrent use.
type liveRuns struct {
	mu       sync.Mutex
	byThread map[string]*run
}

func (l *liveRuns) add(r *run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byThread == nil {
		l.byThread = make(map[string]*run)
	}
	l.byThread[r.held.threadID] = r
}

// remove forgets a run, if another hasn't its place already.
func (l *liveRuns) remove(r *run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byThread[r.held.threadID] == r {
		delete(l.byThread, r.held.threadID)
	}
}

// has reports whether a thread's live run has an id.
func (l *liveRuns) has(threadID, runID string) bool {
	r := l.find(threadID)
	return r != nil && r.held.runID == runID
}

// find returns the live run of a thread, nil for none.
func (l *liveRuns) find(threadID string) *run {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byThread[threadID]
}
