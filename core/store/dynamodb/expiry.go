package dynamodb

import (
	"context"
	"errors"
)

// itemExpiry is when an item that is written now may be removed, 0 for never: after
// twice the retention, since a thread that is written to keeps what it has.
func (s *Store) itemExpiry() int64 {
	if s.limits.Age == 0 {
		return 0
	}
	return s.clock.latest().Add(2*s.limits.Age).Unix() + 1
}

// refresh puts off the expiry of what a thread has, before its own is put off beyond
// that: once in a retention, and when the retention is another one than it was.
func (s *Store) refresh(ctx context.Context, before head, next *head) error {
	enough := int64(0)
	if s.limits.Age > 0 {
		enough = s.clock.latest().Add(s.limits.Age).Unix() + 1
	}
	switch {
	case !before.exists(): // it has nothing yet
		next.fresh = s.itemExpiry()
		return nil
	case enough == 0 && next.fresh == 0, enough > 0 && next.fresh > enough:
		return nil
	}
	pk, expires := s.partition(next.key), s.itemExpiry()
	next.fresh = expires
	var items []item
	err := s.find(ctx, search{pk: pk, from: idsItem, to: beyond}, func(i item) (err error) {
		had := getInteger(i, expiryName)
		switch {
		case getText(i, "sk") == headItem, getText(i, "lease") != "" && getInteger(i, "upto") == 0: // a seal
			return nil
		case enough == 0 && had == 0:
			return nil
		case enough > 0 && had > enough: // by a try before this one
			next.fresh = min(next.fresh, had)
			return nil
		}
		if i[expiryName] = integer(expires); expires == 0 {
			delete(i, expiryName)
		}
		if lease := getText(i, "lease"); lease != "" {
			// A block of a run that ends meanwhile stays removed, or fenced.
			err := s.put(ctx, i, condition{"lease = :lease", item{":lease": text(lease)}})
			if errors.Is(err, errConflict) {
				return nil
			}
			return err
		}
		if items = append(items, i); len(items) == batchItems {
			err = s.write(ctx, items, nil, pk)
			items = nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.write(ctx, items, nil, pk)
}
