package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Object ids of the types that parameters have.
const (
	oidBool      = 16
	oidBytea     = 17
	oidInt8      = 20
	oidText      = 25
	oidTimestamp = 1184
	oidUUID      = 2950
	oidUUIDs     = 2951
)

// query is one statement of a batch. All statements of a batch are one transaction, and
// take one round trip. They aren't prepared, so that they work through any pooler.
type query struct {
	sql  string
	args []any
	// row, if not nil, gets each row of the answer, which is only valid until it
	// returns.
	row func(row row) error
}

// serverText is an argument that is text to the server, as names of channels are. Strings
// are bytea otherwise.
type serverText string

// add encodes the query into a batch.
func (q query) add(batch *pgconn.Batch) error {
	values := make([][]byte, len(q.args))
	types := make([]uint32, len(q.args))
	for i, arg := range q.args {
		switch arg := arg.(type) {
		case nil:
			types[i] = 0
		case bool:
			values[i], types[i] = []byte{0}, oidBool
			if arg {
				values[i][0] = 1
			}
		case *bool:
			types[i] = oidBool
			if arg != nil {
				values[i] = []byte{0}
				if *arg {
					values[i][0] = 1
				}
			}
		case int64:
			values[i], types[i] = binary.BigEndian.AppendUint64(nil, uint64(arg)), oidInt8
		case time.Duration: // in microseconds, rounded up
			values[i], types[i] = binary.BigEndian.AppendUint64(nil, uint64((arg+time.Microsecond-1)/time.Microsecond)), oidInt8
		case *time.Time:
			types[i] = oidTimestamp
			if arg != nil {
				values[i] = binary.BigEndian.AppendUint64(nil, uint64(arg.UnixMicro()-epoch))
			}
		case string:
			values[i], types[i] = []byte(arg), oidBytea
		case *string:
			types[i] = oidBytea
			if arg != nil {
				values[i] = append([]byte{}, *arg...)
			}
		case []byte: // nil is NULL
			values[i], types[i] = arg, oidBytea
		case serverText:
			values[i], types[i] = []byte(arg), oidText
		case uuid:
			values[i], types[i] = arg[:], oidUUID
		case []uuid:
			values[i], types[i] = encodeUUIDs(arg), oidUUIDs
		default:
			return fmt.Errorf("postgres store: argument of type %T", arg)
		}
	}
	batch.ExecParams(q.sql, values, types, binaryFormat, binaryFormat)
	return nil
}

var binaryFormat = []int16{1}

// encodeUUIDs returns an array as the protocol has it.
func encodeUUIDs(ids []uuid) []byte {
	data := make([]byte, 0, 20+20*len(ids))
	dimensions := uint32(1)
	if len(ids) == 0 {
		dimensions = 0
	}
	data = binary.BigEndian.AppendUint32(data, dimensions)
	data = binary.BigEndian.AppendUint32(data, 0) // no NULL in it
	data = binary.BigEndian.AppendUint32(data, oidUUID)
	if len(ids) == 0 {
		return data
	}
	data = binary.BigEndian.AppendUint32(data, uint32(len(ids)))
	data = binary.BigEndian.AppendUint32(data, 1) // the first has the number 1
	for _, id := range ids {
		data = binary.BigEndian.AppendUint32(data, uint32(len(id)))
		data = append(data, id[:]...)
	}
	return data
}

// epoch is the server's beginning of time, in microseconds from that of Unix.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// errStored means that what the server holds or answers isn't what this package writes.
var errStored = errors.New("unexpected data")

// row is one row of an answer.
type row [][]byte

func (r row) isNull(i int) bool   { return r[i] == nil }
func (r row) string(i int) string { return string(r[i]) }

// bytes returns a copy, nil for NULL.
func (r row) bytes(i int) []byte {
	if r[i] == nil {
		return nil
	}
	return append([]byte{}, r[i]...)
}

// bool returns false for NULL.
func (r row) bool(i int) bool { return len(r[i]) == 1 && r[i][0] == 1 }

// int returns 0 for NULL.
func (r row) int(i int) int64 {
	if len(r[i]) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(r[i]))
}

// uuid returns zeros for NULL.
func (r row) uuid(i int) (id uuid) {
	copy(id[:], r[i])
	return id
}

// time returns the zero time for NULL.
func (r row) time(i int) time.Time {
	if len(r[i]) != 8 {
		return time.Time{}
	}
	return time.UnixMicro(r.int(i) + epoch)
}

// exec sends a batch and hands out its answer.
func exec(results *pgconn.MultiResultReader, queries []query) error {
	var failure error
	for n := 0; results.NextResult(); n++ {
		reader := results.ResultReader()
		for reader.NextRow() {
			if failure == nil && n < len(queries) && queries[n].row != nil {
				failure = queries[n].row(row(reader.Values()))
			}
		}
		if _, err := reader.Close(); err != nil {
			// What follows wasn't done.
			results.Close()
			return err
		}
	}
	return errors.Join(results.Close(), failure)
}
