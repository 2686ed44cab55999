package redis

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
)

// Thread takes one round trip.
func (s *Store) Thread(ctx context.Context, key store.Key) (store.Thread, error) {
	values, err := s.client.HMGet(ctx, s.keys(key).thread, threadFields...).Result()
	if err != nil {
		return store.Thread{}, failed(ctx, "read thread "+key.ID, err)
	}
	return parseThread(key, values)
}

// Threads takes two round trips for every hundred threads that it looks at.
// Those that the query leaves out count too. The list of all owners goes through
// all keys of the database to find the owners, for each page, and takes a round trip
// for every hundred of them.
func (s *Store) Threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	page, err := s.threads(ctx, query)
	return page, failed(ctx, "list threads", err)
}

func (s *Store) threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	from, err := parsePlace(query)
	if err != nil {
		return store.ThreadPage{}, err
	}
	owners := []string{query.Owner}
	if query.AllOwners {
		if owners, err = s.owners(ctx); err != nil {
			return store.ThreadPage{}, err
		}
	}
	var page store.ThreadPage
	var last place // of the page
	for more := true; more; {
		places, next, err := s.placesOfAll(ctx, owners, from)
		if err != nil {
			return store.ThreadPage{}, err
		}
		if len(places) == 0 {
			break
		}
		more, from = next, &places[len(places)-1]
		for places := range slices.Chunk(places, placesPerRead) {
			threads, err := s.threadsAt(ctx, places)
			if err != nil {
				return store.ThreadPage{}, err
			}
			for i, thread := range threads {
				if thread == nil ||
					query.AgentID != "" && thread.AgentID != query.AgentID ||
					thread.Archived && !query.IncludeArchived {
					continue
				}
				if query.Limit > 0 && len(page.Threads) == query.Limit {
					page.NextCursor = last.cursor(query)
					return page, nil
				}
				page.Threads = append(page.Threads, *thread)
				last = places[i]
			}
		}
	}
	return page, nil
}

// threadsAt reads threads of a list; nil stands for one that is gone.
func (s *Store) threadsAt(ctx context.Context, places []place) ([]*store.Thread, error) {
	commands := make([]*goredis.SliceCmd, len(places))
	_, err := s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for i, place := range places {
			commands[i] = p.HMGet(ctx, s.keys(place.key()).thread, threadFields...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	threads := make([]*store.Thread, len(places))
	for i, command := range commands {
		key := places[i].key()
		switch thread, err := parseThread(key, command.Val()); {
		case err == nil:
			threads[i] = &thread
		case errors.Is(err, store.ErrNotFound):
			// Gone: its retention is over, or a crash came between the two steps.
			if err := s.unlist(ctx, key, places[i]); err != nil {
				return nil, err
			}
		default:
			return nil, err
		}
	}
	return threads, nil
}

func (s *Store) unlist(ctx context.Context, key store.Key, p place) error {
	return s.run(ctx, s.scripts.unlist, []string{s.keys(key).index}, p.id, p.at).Err()
}

// CreateThread takes one round trip, and another one in a cluster.
func (s *Store) CreateThread(ctx context.Context, key store.Key, agentID, name string) (store.Thread, error) {
	doing := "create thread " + key.ID
	k := s.keys(key)
	at, err := s.run(ctx, s.scripts.create, k.all(s.cluster),
		rand.Text(), milliseconds(s.limits.Age), key.ID, agentID, name).Text()
	if err == nil && at == "" {
		err = store.ErrExists
	}
	if err == nil {
		err = s.addToList(ctx, k, key.ID, at)
	}
	if err != nil {
		return store.Thread{}, failed(ctx, doing, err)
	}
	created, err := parseTime(at)
	if err != nil {
		return store.Thread{}, fmt.Errorf("%s: %w", doing, err)
	}
	thread := store.Thread{Key: key, AgentID: agentID, Name: name}
	thread.CreatedAt = time.UnixMicro(created)
	thread.UpdatedAt = thread.CreatedAt
	return thread, nil
}

// UpdateThread takes two round trips.
func (s *Store) UpdateThread(ctx context.Context, key store.Key, patch store.Patch) (store.Thread, error) {
	k := s.keys(key)
	args := []any{milliseconds(s.limits.Age), key.ID, ""}
	if patch.Name != nil {
		args = append(args, "name", *patch.Name)
	}
	if patch.Archived != nil {
		args = append(args, "archived", strconv.FormatBool(*patch.Archived))
	}
	put := s.addToList
	if times := patch.Times; times != nil {
		put = s.restoreInList
		args[2] = times.Updated.UnixMicro()
		ran := ""
		if !times.LastRun.IsZero() {
			ran = strconv.FormatInt(times.LastRun.UnixMicro(), 10)
		}
		args = append(args, "created", times.Created.UnixMicro(), "ran", ran)
	}
	at, err := s.run(ctx, s.scripts.update, k.all(s.cluster), args...).Text()
	if err == nil && at == "" {
		err = store.ErrNotFound
	}
	if err == nil {
		err = put(ctx, k, key.ID, at)
	}
	if err != nil {
		return store.Thread{}, failed(ctx, "update thread "+key.ID, err)
	}
	return s.Thread(ctx, key)
}

// DeleteThread takes one round trip, and another one in a cluster.
func (s *Store) DeleteThread(ctx context.Context, key store.Key) error {
	k := s.keys(key)
	found, err := s.run(ctx, s.scripts.delete, k.all(s.cluster), key.ID, k.wake, k.stop).Int()
	if err == nil {
		err = s.restoreInList(ctx, k, key.ID, "")
	}
	if err == nil && found == 0 {
		err = store.ErrNotFound
	}
	return failed(ctx, "delete thread "+key.ID, err)
}

// Snapshot takes one round trip.
func (s *Store) Snapshot(ctx context.Context, key store.Key) (store.Snapshot, error) {
	values, err := s.client.HMGet(ctx, s.keys(key).snapshot, "messages", "state").Result()
	if err != nil {
		return store.Snapshot{}, failed(ctx, "read the snapshot of thread "+key.ID, err)
	}
	var snapshot store.Snapshot
	messages, found := values[0].(string)
	if !found {
		return snapshot, fmt.Errorf("read the snapshot of thread %s: %w", key.ID, store.ErrNotFound)
	}
	if messages != "" {
		snapshot.Messages = json.RawMessage(messages)
	}
	if state, found := values[1].(string); found {
		snapshot.State = json.RawMessage(state)
	}
	return snapshot, nil
}

// Clear takes two round trips for every hundred threads. Threads that are made
// meanwhile may stay.
func (s *Store) Clear(ctx context.Context, owner string) error {
	return failed(ctx, "clear threads", s.clear(ctx, owner))
}

func (s *Store) clear(ctx context.Context, owner string) error {
	var from *place
	for more := true; more; {
		places, next, err := s.placesBehind(ctx, owner, from)
		if err != nil || len(places) == 0 {
			return err
		}
		more, from = next, &places[len(places)-1]
		_, err = s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
			for _, place := range places {
				k := s.keys(place.key())
				// By source: within a pipeline there is no second try.
				s.scripts.delete.Eval(ctx, p, k.all(s.cluster), place.id, k.wake, k.stop)
				if s.cluster {
					p.ZRem(ctx, k.index, place.id)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var threadFields = []string{"created", "updated", "ran", "agent", "name", "archived"}

func parseThread(key store.Key, values []any) (store.Thread, error) {
	thread := store.Thread{
		Key:      key,
		AgentID:  text(values, 3),
		Name:     text(values, 4),
		Archived: text(values, 5) == "true",
	}
	for i, at := range []*time.Time{&thread.CreatedAt, &thread.UpdatedAt, &thread.LastRunAt} {
		value := text(values, i)
		if value == "" {
			continue
		}
		microseconds, err := parseTime(value)
		if err != nil {
			return store.Thread{}, fmt.Errorf("thread %s: %w", key.ID, err)
		}
		*at = time.UnixMicro(microseconds)
	}
	if thread.CreatedAt.IsZero() {
		return store.Thread{}, fmt.Errorf("thread %s: %w", key.ID, store.ErrNotFound)
	}
	return thread, nil
}

// parseTime reads a time as the scripts write it, in microseconds.
func parseTime(text string) (int64, error) {
	microseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: time %q", errStored, text)
	}
	return microseconds, nil
}
