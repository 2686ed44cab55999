package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

// Read takes one reading for the head, one for finished runs and one for the blocks of
// a live run, each of a megabyte at most; more for more. While it waits it asks again,
// see [Store].
func (s *Store) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	var page store.Page
	var err error
	if wait {
		page, err = s.follow(ctx, key, after)
	} else {
		var f found
		f, err = s.readNow(ctx, key, after)
		page = f.Page
	}
	return page, failed(ctx, "read thread "+key.ID, err)
}

// found is a page with the head that it is of.
type found struct {
	store.Page
	head head
	// upTo is the Seq up to which the blocks of the live run are known.
	upTo int64
}

// errMoved means that a run ended or began while its thread was read.
var errMoved = errors.New("thread has changed")

// maxReadings is how often a thread is read that changes meanwhile.
const maxReadings = 20

func (s *Store) readNow(ctx context.Context, key store.Key, after int64) (found, error) {
	for attempt := 0; ; attempt++ {
		h, err := s.readHead(ctx, key)
		if err != nil || !h.exists() {
			return found{head: h}, err
		}
		f, err := s.readFrom(ctx, h, after)
		if !errors.Is(err, errMoved) {
			return f, err
		}
		if attempt == maxReadings {
			return f, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		if err := backOff(ctx, attempt); err != nil {
			return found{}, err
		}
	}
}

// readFrom reads the records behind a Seq that a head names. It fails with errMoved if
// they are there no more.
func (s *Store) readFrom(ctx context.Context, h head, after int64) (found, error) {
	f := found{head: h}
	after = min(max(after, 0), math.MaxInt64-1) // there is one behind it
	historyEnds := h.seq
	if h.chain != "" {
		historyEnds = h.first - 1
	}
	if after < historyEnds {
		if err := s.readRuns(ctx, h, after, &f); err != nil {
			return f, err
		}
	}
	if h.chain == "" {
		return f, nil
	}
	if err := s.readBlocks(ctx, h, after, &f); err != nil {
		return f, err
	}
	f.describe(f.head, s.clock)
	return f, nil
}

// describe says what the head says of the unfinished run.
func (f *found) describe(h head, c *clock) {
	f.RunID, f.FirstSeq = h.run, h.first
	f.Live = h.live(c)
	f.Orphaned = !f.Live
}

// readRuns reads the finished runs behind a Seq, by the names that begin at the head.
func (s *Store) readRuns(ctx context.Context, h head, after int64, f *found) error {
	runs := make(map[string]item)
	var more parts
	err := s.find(ctx, search{pk: s.partition(h.key), from: runItem + number(after+1), to: runItem + beyond}, func(i item) error {
		if !more.add(i) {
			runs[getText(i, "sk")] = i
		}
		return nil
	})
	if err != nil {
		return err
	}
	var chosen []item
	for name := h.newest; name != "" && name >= runItem+number(after+1); {
		run, ok := runs[name]
		if !ok {
			if len(chosen) == 0 {
				return errMoved
			}
			break // those before it were removed, since there were too many
		}
		if s.limits.Runs > 0 && int64(len(chosen)) == s.limits.Runs {
			break
		}
		chosen = append(chosen, run)
		name = getText(run, "before")
	}
	for _, run := range slices.Backward(chosen) {
		data, err := more.join(run)
		if err == nil {
			f.Records, err = block.Append(f.Records, data, after)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errStored, err)
		}
	}
	return nil
}

// readBlocks reads what a live run has behind a Seq, and the head again, which comes
// behind the blocks: so it says whether they were all still there.
func (s *Store) readBlocks(ctx context.Context, h head, after int64, f *found) error {
	from := max(after+1, h.first)
	start, err := s.blockBefore(ctx, h, from)
	if err != nil {
		return err
	}
	blocks, now, err := s.blocks(ctx, h.key, h.chain, start, false)
	if err != nil {
		return err
	}
	if now.chain != h.chain {
		return errMoved
	}
	f.head, f.upTo = now, start-1
	for _, b := range blocks {
		if b.first > f.upTo+1 {
			return errMoved
		}
		if f.Records, err = block.Append(f.Records, b.data, after); err != nil {
			return fmt.Errorf("%w: %w", errStored, err)
		}
		f.upTo = b.last
	}
	return nil
}

// blockBefore returns where the block begins that has a Seq, or would have it.
func (s *Store) blockBefore(ctx context.Context, h head, seq int64) (int64, error) {
	if seq <= h.first {
		return h.first, nil
	}
	start := h.first
	err := s.find(ctx, search{
		pk: s.partition(h.key), from: liveItem + h.chain + ":", to: blockKey(h.chain, seq),
		reverse: true, limit: 1, fields: "pk, sk",
	}, func(i item) (err error) {
		start, err = blockStart(h.chain, getText(i, "sk"))
		return err
	})
	return start, err
}

// liveBlock is one Append.
type liveBlock struct {
	first, last int64
	data        []byte
}

// blocks reads the blocks of a run from one on, and the head, in one reading.
func (s *Store) blocks(ctx context.Context, k store.Key, chain string, from int64, eventual bool) ([]liveBlock, head, error) {
	h := head{key: k}
	var found []item
	var more parts
	err := s.find(ctx, search{
		pk: s.partition(k), from: blockKey(chain, from), to: headItem, eventual: eventual,
	}, func(i item) error {
		switch sk := getText(i, "sk"); {
		case sk == headItem:
			h = s.alive(parseHead(i))
		case !strings.HasPrefix(sk, liveItem+chain+":"), more.add(i), getInteger(i, "upto") == 0:
		default:
			found = append(found, i)
		}
		return nil
	})
	if err != nil {
		return nil, h, err
	}
	blocks := make([]liveBlock, 0, len(found))
	for _, i := range found {
		first, err := blockStart(chain, getText(i, "sk"))
		if err != nil {
			return nil, h, err
		}
		data, err := more.join(i)
		if err != nil && eventual {
			break // its parts have been removed, or aren't there yet
		}
		if err != nil {
			return nil, h, errMoved
		}
		blocks = append(blocks, liveBlock{first, getInteger(i, "upto"), data})
	}
	return blocks, h, nil
}

// Snapshot takes one reading for the head and one for the snapshot.
func (s *Store) Snapshot(ctx context.Context, key store.Key) (store.Snapshot, error) {
	snapshot, err := s.snapshot(ctx, key)
	return snapshot, failed(ctx, "read the snapshot of thread "+key.ID, err)
}

func (s *Store) snapshot(ctx context.Context, key store.Key) (store.Snapshot, error) {
	for attempt := 0; ; attempt++ {
		h, err := s.readHead(ctx, key)
		if err != nil {
			return store.Snapshot{}, err
		}
		if h.snapshot == "" {
			return store.Snapshot{}, store.ErrNotFound
		}
		var first item
		var more parts
		name := snapshotItem + h.snapshot
		err = s.find(ctx, search{pk: s.partition(key), from: name, to: name + beyond}, func(i item) error {
			if !more.add(i) {
				first = i
			}
			return nil
		})
		if err != nil {
			return store.Snapshot{}, err
		}
		data, err := more.join(first)
		if first != nil && err == nil {
			return decodeSnapshot(data)
		}
		if attempt == maxReadings {
			return store.Snapshot{}, fmt.Errorf("%w: no snapshot", errStored)
		}
		// The next run has left another one meanwhile.
		if err := backOff(ctx, attempt); err != nil {
			return store.Snapshot{}, err
		}
	}
}

// opening is what a run that begins has to know of its thread.
type opening struct {
	head head
	// ids are the digests of message ids, by the lease that added them.
	ids map[string]item
	// garbage are the keys of items that nobody reads, if the head stays what it is.
	garbage []string
	more    parts
}

// open reads a thread's message ids and its head, with what was left lying between.
func (s *Store) open(ctx context.Context, k store.Key) (opening, error) {
	o := opening{head: head{key: k}, ids: make(map[string]item)}
	err := s.find(ctx, search{pk: s.partition(k), from: idsItem, to: headItem}, func(i item) error {
		switch sk := getText(i, "sk"); {
		case sk == headItem:
			o.head = s.alive(parseHead(i))
		case getText(i, "lease") == nobody: // the seal of a deleted thread's run
		case strings.HasPrefix(sk, liveItem):
			o.garbage = append(o.garbage, sk)
		case !o.more.add(i):
			o.ids[strings.TrimPrefix(sk, idsItem)] = i
		}
		return nil
	})
	return o, err
}

// seen returns those of a run's message ids that the thread has.
func (o *opening) seen(ids []string) map[string]bool {
	digests := make(map[string]bool)
	for name := o.head.ids; name != ""; {
		i, ok := o.ids[name]
		if !ok {
			break // it has expired
		}
		data, err := o.more.join(i)
		if err != nil {
			break
		}
		for d := range slices.Chunk(data, digestSize) {
			digests[string(d)] = true
		}
		name = getText(i, "before")
	}
	seen := make(map[string]bool)
	for _, id := range ids {
		if digests[digest(id)] {
			seen[id] = true
		}
	}
	return seen
}
