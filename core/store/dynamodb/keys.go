package dynamodb

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/copilotkit-go/runtime/core/store"
)

// The items of a thread are in one partition, in this order.
const (
	// idsItem + lease: the message ids that a finished run has brought.
	idsItem = "I:"
	// liveItem + chain + number of the first record: a block of the live run, or the
	// seal of those before it.
	liveItem = "L:"
	// headItem comes behind the blocks, so that one reading has the newest of them and
	// the head.
	headItem = "M"
	// runItem + number of the last record + lease: a finished run.
	runItem = "R:"
	// snapshotItem + lease: what the last finished run left.
	snapshotItem = "S:"
	// partMark comes before the number of a further part of an item.
	partMark = "+"
	// beyond is behind every name with a prefix.
	beyond = "~"
)

// partition is where a thread's items are.
func (s *Store) partition(key store.Key) string {
	return s.prefix + "thread:" + name(key.Owner) + ":" + name(key.ID)
}

// ownerList is the index's partition with an owner's threads.
func (s *Store) ownerList(owner string) string { return s.prefix + listPrefix + name(owner) }

const listPrefix = "threads:"

// maxName is how long a name may be to stand in a key as it is. DynamoDB's limit for a
// whole key is 2048 bytes.
const maxName = 600

// name returns what stands for any string in a key: itself, escaped so that no two look
// alike, or its digest.
func name(text string) string {
	escaped := url.QueryEscape(text)
	if len(escaped) > maxName {
		sum := sha256.Sum256([]byte(text))
		return "#" + hex.EncodeToString(sum[:])
	}
	return escaped
}

// number writes a Seq so that it sorts.
func number(seq int64) string { return fmt.Sprintf("%016x", seq) }

// blockKey is the place of the block that begins with a Seq.
func blockKey(chain string, first int64) string { return liveItem + chain + ":" + number(first) }

// blockStart returns the number in the key of a block, or of a part of one.
func blockStart(chain, key string) (int64, error) {
	text := strings.TrimPrefix(key, liveItem+chain+":")
	text, _, _ = strings.Cut(text, partMark)
	first, err := strconv.ParseInt(text, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: block %q", errStored, key)
	}
	return first, nil
}

// runKey is the place of a finished run.
func runKey(last int64, lease string) string { return runItem + number(last) + ":" + lease }

// partKey is the place of a further part of an item; attempt tells writings of the same
// item apart.
func partKey(key, attempt string, n int) string {
	return fmt.Sprintf("%s%s%s%04x", key, partMark, attempt, n)
}

// maxIndexID is how much of an id is in the index's sort key, whose limit is 1024 bytes.
const maxIndexID = 900

// threadPlace is a thread's place in its owner's list, from the longest ago updated on.
func threadPlace(updated int64, id string) []byte {
	// With its sign turned, so that times before 1970 come first.
	place := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(id)), uint64(updated)^1<<63)
	if len(id) > maxIndexID {
		sum := sha256.Sum256([]byte(id))
		id = id[:maxIndexID-len(sum)] + string(sum[:])
	}
	return append(place, id...)
}
