// Package block encodes a batch of records as one value: a line for each record,
// its event's JSON. In front of the JSON stands the record's Seq, if it isn't one
// more than that of the line above, with its Cuts, if it has any: "17,4,9 {…}".
package block

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// Encode returns the block of records. There must be at least one.
func Encode(records []store.Record) []byte {
	size := 0
	for _, record := range records {
		size += len(record.Event.JSON()) + 16
	}
	data := make([]byte, 0, size)
	for i, record := range records {
		if i > 0 {
			data = append(data, '\n')
		}
		if i == 0 || len(record.Cuts) > 0 || record.Seq != records[i-1].Seq+1 {
			data = strconv.AppendInt(data, record.Seq, 10)
			for _, cut := range record.Cuts {
				data = append(data, ',')
				data = strconv.AppendInt(data, int64(cut), 10)
			}
			data = append(data, ' ')
		}
		data = append(data, record.Event.JSON()...)
	}
	return data
}

// Append appends to dst those records of a block whose Seq is greater than after
// and than that of dst's last: a batch that was stored twice is read once.
func Append(dst []store.Record, data []byte, after int64) ([]store.Record, error) {
	if len(dst) > 0 {
		after = max(after, dst[len(dst)-1].Seq)
	}
	last := int64(0)
	for line := range bytes.SplitSeq(data, []byte{'\n'}) {
		seq, cuts, event, err := split(line, last)
		if err != nil {
			return dst, err
		}
		if last = seq; seq <= after {
			continue
		}
		encoded, err := agui.ParseEncoded(event)
		if err != nil {
			return dst, fmt.Errorf("stored record %d: %w", seq, err)
		}
		dst = append(dst, store.Record{Seq: seq, Event: encoded, Cuts: cuts})
	}
	return dst, nil
}

// split returns the parts of a line; before is the Seq of the line above.
func split(line []byte, before int64) (seq int64, cuts []int, event []byte, err error) {
	brace := bytes.IndexByte(line, '{')
	if brace < 0 {
		return 0, nil, nil, fmt.Errorf("stored record after %d: no event in %q", before, line)
	}
	if brace == 0 {
		return before + 1, nil, line, nil
	}
	head := bytes.TrimSuffix(line[:brace], []byte{' '})
	for i, number := range bytes.Split(head, []byte{','}) {
		n, err := strconv.ParseInt(string(number), 10, 64)
		if err != nil {
			return 0, nil, nil, fmt.Errorf("stored record after %d: %w", before, err)
		}
		if i == 0 {
			seq = n
		} else {
			cuts = append(cuts, int(n))
		}
	}
	return seq, cuts, line[brace:], nil
}
