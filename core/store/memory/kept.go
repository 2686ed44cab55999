package memory

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// finishedRun is what is kept of a run. It doesn't change any more.
type finishedRun struct {
	records    []keptRecord
	messageIDs []string
	bytes      int64
}

// keptRecord is a record of a finished run. Its cuts are varints, since there is one for
// each delta, and they would take as much as the text.
type keptRecord struct {
	seq   int64
	event agui.Encoded
	cuts  []byte
}

// keep returns the records of a run as they are kept.
func keep(records []store.Record) []keptRecord {
	kept := make([]keptRecord, len(records))
	for i, record := range records {
		kept[i] = keptRecord{seq: record.Seq, event: record.Event, cuts: packCuts(record.Cuts)}
	}
	return kept
}

// after returns those of the kept records that come after a Seq.
func (run *finishedRun) after(seq int64) []keptRecord {
	from, _ := slices.BinarySearchFunc(run.records, seq+1, func(r keptRecord, seq int64) int {
		return cmp.Compare(r.seq, seq)
	})
	return run.records[from:]
}

// appendRecords appends kept records as they were.
func appendRecords(records []store.Record, kept []keptRecord) []store.Record {
	for _, record := range kept {
		records = append(records, store.Record{Seq: record.seq, Event: record.event, Cuts: unpackCuts(record.cuts)})
	}
	return records
}

func packCuts(cuts []int) []byte {
	if len(cuts) == 0 {
		return nil
	}
	packed := make([]byte, 0, 2*len(cuts))
	for _, cut := range cuts {
		packed = binary.AppendUvarint(packed, uint64(cut))
	}
	return slices.Clone(packed)
}

func unpackCuts(packed []byte) []int {
	if len(packed) == 0 {
		return nil
	}
	cuts := make([]int, 0, len(packed))
	for len(packed) > 0 {
		cut, n := binary.Uvarint(packed)
		cuts, packed = append(cuts, int(cut)), packed[n:]
	}
	return cuts
}
