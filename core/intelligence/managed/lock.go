package managed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/store"
)

// lock is the lock of a thread that a run has. Its ids take the place of those that it was
// asked for with.
type lock struct {
	threadID, runID, joinToken string
}

// lockThread takes a thread's lock for a run. It fails with [store.ErrLocked] while another
// has it. What the platform answers isn't checked: it may be empty.
func (p *Platform) lockThread(ctx context.Context, user, agentID, threadID, runID, container string) (lock, error) {
	var answer struct{ ThreadID, RunID, JoinToken text }
	err := p.decode(ctx, call{
		name: "lock thread", method: http.MethodPost, path: "/api/threads/", id: threadID, rest: "/lock", hasID: true,
		user: user, place: inBody,
		body: filled(map[string]any{
			"runId": runID, "agentId": agentID, "ttlSeconds": p.lockSeconds(),
		}, "learningContainerId", container, "lockKeyPrefix", p.options.LockKeyPrefix),
	}, &answer)
	if hasStatus(err, http.StatusConflict) {
		return lock{}, fmt.Errorf("%w: %w", store.ErrLocked, err)
	}
	return lock{string(answer.ThreadID), string(answer.RunID), string(answer.JoinToken)}, err
}

// renewLock makes a run's lock hold for another LockTTL.
func (p *Platform) renewLock(ctx context.Context, threadID, runID string) error {
	_, err := p.do(ctx, call{
		name: "renew lock", method: http.MethodPatch, path: "/api/threads/", id: threadID, rest: "/lock", hasID: true,
		body:       filled(map[string]any{"runId": runID, "ttlSeconds": p.lockSeconds()}, "lockKeyPrefix", p.options.LockKeyPrefix),
		repeatable: true,
	})
	return err
}

// releaseLock frees a thread whose run can't go on. The gateway frees those whose run has
// ended.
func (p *Platform) releaseLock(ctx context.Context, threadID, runID string) error {
	_, err := p.do(ctx, call{
		name: "release lock", method: http.MethodDelete, path: "/api/threads/", id: threadID, rest: "/lock", hasID: true,
		body: map[string]any{"runId": runID}, repeatable: true,
	})
	return err
}

func (p *Platform) lockSeconds() int { return int(p.options.LockTTL / time.Second) }

// connectThread returns where a thread's events can be had, nil if there are none.
func (p *Platform) connectThread(ctx context.Context, user, agentID, threadID string) (*intelligence.Credentials, error) {
	c := call{
		name: "connect to thread", method: http.MethodPost, path: "/api/threads/", id: threadID, rest: "/connect", hasID: true,
		user: user, place: inBody, body: map[string]any{"agentId": agentID},
	}
	answer, err := p.do(ctx, c)
	if err != nil || len(answer) == 0 || string(answer) == "null" {
		return nil, err
	}
	var fields struct{ ThreadID, RunID, JoinToken text }
	if json.Unmarshal(answer, &fields) != nil || fields.ThreadID == "" || fields.JoinToken == "" {
		return nil, &intelligence.Error{Call: c.name, Err: errAnswer}
	}
	return &intelligence.Credentials{ThreadID: string(fields.ThreadID), RunID: string(fields.RunID), JoinToken: string(fields.JoinToken)}, nil
}

// text is a string, "" where JSON has something else.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	var value string
	if json.Unmarshal(data, &value) == nil {
		*t = text(value)
	}
	return nil
}

// filled adds the pairs of names and values to a body whose values aren't empty.
func filled(body map[string]any, pairs ...string) map[string]any {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			body[pairs[i]] = pairs[i+1]
		}
	}
	return body
}

// hasStatus reports whether the platform has answered with a status.
func hasStatus(err error, status int) bool {
	failed, ok := errors.AsType[*intelligence.Error](err)
	return ok && failed.Status == status
}
