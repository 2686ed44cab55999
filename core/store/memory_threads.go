package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Thread implements [Store].
func (m *Memory) Thread(ctx context.Context, key Key) (Thread, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return Thread{}, err
	}
	thread := m.threads[key]
	if thread == nil {
		return Thread{}, ErrNotFound
	}
	return thread.info, nil
}

// Threads implements [Store].
func (m *Memory) Threads(ctx context.Context, query Query) (ThreadPage, error) {
	behind, err := parseMemoryCursor(query.Cursor)
	if err != nil {
		return ThreadPage{}, err
	}
	m.mu.Lock()
	if err := m.usable(ctx); err != nil {
		m.mu.Unlock()
		return ThreadPage{}, err
	}
	var threads []Thread
	for key, thread := range m.threads {
		if key.Owner != query.Owner ||
			query.AgentID != "" && thread.info.AgentID != query.AgentID ||
			thread.info.Archived && !query.IncludeArchived ||
			query.Cursor != "" && compareThreads(thread.info, behind) <= 0 {
			continue
		}
		threads = append(threads, thread.info)
	}
	m.mu.Unlock()

	slices.SortFunc(threads, compareThreads)
	page := ThreadPage{Threads: threads}
	if query.Limit > 0 && len(threads) > query.Limit {
		page.Threads = threads[:query.Limit:query.Limit]
		page.NextCursor = memoryCursor(page.Threads[query.Limit-1])
	}
	return page, nil
}

// CreateThread implements [Store].
func (m *Memory) CreateThread(ctx context.Context, key Key, agentID, name string) (Thread, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return Thread{}, err
	}
	if m.threads[key] != nil {
		return Thread{}, ErrExists
	}
	thread := m.add(key, time.Now())
	thread.kept = true
	thread.info.AgentID = agentID
	thread.info.Name = name
	m.evict(thread)
	return thread.info, nil
}

// UpdateThread implements [Store].
func (m *Memory) UpdateThread(ctx context.Context, key Key, patch Patch) (Thread, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return Thread{}, err
	}
	thread := m.threads[key]
	if thread == nil {
		return Thread{}, ErrNotFound
	}
	if patch.Name != nil {
		thread.info.Name = *patch.Name
	}
	if patch.Archived != nil {
		thread.info.Archived = *patch.Archived
	}
	thread.info.UpdatedAt = wall(time.Now())
	thread.kept = true
	return thread.info, nil
}

// DeleteThread implements [Store].
func (m *Memory) DeleteThread(ctx context.Context, key Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return err
	}
	thread := m.threads[key]
	if thread == nil {
		return ErrNotFound
	}
	m.remove(thread)
	return nil
}

// Snapshot implements [Store].
func (m *Memory) Snapshot(ctx context.Context, key Key) (Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return Snapshot{}, err
	}
	thread := m.threads[key]
	if thread == nil || thread.snapshot == nil {
		return Snapshot{}, ErrNotFound
	}
	return *thread.snapshot, nil
}

// Clear implements [Store].
func (m *Memory) Clear(ctx context.Context, owner string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return err
	}
	for key, thread := range m.threads {
		if key.Owner == owner {
			m.remove(thread)
		}
	}
	return nil
}

// compareThreads orders a list: last updated first.
func compareThreads(a, b Thread) int {
	return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), strings.Compare(a.Key.ID, b.Key.ID))
}

// memoryCursor names the place behind a thread in the order of a list.
func memoryCursor(thread Thread) string {
	place := strconv.FormatInt(thread.UpdatedAt.UnixNano(), 10) + " " + thread.Key.ID
	return base64.RawURLEncoding.EncodeToString([]byte(place))
}

func parseMemoryCursor(cursor string) (Thread, error) {
	if cursor == "" {
		return Thread{}, nil
	}
	place, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return Thread{}, fmt.Errorf("%w: %q", ErrBadCursor, cursor)
	}
	updated, id, found := strings.Cut(string(place), " ")
	nanoseconds, err := strconv.ParseInt(updated, 10, 64)
	if !found || err != nil {
		return Thread{}, fmt.Errorf("%w: %q", ErrBadCursor, cursor)
	}
	return Thread{Key: Key{ID: id}, UpdatedAt: time.Unix(0, nanoseconds)}, nil
}
