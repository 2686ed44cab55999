package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
)

// Thread implements [store.Store].
func (s *Store) Thread(ctx context.Context, key store.Key) (store.Thread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(ctx, key)
	if err != nil {
		return store.Thread{}, err
	}
	return t.info, nil
}

// Threads implements [store.Store].
func (s *Store) Threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	var last store.Thread // of the page before
	if query.Cursor != "" {
		updated, key, err := parseCursor(query)
		if err != nil {
			return store.ThreadPage{}, err
		}
		last.UpdatedAt, last.Key = time.Unix(0, updated), key
	}
	s.mu.Lock()
	if err := s.usable(ctx); err != nil {
		s.mu.Unlock()
		return store.ThreadPage{}, err
	}
	var threads []store.Thread
	for key, t := range s.threads {
		if !query.AllOwners && key.Owner != query.Owner ||
			query.AgentID != "" && t.info.AgentID != query.AgentID ||
			t.info.Archived && !query.IncludeArchived ||
			query.Cursor != "" && compareThreads(t.info, last) <= 0 {
			continue
		}
		threads = append(threads, t.info)
	}
	s.mu.Unlock()

	slices.SortFunc(threads, compareThreads)
	page := store.ThreadPage{Threads: threads}
	if query.Limit > 0 && len(threads) > query.Limit {
		page.Threads = threads[:query.Limit:query.Limit]
		last := page.Threads[query.Limit-1]
		if query.AllOwners {
			page.NextCursor = cursor.EncodeKey(last.UpdatedAt.UnixNano(), last.Key)
		} else {
			page.NextCursor = cursor.Encode(last.UpdatedAt.UnixNano(), last.Key.ID)
		}
	}
	return page, nil
}

// parseCursor returns the place that the query's cursor names.
func parseCursor(query store.Query) (updated int64, key store.Key, err error) {
	if query.AllOwners {
		return cursor.ParseKey(query.Cursor)
	}
	updated, id, err := cursor.Parse(query.Cursor)
	return updated, store.Key{Owner: query.Owner, ID: id}, err
}

// CreateThread implements [store.Store].
func (s *Store) CreateThread(ctx context.Context, key store.Key, agentID, name string) (store.Thread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return store.Thread{}, err
	}
	if s.threads[key] != nil {
		return store.Thread{}, store.ErrExists
	}
	t := s.add(key, agentID, time.Now())
	t.kept = true
	t.info.Name = name
	s.evict(t)
	return t.info, nil
}

// UpdateThread implements [store.Store].
func (s *Store) UpdateThread(ctx context.Context, key store.Key, patch store.Patch) (store.Thread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(ctx, key)
	if err != nil {
		return store.Thread{}, err
	}
	if patch.Name != nil {
		t.info.Name = *patch.Name
	}
	if patch.Archived != nil {
		t.info.Archived = *patch.Archived
	}
	t.info.UpdatedAt = wall(time.Now())
	if times := patch.Times; times != nil {
		t.info.CreatedAt, t.info.UpdatedAt, t.info.LastRunAt = wall(times.Created), wall(times.Updated), wall(times.LastRun)
	}
	t.kept = true
	return t.info, nil
}

// DeleteThread implements [store.Store].
func (s *Store) DeleteThread(ctx context.Context, key store.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(ctx, key)
	if err != nil {
		return err
	}
	s.remove(t)
	return nil
}

// Snapshot implements [store.Store].
func (s *Store) Snapshot(ctx context.Context, key store.Key) (store.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(ctx, key)
	if err != nil {
		return store.Snapshot{}, err
	}
	if t.snapshot == nil {
		return store.Snapshot{}, store.ErrNotFound
	}
	return *t.snapshot, nil
}

// Clear implements [store.Store].
func (s *Store) Clear(ctx context.Context, owner string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	for key, t := range s.threads {
		if key.Owner == owner {
			s.remove(t)
		}
	}
	return nil
}

// find returns a thread, or store.ErrNotFound. The caller holds mu.
func (s *Store) find(ctx context.Context, key store.Key) (*thread, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	t := s.threads[key]
	if t == nil {
		return nil, store.ErrNotFound
	}
	return t, nil
}

// compareThreads orders a list: last updated first.
func compareThreads(a, b store.Thread) int {
	return cmp.Or(
		b.UpdatedAt.Compare(a.UpdatedAt),
		strings.Compare(a.Key.Owner, b.Key.Owner),
		strings.Compare(a.Key.ID, b.Key.ID))
}
