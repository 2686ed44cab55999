package dynamodb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

// Finish writes what the run leaves behind, then the head, which makes it true, and
// removes what that has replaced.
func (l *lease) Finish(ctx context.Context, result *store.Result) error {
	if l.isLost() {
		return store.ErrLeaseLost
	}
	err := l.finish(ctx, result)
	l.unsure = errors.Is(err, errUnanswered) || ctx.Err() != nil && err != nil
	if err == nil || errors.Is(err, store.ErrLeaseLost) {
		l.end(false)
	}
	return failed(ctx, "finish run "+l.runID, err)
}

func (l *lease) finish(ctx context.Context, result *store.Result) error {
	s := l.store
	known := l.known()
	if l.unsure || !known.exists() {
		var err error
		if known, err = s.readHead(ctx, l.key); err != nil || known.done == l.token {
			return err
		}
	}
	if known.token != l.token {
		return store.ErrLeaseLost
	}
	left, err := l.leave(ctx, result, known)
	if err != nil {
		return err
	}
	before := known
	h, err := s.change(ctx, l.key, &known, func(h *head) error {
		switch {
		case h.done == l.token && h.token != l.token:
			return errNothing
		case h.token != l.token:
			return store.ErrLeaseLost
		}
		before = *h
		h.finish(l, s, result, left)
		return nil
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	if err != nil {
		return err
	}
	l.clean(ctx, before, h)
	return nil
}

// legacy is what a finished run has written, for the head to name.
type legacy struct {
	newest, ids, snapshot    string
	seq, runs, snapshotParts int64
}

// leave writes what a finished run leaves, below the lease's own name.
func (l *lease) leave(ctx context.Context, result *store.Result, h head) (legacy, error) {
	left := legacy{newest: h.newest, seq: h.seq, runs: h.runs, ids: h.ids, snapshot: h.snapshot, snapshotParts: h.snapshotParts}
	if result == nil {
		return left, nil
	}
	s := l.store
	pk := s.partition(l.key)
	var items []item
	add := func(sk string, data []byte, more item) {
		if expires := s.itemExpiry(); expires != 0 {
			more[expiryName] = integer(expires)
		}
		first, rest := s.split(pk, sk, l.token, data, more)
		items = append(append(items, first), rest...)
	}
	for _, records := range slices.Concat(result.Earlier, [][]store.Record{result.Records}) {
		n := len(records)
		if n == 0 {
			continue
		}
		left.runs++
		name := runKey(records[n-1].Seq, l.token)
		add(name, block.Encode(records), item{"before": text(left.newest), "ordinal": integer(left.runs)})
		left.newest, left.seq = name, records[n-1].Seq
	}
	if digests := l.newDigests(result.MessageIDs); len(digests) > 0 {
		left.ids = l.token
		add(idsItem+l.token, digests, item{"before": text(h.ids)})
	}
	left.snapshot = l.token
	add(snapshotItem+l.token, encodeSnapshot(result.Snapshot), item{})
	left.snapshotParts = 1
	for _, i := range items {
		if sk := getText(i, "sk"); sk == snapshotItem+l.token {
			left.snapshotParts = max(getInteger(i, "parts"), 1)
		}
	}
	return left, s.write(ctx, items, nil, pk)
}

// finish changes a head for a run that has ended.
func (h *head) finish(l *lease, s *Store, result *store.Result, left legacy) {
	seq := l.next - 1
	if result == nil {
		if !h.kept {
			*h = head{key: h.key}
			return
		}
		h.agent, h.ran = h.wasAgent, h.wasRan
		if h.updated == h.begun { // it wasn't renamed meanwhile
			h.updated = h.wasUpdated
		}
	} else {
		h.updated = h.touch(s.clock)
		h.kept, h.parent = true, h.run
		seq = max(seq, left.seq)
		h.newest, h.runs = left.newest, left.runs
		h.ids, h.snapshot, h.snapshotParts = left.ids, left.snapshot, left.snapshotParts
	}
	h.seq, h.done = max(h.seq, seq), l.token
	h.chain, h.token, h.run, h.stop, h.wasAgent = "", "", "", "", ""
	h.first, h.until, h.begun, h.wasUpdated, h.wasRan = 0, 0, 0, 0, 0
	h.keep(s.clock, s.limits)
	if h.fresh == 0 {
		h.fresh = s.itemExpiry()
	}
}

// clean removes what nobody reads any more. What fails here takes room, and no more.
func (l *lease) clean(ctx context.Context, before, after head) {
	s := l.store
	pk := s.partition(l.key)
	old := append(l.blocks, l.garbage...)
	if before.snapshot != "" && before.snapshot != after.snapshot {
		old = append(old, snapshotKeys(before)...)
	}
	if keep := s.limits.Runs; keep > 0 && after.runs > keep {
		old = append(old, s.oldestRuns(ctx, pk, after.runs-keep)...)
	}
	if l.adopted {
		_ = s.fence(ctx, pk, before.chain, old)
	} else {
		_ = s.write(ctx, nil, unique(old), pk)
	}
	l.blocks, l.garbage = nil, nil
	_ = s.refresh(ctx, after)
}

// snapshotKeys returns the keys of a thread's snapshot.
func snapshotKeys(h head) []string {
	keys := []string{snapshotItem + h.snapshot}
	for n := 1; n < int(h.snapshotParts); n++ {
		keys = append(keys, partKey(keys[0], h.snapshot, n))
	}
	return keys
}

// oldestAtOnce is how many items of old runs are looked at when a run ends: usually one
// has to go.
const oldestAtOnce = 8

// oldestRuns returns the keys of runs up to an ordinal, from the oldest on.
func (s *Store) oldestRuns(ctx context.Context, pk string, ordinal int64) []string {
	var keys []string
	parts := false
	_ = s.find(ctx, search{pk: pk, from: runItem, to: runItem + beyond, limit: oldestAtOnce, fields: "pk, sk, ordinal"}, func(i item) error {
		if n := getInteger(i, "ordinal"); n > 0 {
			parts = n <= ordinal
		}
		if parts {
			keys = append(keys, getText(i, "sk"))
		}
		return nil
	})
	return keys
}

// refresh puts off the expiry of what a thread has, once in a retention.
func (s *Store) refresh(ctx context.Context, h head) error {
	if s.limits.Age == 0 || !h.exists() || h.fresh > s.clock.latest().Add(s.limits.Age).Unix() {
		return nil
	}
	expires := s.itemExpiry()
	pk := s.partition(h.key)
	for _, kind := range []string{idsItem, runItem, snapshotItem} {
		var items []item
		err := s.find(ctx, search{pk: pk, from: kind, to: kind + beyond}, func(i item) error {
			i[expiryName] = integer(expires)
			if items = append(items, i); len(items) < batchItems {
				return nil
			}
			err := s.write(ctx, items, nil, pk)
			items = nil
			return err
		})
		if err == nil {
			err = s.write(ctx, items, nil, pk)
		}
		if err != nil {
			return err
		}
	}
	_, err := s.change(ctx, h.key, &h, func(h *head) error {
		if !h.exists() {
			return errNothing
		}
		h.fresh = expires
		return nil
	})
	return err
}

// digestSize is how much of a message id's digest is kept.
const digestSize = 10

func digest(id string) string {
	sum := sha256.Sum256([]byte(id))
	return string(sum[:digestSize])
}

// newDigests returns the digests of those ids that the thread hasn't seen.
func (l *lease) newDigests(ids []string) []byte {
	var digests []byte
	for _, id := range ids {
		if !l.seen[id] {
			digests = append(digests, digest(id)...)
		}
	}
	return digests
}

// encodeSnapshot writes the length of the messages, whether there is a state, and both.
func encodeSnapshot(snapshot store.Snapshot) []byte {
	data := binary.AppendUvarint(nil, uint64(len(snapshot.Messages)))
	data = append(data, snapshot.Messages...)
	if snapshot.State == nil {
		return append(data, 0)
	}
	return append(append(data, 1), snapshot.State...)
}

func decodeSnapshot(data []byte) (store.Snapshot, error) {
	n, size := binary.Uvarint(data)
	if size <= 0 || uint64(len(data)-size) < n+1 {
		return store.Snapshot{}, fmt.Errorf("%w: snapshot of %d bytes", errStored, len(data))
	}
	data = data[size:]
	snapshot := store.Snapshot{Messages: bytes.Clone(data[:n])}
	if data[n] == 1 {
		snapshot.State = append([]byte{}, data[n+1:]...)
	}
	return snapshot, nil
}
