// Package store says where threads live. A store is mechanism alone (a lease
// with expiry, append, read from an offset, wait for more, signal stop, list
// threads); what happens to a run is the runner's policy. [NewMemory] is a store
// in memory; the packages below hold others, and storetest the suite that all
// of them pass.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Errors that callers compare with errors.Is.
var (
	// ErrLocked says that another run holds the thread's lease.
	ErrLocked = errors.New("store: thread has a live run")
	// ErrOrphaned says that the lease of the thread's last run has expired with
	// the run unfinished: Adopt it, close it, and try again.
	ErrOrphaned = errors.New("store: thread has an orphaned run")
	// ErrLeaseLost says that the lease has expired or gone to somebody else:
	// nothing more can be written through it.
	ErrLeaseLost = errors.New("store: lease lost")
	// ErrNotFound says that there is no such thread.
	ErrNotFound = errors.New("store: no such thread")
	// ErrExists says that there is such a thread already.
	ErrExists = errors.New("store: thread exists")
	// ErrBadCursor says that a cursor isn't one that this store gave out.
	ErrBadCursor = errors.New("store: bad cursor")
	// ErrUnavailable says that the backend can't be reached now.
	ErrUnavailable = errors.New("store: unavailable")
)

// Key names a thread. Owner separates the threads of different users: the same
// ID under two owners is two threads. It is empty where the deployment doesn't
// tell its users apart.
type Key struct {
	Owner string
	ID    string
}

// Store keeps threads. All methods may be called at the same time from many
// goroutines, and, but for the memory store, from many processes. Errors of the
// backend wrap [ErrUnavailable] when trying later can help.
type Store interface {
	// Begin takes the thread's lease for a new run, creating the thread if need
	// be. The lease expires after request.TTL unless renewed. It fails with
	// ErrLocked while another run holds an unexpired lease, and with ErrOrphaned
	// when the last run's lease has expired unfinished.
	Begin(ctx context.Context, request BeginRequest) (Lease, error)

	// Adopt takes over the lease of an orphaned run, fencing off its former
	// holder. It fails with ErrLocked when somebody else has done so, and with
	// ErrNotFound when the thread has no unfinished run.
	Adopt(ctx context.Context, key Key, ttl time.Duration) (Lease, error)

	// Read returns the thread's records with a Seq greater than after, in order.
	// When there are none and wait is set, and a run is live, it waits until
	// there are, or the run ends, or its lease expires; when ctx ends meanwhile
	// it returns ctx's error. A thread that doesn't exist reads as empty. With an
	// after beyond the last record it waits for the end of the run alone.
	Read(ctx context.Context, key Key, after int64, wait bool) (Page, error)

	// Stop asks the thread's live run to stop, wherever it runs: its lease's
	// AwaitStop returns. With runID set only that run is asked. It tells whether
	// there was such a run that hadn't been asked before; an orphan isn't live.
	Stop(ctx context.Context, key Key, runID string) (bool, error)

	// Thread returns one thread, or ErrNotFound.
	Thread(ctx context.Context, key Key) (Thread, error)
	// Threads lists threads, last updated first. Begin, Finish and UpdateThread
	// update a thread.
	Threads(ctx context.Context, query Query) (ThreadPage, error)
	// CreateThread adds a thread without runs, or fails with ErrExists.
	CreateThread(ctx context.Context, key Key, agentID, name string) (Thread, error)
	// UpdateThread changes what patch sets, or fails with ErrNotFound.
	UpdateThread(ctx context.Context, key Key, patch Patch) (Thread, error)
	// DeleteThread removes a thread and its history, or fails with ErrNotFound.
	// A live run of it loses its lease.
	DeleteThread(ctx context.Context, key Key) error
	// Snapshot returns what the thread's last finished run left, or ErrNotFound.
	Snapshot(ctx context.Context, key Key) (Snapshot, error)
	// Clear removes all threads of an owner; live runs lose their leases.
	Clear(ctx context.Context, owner string) error

	// Close releases connections and ends goroutines; waiting calls return with
	// an error. Closing again does nothing.
	Close() error
}

// BeginRequest says which run wants the lease.
type BeginRequest struct {
	Key     Key
	AgentID string
	RunID   string
	// TTL is how long the lease holds without being renewed.
	TTL time.Duration
	// MessageIDs are the ids of the input's messages; Lease.Seen tells which of
	// them the thread already has.
	MessageIDs []string
}

// Lease is the right to write one run. It is for one run's goroutines; Append,
// Renew and Finish are not called at the same time, but AwaitStop may be
// waiting meanwhile. After ErrLeaseLost every call fails with it.
type Lease interface {
	// RunID is the run that the lease is for.
	RunID() string
	// AgentID is the agent that the run was begun with.
	AgentID() string
	// ParentRunID is the run before this one in the thread, "" for none.
	ParentRunID() string
	// Seen tells which of BeginRequest.MessageIDs the thread has already.
	Seen() map[string]bool
	// NextSeq is the Seq that the next appended record must have: one more than
	// the last of the thread, 1 in an empty one. An adopted lease continues
	// after the records of the orphan.
	NextSeq() int64
	// Append stores the run's next records, in order. All are stored or none. A
	// record whose Seq is stored already is left out, so that an Append whose
	// outcome isn't known can be repeated; a gap between Seqs is an error. The
	// slice isn't kept.
	Append(ctx context.Context, records []Record) error
	// Renew makes the lease hold for another TTL.
	Renew(ctx context.Context) error
	// AwaitStop returns nil when the run is asked to stop, ErrLeaseLost when the
	// lease is gone, and ctx's error when ctx ends.
	AwaitStop(ctx context.Context) error
	// Finish ends the run and gives the lease back, in one step: result.Records
	// replace all that Append stored for the run, and may go on beyond it. A nil
	// result leaves no trace of the run, nor of a thread that Begin created for
	// it; Seqs that were used aren't given out again while the thread lives.
	// A Finish whose outcome isn't known can be repeated: it fails with
	// ErrLeaseLost when it had been done.
	Finish(ctx context.Context, result *Result) error
}

// Record is one event in its thread.
type Record struct {
	// Seq is the event's place in the thread, counted from 1 without gaps while
	// the run is live. A compacted record has the Seq of the last event that it
	// stands for.
	Seq   int64
	Event agui.Encoded
	// Cuts is set on a compacted record that joins several events: the byte
	// length of each but the last one's part of the joined delta, so that a
	// reader who has seen some of them can be sent the rest.
	Cuts []int
}

// Result is what a finished run leaves behind.
type Result struct {
	// Records is the run's compacted history.
	Records []Record
	// MessageIDs are the ids of all messages that the run was given or made.
	MessageIDs []string
	Snapshot   Snapshot
}

// Snapshot is a thread after its last finished run.
type Snapshot struct {
	// Messages is a JSON array of AG-UI messages.
	Messages json.RawMessage
	// State is the shared state, nil for none.
	State json.RawMessage
}

// Page is what Read found.
type Page struct {
	Records []Record
	// Live tells that a run holds an unexpired lease; more may come.
	Live bool
	// Orphaned tells that the last run is unfinished and its lease has expired.
	Orphaned bool
	// RunID is the unfinished run's, "" when there is none.
	RunID string
	// FirstSeq is the Seq of the first record of the unfinished run, 0 when
	// there is none: what is before it is history.
	FirstSeq int64
}

// Thread describes a thread.
type Thread struct {
	Key  Key
	Name string
	// AgentID is the agent of the last run, or the one given to CreateThread.
	AgentID   string
	Archived  bool
	CreatedAt time.Time
	UpdatedAt time.Time
	// LastRunAt is zero for a thread without runs.
	LastRunAt time.Time
}

// Query says which threads to list.
type Query struct {
	Owner string
	// AgentID limits the list to one agent's threads, "" for all.
	AgentID         string
	IncludeArchived bool
	// Limit is the most threads of a page; 0 means no limit.
	Limit int
	// Cursor is the NextCursor of the page before, "" for the first page.
	Cursor string
}

// ThreadPage is one page of a list.
type ThreadPage struct {
	Threads []Thread
	// NextCursor is "" on the last page.
	NextCursor string
}

// Patch says what to change of a thread. Nil fields stay.
type Patch struct {
	Name     *string
	Archived *bool
}
