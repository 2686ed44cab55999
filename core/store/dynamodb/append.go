package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

// Append takes one write, of a block at the place behind the last one.
func (l *lease) Append(ctx context.Context, records []store.Record) error {
	if l.isLost() {
		return store.ErrLeaseLost
	}
	if len(records) == 0 {
		return nil
	}
	for i, record := range records[1:] {
		if record.Seq != records[i].Seq+1 {
			return fmt.Errorf("append records to run %s: %w: %d after %d", l.runID, errGap, record.Seq, records[i].Seq)
		}
	}
	first, last := records[0].Seq, records[len(records)-1].Seq
	if first > l.next {
		return fmt.Errorf("append records to run %s: %w: %d after %d", l.runID, errGap, first, l.next-1)
	}
	err := l.append(ctx, records)
	if errors.Is(err, store.ErrLeaseLost) {
		l.end(false)
	}
	return failed(ctx, fmt.Sprintf("append records %d to %d of run %s", first, last, l.runID), err)
}

func (l *lease) append(ctx context.Context, records []store.Record) error {
	for {
		// What is stored already is left out.
		if skip := l.next - records[0].Seq; skip >= int64(len(records)) {
			return nil
		} else if skip > 0 {
			records = records[skip:]
		}
		stored, keys, err := l.store.appendBlock(ctx, l, records)
		if err != nil {
			return err
		}
		// An earlier Append that got no answer may have stored less, at the same place.
		l.next = stored + 1
		l.blocks = append(l.blocks, keys...)
	}
}

// appendBlock stores records as one block, and returns the last Seq of the block that is
// stored there now, with the keys of its items. It fails with store.ErrLeaseLost if that
// is another holder's.
func (s *Store) appendBlock(ctx context.Context, l *lease, records []store.Record) (last int64, keys []string, err error) {
	chain := l.known().chain
	pk, sk := s.partition(l.key), blockKey(chain, records[0].Seq)
	last = records[len(records)-1].Seq
	attributes := item{"lease": text(l.token), "upto": integer(last)}
	if expires := s.itemExpiry(); expires != 0 {
		attributes[expiryName] = integer(expires)
	}
	block, parts := s.split(pk, sk, rand.Text(), block.Encode(records), attributes)
	if len(parts) > 0 {
		if err := s.write(ctx, parts, nil, pk); err != nil {
			return 0, nil, err
		}
		for _, part := range parts {
			keys = append(keys, getText(part, "sk"))
		}
	}
	keys = append(keys, sk)
	err = s.put(ctx, block, condition{
		// A seal of one's own is replaced.
		"attribute_not_exists(pk) OR lease = :lease AND attribute_not_exists(upto)",
		item{":lease": text(l.token)},
	})
	if errors.Is(err, errConflict) {
		found, err := s.get(ctx, pk, sk)
		if err != nil {
			return 0, nil, err
		}
		if getText(found, "lease") != l.token {
			return 0, nil, store.ErrLeaseLost
		}
		if last = getInteger(found, "upto"); last == 0 {
			return 0, nil, fmt.Errorf("%w: a place of one's own is taken", errStored)
		}
		return last, append(keys, partKeys(found)...), nil
	}
	if err != nil {
		return 0, nil, err
	}
	s.appended(l.key, chain, records)
	return last, keys, nil
}

// partKeys returns the keys of an item's further parts.
func partKeys(i item) []string {
	var keys []string
	for n := 1; n < int(getInteger(i, "parts")); n++ {
		keys = append(keys, partKey(getText(i, "sk"), getText(i, "attempt"), n))
	}
	return keys
}

// itemExpiry is when an item that is written now may be removed, 0 for never: after
// twice the retention, since a thread that is written to keeps what it has.
func (s *Store) itemExpiry() int64 {
	if s.limits.Age == 0 {
		return 0
	}
	return s.clock.latest().Add(2*s.limits.Age).Unix() + 1
}

// fenceTime is how long the places of a run's blocks stay taken that a former holder may
// still write to: much longer than a lease.
const fenceTime = 24 * time.Hour

// nobody is who holds a run that is gone.
const nobody = "nobody"

// fence removes blocks of a run that had a former holder, or is gone with its thread,
// and leaves their places taken, so that this holder, whose clock may have stood still,
// learns that its lease is lost. Other keys are just removed.
func (s *Store) fence(ctx context.Context, pk, chain string, keys []string) error {
	var fences []item
	var rest []string
	expires := s.clock.latest().Add(fenceTime).Unix()
	for _, sk := range unique(keys) {
		if !strings.HasPrefix(sk, liveItem+chain+":") || strings.Contains(sk, partMark) {
			rest = append(rest, sk)
			continue
		}
		fence := key(pk, sk)
		fence["lease"], fence[expiryName] = text(nobody), integer(expires)
		fences = append(fences, fence)
	}
	return s.write(ctx, fences, rest, pk)
}

// sealed is a run whose former holder can't append any more.
type sealed struct {
	// next is the Seq behind its records.
	next int64
	keys []string
}

// seal puts a seal behind the blocks of the unfinished run, for a new holder or for
// nobody.
func (s *Store) seal(ctx context.Context, k store.Key, h head, token string) (sealed, error) {
	pk := s.partition(k)
	result := sealed{next: max(h.seq+1, h.first)}
	look := func(i item) error {
		sk := getText(i, "sk")
		if last := getInteger(i, "upto"); last > 0 {
			result.next = max(result.next, last+1)
			result.keys = append(result.keys, sk)
		} else if getText(i, "lease") == "" {
			result.keys = append(result.keys, sk) // a part
		}
		return nil
	}
	prefix := liveItem + h.chain + ":"
	if err := s.find(ctx, search{pk: pk, from: prefix, to: prefix + beyond, fields: "pk, sk, upto, lease"}, look); err != nil {
		return result, err
	}
	for attempt := 0; ; attempt++ {
		sk := blockKey(h.chain, result.next)
		found, err := s.get(ctx, pk, sk)
		if err != nil {
			return result, err
		}
		if last := getInteger(found, "upto"); last > 0 { // it was appended meanwhile
			result.next = last + 1
			result.keys = append(append(result.keys, sk), partKeys(found)...)
			continue
		}
		if found != nil && getText(found, "lease") == token {
			return result, nil
		}
		seal := key(pk, sk)
		seal["lease"] = text(token)
		if expires := s.itemExpiry(); expires != 0 {
			seal[expiryName] = integer(expires)
		}
		c := condition{"attribute_not_exists(pk)", nil}
		if found != nil { // an earlier holder's seal
			c = condition{"lease = :lease AND attribute_not_exists(upto)", item{":lease": text(getText(found, "lease"))}}
		}
		err = s.put(ctx, seal, c)
		if err == nil {
			result.keys = append(result.keys, sk)
			return result, nil
		}
		if !errors.Is(err, errConflict) {
			return result, err
		}
		if err := backOff(ctx, attempt); err != nil {
			return result, err
		}
	}
}
