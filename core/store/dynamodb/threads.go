package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
	"github.com/copilotkit-go/runtime/core/store/internal/retention"
)

// Thread takes one reading.
func (s *Store) Thread(ctx context.Context, key store.Key) (store.Thread, error) {
	h, err := s.readHead(ctx, key)
	if err == nil && !h.exists() {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Thread{}, failed(ctx, "read thread "+key.ID, err)
	}
	return h.thread(), nil
}

// Threads reads the index, which follows the threads within a moment: a list may still
// have a thread as it was before the last change of another process.
func (s *Store) Threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	page, err := s.threads(ctx, query)
	return page, failed(ctx, "list threads", err)
}

func (s *Store) threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	if query.AllOwners {
		return s.everybody.threads(ctx, s, query)
	}
	list := s.ownerList(query.Owner)
	input := &api.QueryInput{
		TableName: &s.table, IndexName: aws.String(indexName),
		KeyConditionExpression:    aws.String("#list = :list"),
		ExpressionAttributeNames:  map[string]string{"#list": "list"},
		ExpressionAttributeValues: item{":list": text(list)},
		ScanIndexForward:          aws.Bool(false),
	}
	if query.Cursor != "" {
		updated, id, err := cursor.Parse(query.Cursor)
		if err != nil {
			return store.ThreadPage{}, err
		}
		start := key(s.partition(store.Key{Owner: query.Owner, ID: id}), headItem)
		start["list"], start["at"] = text(list), binaryValue(threadPlace(updated, id))
		input.ExclusiveStartKey = start
	}
	var page store.ThreadPage
	for {
		if query.Limit > 0 {
			// One more, to see whether there are any, and some that don't match.
			input.Limit = aws.Int32(int32(min(query.Limit-len(page.Threads)+1+indexSpare, 1000)))
		}
		out, err := call(ctx, s, "Query", func(c *api.Client) (*api.QueryOutput, error) { return c.Query(ctx, input) })
		if err != nil {
			return store.ThreadPage{}, err
		}
		for _, i := range out.Items {
			h := s.alive(parseHead(i))
			if !h.matches(query) {
				continue
			}
			if query.Limit > 0 && len(page.Threads) == query.Limit {
				last := page.Threads[query.Limit-1]
				page.NextCursor = cursor.Encode(last.UpdatedAt.UnixMicro(), last.Key.ID)
				return page, nil
			}
			page.Threads = append(page.Threads, h.thread())
		}
		if len(out.LastEvaluatedKey) == 0 {
			return page, nil
		}
		input.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// indexSpare is how many threads more than asked for are read at once, since some may
// be archived or another agent's.
const indexSpare = 4

// matches reports whether a query lists the thread.
func (h *head) matches(query store.Query) bool {
	return h.exists() && (query.AgentID == "" || h.agent == query.AgentID) && (!h.archived || query.IncludeArchived)
}

// moved sets the times of a thread that comes from another store.
func (h *head) moved(times store.Times, limits retention.Limits) {
	h.created, h.updated, h.ran = times.Created.UnixMicro(), times.Updated.UnixMicro(), 0
	if h.created == 0 {
		h.created = 1 // there is such a thread
	}
	if !times.LastRun.IsZero() {
		h.ran = times.LastRun.UnixMicro()
	}
	if limits.Age > 0 {
		h.expires = times.Updated.Add(limits.Age).Unix() + 1
	}
}

// CreateThread takes one write.
func (s *Store) CreateThread(ctx context.Context, key store.Key, agentID, name string) (store.Thread, error) {
	nonce := rand.Text()
	h, err := s.change(ctx, key, &head{key: key}, func(h *head) error {
		if h.exists() {
			if h.made == nonce {
				return errNothing // the answer got lost
			}
			return store.ErrExists
		}
		h.created = h.touch(s.clock)
		h.updated = h.created
		h.agent, h.name, h.kept, h.made = agentID, name, true, nonce
		h.keep(s.clock, s.limits)
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return store.Thread{}, failed(ctx, "create thread "+key.ID, err)
	}
	return h.thread(), nil
}

// UpdateThread takes one reading and one write.
func (s *Store) UpdateThread(ctx context.Context, key store.Key, patch store.Patch) (store.Thread, error) {
	h, err := s.change(ctx, key, nil, func(h *head) error {
		if !h.exists() {
			return store.ErrNotFound
		}
		if patch.Name != nil {
			h.name = *patch.Name
		}
		if patch.Archived != nil {
			h.archived = *patch.Archived
		}
		h.updated, h.kept = h.touch(s.clock), true
		h.keep(s.clock, s.limits)
		if patch.Times != nil {
			h.moved(*patch.Times, s.limits)
		}
		return nil
	})
	if err != nil {
		return store.Thread{}, failed(ctx, "update thread "+key.ID, err)
	}
	return h.thread(), nil
}

// DeleteThread removes the head, which makes it true, and then all else. What a crash
// leaves of that another DeleteThread removes.
func (s *Store) DeleteThread(ctx context.Context, key store.Key) error {
	return failed(ctx, "delete thread "+key.ID, s.delete(ctx, key))
}

func (s *Store) delete(ctx context.Context, k store.Key) error {
	pk := s.partition(k)
	for attempt := 0; ; attempt++ {
		// What is there before the head is gone is the thread's. After that it may be
		// that of a new one.
		h := head{key: k}
		var keys []string
		err := s.find(ctx, search{pk: pk, from: idsItem, to: beyond, fields: "pk, sk, chain, created, version, seq, #first, lease",
			names: map[string]string{"#first": "first"}}, func(i item) error {
			switch {
			case getText(i, "sk") == headItem:
				created := parseHead(i)
				h.version, h.created, h.chain, h.seq, h.first = created.version, created.created, created.chain, created.seq, created.first
			case getText(i, "lease") != nobody:
				keys = append(keys, getText(i, "sk"))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if !h.exists() {
			if err := s.write(ctx, nil, keys, pk); err != nil {
				return err
			}
			return store.ErrNotFound
		}
		_, err = s.swap(ctx, h, head{key: k})
		if errors.Is(err, errConflict) {
			if err := backOff(ctx, attempt); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if h.chain != "" {
			sealed, err := s.seal(ctx, k, h, nobody)
			if err != nil {
				return err
			}
			keys = append(keys, sealed.keys...)
		}
		return s.fence(ctx, pk, h.chain, keys)
	}
}

// clearers is how many threads are deleted at the same time.
const clearers = 8

// Clear deletes the owner's threads one by one.
func (s *Store) Clear(ctx context.Context, owner string) error {
	page, err := s.threads(ctx, store.Query{Owner: owner, IncludeArchived: true})
	if err != nil {
		return failed(ctx, "clear threads", err)
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	next := 0
	for range min(clearers, len(page.Threads)) {
		group.Go(func() {
			for {
				mu.Lock()
				if err != nil || next == len(page.Threads) {
					mu.Unlock()
					return
				}
				k := page.Threads[next].Key
				next++
				mu.Unlock()
				if failure := s.delete(ctx, k); failure != nil && !errors.Is(failure, store.ErrNotFound) {
					mu.Lock()
					err = fmt.Errorf("thread %s: %w", k.ID, failure)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return failed(ctx, "clear threads", err)
}
