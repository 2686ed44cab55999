// Package store says where threads live: [Store] is the interface that a backend
// implements. A store is mechanism alone: a lease with expiry, append, read from
// an offset, wait for more, signal stop, list threads. What happens to a run is
// its caller's policy.
//
// The packages below implement it. Package storetest checks what is promised
// here; whoever writes a store runs it.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Errors that callers compare with errors.Is.
var (
	// ErrLocked means that another run holds the thread's lease.
	ErrLocked = errors.New("store: thread has a live run")
	// ErrStopping is the ErrLocked of a live run that has been asked to stop: the
	// lease will be free soon.
	ErrStopping = fmt.Errorf("%w, which has been asked to stop", ErrLocked)
	// ErrOrphaned means that the lease of the thread's last run has expired with
	// the run unfinished: Adopt it, finish it, and try again.
	ErrOrphaned = errors.New("store: thread has an orphaned run")
	// ErrLeaseLost means that the lease has expired, or that somebody else has it:
	// nothing more can be written through it.
	ErrLeaseLost = errors.New("store: lease lost")
	// ErrNotFound means that there is no such thread.
	ErrNotFound = errors.New("store: no such thread")
	// ErrExists means that there is such a thread already.
	ErrExists = errors.New("store: thread exists")
	// ErrBadCursor means that a cursor isn't one that this store has returned.
	ErrBadCursor = errors.New("store: bad cursor")
	// ErrUnavailable means that the backend can't be reached now.
	ErrUnavailable = errors.New("store: unavailable")
)

// Key names a thread. Both parts may be any string.
type Key struct {
	// Owner separates the threads of different users: the same ID under two owners
	// is two threads. It is empty where the deployment doesn't distinguish users.
	Owner string
	// ID is what clients call the thread.
	ID string
}

// Store keeps threads. It is safe for concurrent use by many goroutines and,
// where the backend is shared, by many processes. When its context ends a call
// returns an error that wraps ctx.Err(). Errors of the backend wrap
// [ErrUnavailable] if trying later can help.
type Store interface {
	// Begin takes the thread's lease for a new run, creating the thread if need
	// be. The lease expires after request.TTL unless renewed. It fails with
	// ErrLocked while another run holds an unexpired lease, which is ErrStopping
	// when that run has been asked to stop, and with ErrOrphaned when the last
	// run's lease has expired unfinished.
	Begin(ctx context.Context, request BeginRequest) (Lease, error)

	// Adopt takes over the lease of an orphaned run, fencing off its former
	// holder. It fails with ErrLocked when somebody else has done so, and with
	// ErrNotFound when the thread has no unfinished run.
	Adopt(ctx context.Context, key Key, ttl time.Duration) (Lease, error)

	// Read returns the thread's records with a Seq greater than after, in order.
	// If there are none, wait is set and a run is live, it waits until there are
	// some, the run ends, or its lease expires. With an after beyond the last
	// record it waits for the end of the run; it may return before, without
	// records, when some are appended. A thread that doesn't exist reads as empty.
	Read(ctx context.Context, key Key, after int64, wait bool) (Page, error)

	// Stop asks the thread's live run to stop, wherever it runs: its lease's
	// AwaitStop returns. If runID isn't empty, only that run is asked. Stop reports
	// whether there was such a run that hadn't been asked before; an orphan isn't
	// live.
	Stop(ctx context.Context, key Key, runID string) (bool, error)

	// Thread returns one thread, or ErrNotFound.
	Thread(ctx context.Context, key Key) (Thread, error)
	// Threads lists threads, last updated first. CreateThread, Begin, Finish and
	// UpdateThread update a thread.
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
	// Clear removes all threads of an owner. Live runs of them lose their leases.
	Clear(ctx context.Context, owner string) error

	// Close releases connections and ends goroutines. Calls that wait return an
	// error. Closing again does nothing.
	Close() error
}

// BeginRequest is the run that wants a lease.
type BeginRequest struct {
	Key     Key
	AgentID string
	RunID   string
	// TTL is how long the lease holds without being renewed.
	TTL time.Duration
	// MessageIDs are the ids of the input's messages; Lease.Seen returns those that
	// the thread has already.
	MessageIDs []string
}

// Lease is the right to write one run. Append, Renew and Finish must not be
// called concurrently, but AwaitStop may be waiting meanwhile. After ErrLeaseLost
// every call fails with it.
type Lease interface {
	// RunID returns the run that the lease is for.
	RunID() string
	// AgentID returns the agent that the run was begun with.
	AgentID() string
	// ParentRunID returns the run before this one in the thread, "" for none.
	ParentRunID() string
	// Seen returns those of BeginRequest.MessageIDs that the thread has already.
	Seen() map[string]bool
	// NextSeq returns the Seq that the next appended record must have: one more
	// than the last of the thread, 1 in an empty one. An adopted lease goes on
	// after the records of the orphan.
	NextSeq() int64
	// Append stores the run's next records, in order: all of them or none. A
	// record whose Seq is stored already is left out, so that an Append whose
	// outcome isn't known can be repeated. A gap between Seqs is an error. The
	// slice isn't kept.
	Append(ctx context.Context, records []Record) error
	// Renew makes the lease hold for another TTL.
	Renew(ctx context.Context) error
	// AwaitStop returns nil when the run has been asked to stop, and ErrLeaseLost
	// when the lease is lost.
	AwaitStop(ctx context.Context) error
	// Finish ends the run and releases the lease, in one step: result.Records
	// replace all that Append stored for the run, and may go on beyond it. Their Seqs
	// grow, from NextSeq of a new lease or from any Seq beyond it. A nil
	// result leaves no trace of the run, nor of a thread that Begin created for
	// it; Seqs that were used aren't used again while the thread exists. A Finish
	// whose outcome isn't known can be repeated: it fails with ErrLeaseLost if it
	// had been done.
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
	// Earlier are the histories of other finished runs, oldest first, which come before
	// Records and are kept as if each had been finished by itself. It is how a thread
	// that comes from another store has its whole history in one step.
	Earlier [][]Record
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
	// Live is set if a run holds an unexpired lease: more may come.
	Live bool
	// Orphaned is set if the last run is unfinished and its lease has expired.
	Orphaned bool
	// RunID is the unfinished run, "" for none.
	RunID string
	// FirstSeq is the Seq of the unfinished run's first record, 0 if there is no
	// such run. What is before it is history.
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
	// Owner is whose threads are listed. It is not used with AllOwners.
	Owner string
	// AllOwners lists the threads of all owners. It is for who administers the store,
	// and may take time that grows with the number of owners for each page.
	AllOwners bool
	// AgentID, if not empty, limits the list to that agent's threads.
	AgentID string
	// IncludeArchived adds the archived threads to the list.
	IncludeArchived bool
	// Limit is the most threads of a page. If zero, there is no limit.
	Limit int
	// Cursor is the NextCursor of the page before. If empty, the list begins.
	Cursor string
}

// ThreadPage is one page of a list.
type ThreadPage struct {
	Threads []Thread
	// NextCursor is "" on the last page.
	NextCursor string
}

// Patch is a change of a thread. What is nil stays as it is.
type Patch struct {
	Name     *string
	Archived *bool
	// Times sets the times of a thread that comes from another store.
	Times *Times
}

// Times are the times of a [Thread]. A store keeps them to the microsecond at least.
type Times struct {
	Created time.Time
	// Updated is the thread's place in lists, instead of the time of the update that
	// sets it. A store's retention counts from it.
	Updated time.Time
	// LastRun is zero for a thread without runs.
	LastRun time.Time
}
