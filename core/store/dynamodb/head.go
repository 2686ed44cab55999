package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/retention"
)

// head is what a thread's head item says. Times are in microseconds, 0 for never.
type head struct {
	key store.Key
	// version is what the next write must find, "" if there is no item.
	version string

	name, agent           string
	archived              bool
	created, updated, ran int64
	// kept is set if the thread stays when its first run leaves no trace.
	kept bool
	// made is the CreateThread that made it.
	made string

	// seq is up to where all records are stored. Of a live run there may be more.
	seq int64
	// parent is the last finished run.
	parent string
	// newest is the key of the newest finished run, and runs how many there were.
	newest string
	runs   int64
	// ids is the lease whose message ids were added last, and snapshot the one that left
	// the snapshot, in so many parts.
	ids, snapshot string
	snapshotParts int64

	// chain names the blocks of the unfinished run, "" if there is no such run.
	chain string
	run   string
	first int64
	// token is the lease, which holds until a time of the server's clock.
	token string
	until int64
	// stop is the call that asked the run to stop.
	stop string
	// begun is what updated was set to by the run's Begin, and what follows is what was
	// before, for a run that leaves no trace.
	begun      int64
	wasAgent   string
	wasUpdated int64
	wasRan     int64
	// done is the lease that finished last.
	done string

	// expires is when the thread is gone, in seconds, 0 for never; fresh is when the
	// first of its other items would be.
	expires, fresh int64
}

// live reports whether a run holds an unexpired lease.
func (h *head) live(c *clock) bool { return h.chain != "" && h.left(c) > 0 }

// left returns how long the lease holds for those who don't have it.
func (h *head) left(c *clock) time.Duration {
	return time.UnixMicro(h.until).Sub(c.earliest())
}

// begin changes a head for a run that begins.
func (h *head) begin(l *lease, c *clock, limits retention.Limits) {
	at := h.touch(c)
	if h.created == 0 {
		h.created, h.updated, h.agent = at, at, l.agentID
	}
	h.wasAgent, h.wasUpdated, h.wasRan = h.agent, h.updated, h.ran
	h.updated, h.ran, h.begun, h.agent = at, at, at, l.agentID
	h.chain, h.token, h.run, h.first, h.stop = l.token, l.token, l.runID, h.seq+1, ""
	h.renew(l.ttl, c, limits)
}

// touch returns the time of an update, which never goes back.
func (h *head) touch(c *clock) int64 { return max(c.time().UnixMicro(), h.updated+1) }

// renew makes the lease hold for another term.
func (h *head) renew(ttl time.Duration, c *clock, limits retention.Limits) {
	h.until = c.latest().Add(ttl).UnixMicro()
	h.keep(c, limits)
}

// keep puts the thread's expiry off.
func (h *head) keep(c *clock, limits retention.Limits) {
	h.expires = 0
	if limits.Age > 0 {
		h.expires = c.latest().Add(limits.Age).Unix() + 1
	}
}

// item returns the item to store.
func (h *head) item(s *Store) item {
	i := key(s.partition(h.key), headItem)
	i["list"] = text(s.ownerList(h.key.Owner))
	i["at"] = binaryValue(threadPlace(h.updated, h.key.ID))
	for name, value := range map[string]string{
		"name": h.name, "agent": h.agent, "made": h.made, "parent": h.parent, "newest": h.newest, "ids": h.ids,
		"snapshot": h.snapshot, "chain": h.chain, "run": h.run, "token": h.token, "stop": h.stop,
		"wasAgent": h.wasAgent, "done": h.done, "version": h.version,
	} {
		if value != "" {
			i[name] = binaryText(value)
		}
	}
	for name, value := range map[string]string{"owner": h.key.Owner, "id": h.key.ID} {
		i[name] = binaryText(value)
	}
	for name, value := range map[string]int64{
		"created": h.created, "updated": h.updated, "ran": h.ran, "seq": h.seq, "runs": h.runs,
		"snapshotParts": h.snapshotParts, "first": h.first, "until": h.until, "begun": h.begun,
		"wasUpdated": h.wasUpdated, "wasRan": h.wasRan, expiryName: h.expires, "fresh": h.fresh,
	} {
		if value != 0 {
			i[name] = integer(value)
		}
	}
	for name, value := range map[string]bool{"archived": h.archived, "kept": h.kept} {
		if value {
			i[name] = boolean(true)
		}
	}
	return i
}

// parseHead reads a head, or what the index has of it.
func parseHead(i item) head {
	word := func(name string) string { return string(getBytes(i, name)) }
	number := func(name string) int64 { return getInteger(i, name) }
	return head{
		key:     store.Key{Owner: word("owner"), ID: word("id")},
		version: word("version"),
		name:    word("name"), agent: word("agent"), archived: getBoolean(i, "archived"),
		created: number("created"), updated: number("updated"), ran: number("ran"),
		kept: getBoolean(i, "kept"), made: word("made"),
		seq: number("seq"), parent: word("parent"), newest: word("newest"), runs: number("runs"),
		ids: word("ids"), snapshot: word("snapshot"), snapshotParts: number("snapshotParts"),
		chain: word("chain"), run: word("run"), first: number("first"),
		token: word("token"), until: number("until"), stop: word("stop"),
		begun: number("begun"), wasAgent: word("wasAgent"), wasUpdated: number("wasUpdated"), wasRan: number("wasRan"),
		done: word("done"), expires: number(expiryName), fresh: number("fresh"),
	}
}

// thread returns the head as callers see it.
func (h *head) thread() store.Thread {
	t := store.Thread{
		Key: h.key, Name: h.name, AgentID: h.agent, Archived: h.archived,
		CreatedAt: time.UnixMicro(h.created), UpdatedAt: time.UnixMicro(h.updated),
	}
	if h.ran != 0 {
		t.LastRunAt = time.UnixMicro(h.ran)
	}
	return t
}

// exists reports whether there is such a thread.
func (h *head) exists() bool { return h.created != 0 }

// alive returns a head, or one of no thread if it has expired: DynamoDB removes items
// days after that. The next write replaces what is there.
func (s *Store) alive(h head) head {
	if h.expires > 0 && h.expires <= s.clock.earliest().Unix() {
		return head{key: h.key, version: h.version}
	}
	return h
}

// readHead returns a thread's head as it is now.
func (s *Store) readHead(ctx context.Context, key store.Key) (head, error) {
	for {
		found, err := s.get(ctx, s.partition(key), headItem)
		if err != nil || found == nil {
			return head{key: key}, err
		}
		h := s.alive(parseHead(found))
		if wait := h.unsure(s.clock); wait == 0 {
			return h, nil
		} else if err := pause.Sleep(ctx, wait); err != nil {
			return h, err
		}
	}
}

// sureInterval is how soon DynamoDB is asked again when its clock isn't known well enough.
const sureInterval = 50 * time.Millisecond

// unsure returns how long to wait before another look where it can't be said whether the
// lease holds, so that all instances say the same; 0 where it can. Each look narrows the
// bounds of the clock.
func (h *head) unsure(c *clock) time.Duration {
	left := h.left(c)
	if h.chain == "" || left <= 0 || time.UnixMicro(h.until).After(c.latest()) {
		return 0
	}
	return min(left, sureInterval)
}

// swap writes next, if the head is still what was read as before; otherwise it fails
// with errConflict. A next without a creation removes the thread.
func (s *Store) swap(ctx context.Context, before, next head) (head, error) {
	if next.exists() {
		next.version = rand.Text()
	}
	c := condition{"attribute_not_exists(pk)", nil}
	if before.version != "" {
		c = condition{"version = :version", item{":version": binaryText(before.version)}}
	}
	var err error
	counted, sent := countAttempts(ctx)
	if next.exists() {
		err = s.put(counted, next.item(s), c)
	} else {
		err = s.remove(counted, next.key, c)
	}
	if errors.Is(err, errConflict) {
		now, failure := s.readHead(ctx, next.key)
		if failure != nil {
			return head{}, failure
		}
		// A request that got no answer is sent again: it may be that one that changed it.
		if sent.Load() == 1 || now.version != next.version {
			return now, errConflict
		}
		err = nil
	}
	if err != nil {
		return head{}, err
	}
	s.wrote(next)
	return next, nil
}

func (s *Store) remove(ctx context.Context, k store.Key, c condition) error {
	_, err := call(ctx, s, "DeleteItem", func(client *api.Client) (*api.DeleteItemOutput, error) {
		return client.DeleteItem(ctx, &api.DeleteItemInput{
			TableName: &s.table, Key: key(s.partition(k), headItem),
			ConditionExpression: &c.expression, ExpressionAttributeValues: c.values,
		})
	})
	return err
}

// change changes a thread's head, in one step: it does so again when somebody else's
// change comes before. Known is what the caller knows of the head, nil if nothing. The
// error of do is returned, with the head as it is.
func (s *Store) change(ctx context.Context, key store.Key, known *head, do func(h *head) error) (head, error) {
	for attempt := 0; ; attempt++ {
		if known == nil {
			now, err := s.readHead(ctx, key)
			if err != nil {
				return head{key: key}, err
			}
			known = &now
		}
		next := *known
		if err := do(&next); err != nil {
			return *known, err
		}
		written, err := s.swap(ctx, *known, next)
		if !errors.Is(err, errConflict) {
			return written, err
		}
		if err := backOff(ctx, attempt); err != nil {
			return head{key: key}, err
		}
		known = &written
		if attempt > 0 {
			known = nil // it has waited
		}
	}
}
