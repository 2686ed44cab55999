package intelligencetest

import (
	"net/http"
	"time"
)

// lock is the right of one run to write to a thread.
type lock struct {
	runID   string
	prefix  string
	expires time.Time
}

// Lock returns which run holds a thread's lock, "" for none.
func (p *Platform) Lock(threadID string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if held := p.lockOf(threadID); held != nil {
		return held.runID
	}
	return ""
}

// lockOf returns a thread's lock unless its time is over. The mutex is held.
func (p *Platform) lockOf(threadID string) *lock {
	held := p.locks[threadID]
	if held == nil || time.Now().After(held.expires) {
		return nil
	}
	return held
}

func (p *Platform) holds(r *run) bool {
	held := p.lockOf(r.threadID)
	return held != nil && held.runID == r.id
}

// acquireLock gives a run a thread's lock, and a front end a token to follow it.
func (p *Platform) acquireLock(c *call) {
	body := c.body("runId", "userId", "agentId", "learningContainerId", "lockKeyPrefix", "ttlSeconds")
	t := c.thread(body.text("userId"))
	if t == nil {
		return
	}
	runID := c.required(body, "runId")
	c.required(body, "agentId")
	if c.answered {
		return
	}
	if p.lockOf(t.id) != nil {
		p.refuse("run %s: thread %s is locked", runID, t.id)
		c.fail(http.StatusConflict, "Thread locked")
		return
	}
	if p.faults.RenameRuns {
		runID = p.id("run")
	}
	if before := p.runs[runID]; before != nil && (len(before.events) > 0 || before.threadID != t.id) {
		p.refuse("run %s has been before", runID)
		c.fail(http.StatusConflict, "Run exists")
		return
	}
	ttl := p.options.LockTTL
	if seconds := body.number("ttlSeconds"); seconds > 0 {
		ttl = time.Duration(seconds * float64(time.Second))
	}
	if ttl > time.Hour {
		p.violate("run %s: a lock for %v", runID, ttl)
	}
	prefix := body.text("lockKeyPrefix")
	if prefix == "" {
		prefix = "thread"
	}
	p.locks[t.id] = &lock{runID: runID, prefix: prefix, expires: time.Now().Add(ttl)}
	p.runs[runID] = &run{id: runID, threadID: t.id, user: t.user, agentID: t.agentID}
	c.reply(http.StatusOK, map[string]any{
		"threadId": t.id, "runId": runID,
		"joinToken": p.issue(token{topic: "thread:" + t.id, threadID: t.id, user: t.user}),
		"lock":      map[string]any{"key": prefix + ":" + t.id, "ttlSeconds": ttl.Seconds()},
	})
}

// renewLock makes a lock last.
func (p *Platform) renewLock(c *call) {
	body := c.body("runId", "ttlSeconds", "lockKeyPrefix")
	runID := c.required(body, "runId")
	if c.answered {
		return
	}
	held := p.lockOf(c.id())
	if held == nil || held.runID != runID {
		p.refuse("run %s: its lock is gone, and can't be renewed", runID)
		c.fail(http.StatusConflict, "Stale run")
		return
	}
	prefix := body.text("lockKeyPrefix")
	if prefix == "" {
		prefix = "thread"
	}
	if prefix != held.prefix {
		p.violate("run %s: took the lock %q and renews %q", runID, held.prefix, prefix)
	}
	seconds := body.number("ttlSeconds")
	if seconds <= 0 {
		p.violate("run %s: renews its lock for %v seconds", runID, seconds)
	}
	held.expires = time.Now().Add(time.Duration(seconds * float64(time.Second)))
	c.reply(http.StatusOK, map[string]any{"ttlSeconds": seconds})
}

// releaseLock takes a run's lock away, if it has one.
func (p *Platform) releaseLock(c *call) {
	body := c.body("runId")
	runID := c.required(body, "runId")
	if c.answered {
		return
	}
	held := p.lockOf(c.id())
	if held == nil || held.runID != runID {
		p.refuse("run %s: has no lock to release", runID)
		c.fail(http.StatusConflict, "Stale run")
		return
	}
	delete(p.locks, c.id())
	p.runs[runID].released = true
	c.reply(http.StatusNoContent, nil)
}
