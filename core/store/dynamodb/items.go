package dynamodb

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/copilotkit-go/runtime/core/internal/pause"
)

type (
	item  = map[string]types.AttributeValue
	value = types.AttributeValue
)

func text(s string) value        { return &types.AttributeValueMemberS{Value: s} }
func binaryValue(b []byte) value { return &types.AttributeValueMemberB{Value: b} }

// binaryText is for strings of users: DynamoDB's own must be UTF-8, and not empty in keys.
func binaryText(s string) value { return binaryValue([]byte(s)) }
func integer(n int64) value     { return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)} }
func boolean(set bool) value    { return &types.AttributeValueMemberBOOL{Value: set} }
func key(pk, sk string) item    { return item{"pk": text(pk), "sk": text(sk)} }

func getText(i item, name string) string {
	if v, ok := i[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func getBytes(i item, name string) []byte {
	if v, ok := i[name].(*types.AttributeValueMemberB); ok {
		return v.Value
	}
	return nil
}

func getInteger(i item, name string) int64 {
	if v, ok := i[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(v.Value, 10, 64)
		return n
	}
	return 0
}

func getBoolean(i item, name string) bool {
	v, ok := i[name].(*types.AttributeValueMemberBOOL)
	return ok && v.Value
}

// get reads one item, as it is after all writes that were answered; nil if there is none.
func (s *Store) get(ctx context.Context, pk, sk string) (item, error) {
	out, err := call(ctx, s, "GetItem", func(c *api.Client) (*api.GetItemOutput, error) {
		return c.GetItem(ctx, &api.GetItemInput{TableName: &s.table, Key: key(pk, sk), ConsistentRead: aws.Bool(true)})
	})
	if err != nil || len(out.Item) == 0 {
		return nil, err
	}
	return out.Item, nil
}

// condition is what must hold for a write.
type condition struct {
	expression string
	values     item
}

// put writes an item if the condition holds; otherwise it fails with errConflict. So it
// does when it had been written and the answer got lost.
func (s *Store) put(ctx context.Context, i item, c condition) error {
	input := &api.PutItemInput{TableName: &s.table, Item: i}
	if c.expression != "" {
		input.ConditionExpression = &c.expression
		input.ExpressionAttributeValues = c.values
	}
	_, err := call(ctx, s, "PutItem", func(c *api.Client) (*api.PutItemOutput, error) { return c.PutItem(ctx, input) })
	return err
}

// search is a range of a partition.
type search struct {
	pk, from, to string
	// eventual allows an answer that is behind, for half the price.
	eventual bool
	// fields are the attributes that are asked for, "" for all.
	fields string
	// names are those of fields that aren't allowed there.
	names map[string]string
	// reverse begins at the end.
	reverse bool
	// limit is the most items, 0 for all.
	limit int32
}

// find yields all items of a range to take, in order.
func (s *Store) find(ctx context.Context, r search, take func(item) error) error {
	input := &api.QueryInput{
		TableName:                 &s.table,
		KeyConditionExpression:    aws.String("pk = :pk AND sk BETWEEN :from AND :to"),
		ExpressionAttributeValues: item{":pk": text(r.pk), ":from": text(r.from), ":to": text(r.to)},
		ConsistentRead:            aws.Bool(!r.eventual),
		ScanIndexForward:          aws.Bool(!r.reverse),
	}
	if r.fields != "" {
		input.ProjectionExpression = &r.fields
		input.ExpressionAttributeNames = r.names
	}
	if r.limit > 0 {
		input.Limit = &r.limit
	}
	for {
		out, err := call(ctx, s, "Query", func(c *api.Client) (*api.QueryOutput, error) { return c.Query(ctx, input) })
		if err != nil {
			return err
		}
		for _, found := range out.Items {
			if err := take(found); err != nil {
				return err
			}
		}
		if len(out.LastEvaluatedKey) == 0 || r.limit > 0 {
			return nil
		}
		input.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

const (
	// batchItems and batchBytes bound one writing of many items: DynamoDB's limits are
	// 25 and 16 MB, in base64.
	batchItems, batchBytes = 25, 4 << 20
)

// write writes and removes items, without conditions and in any order.
func (s *Store) write(ctx context.Context, puts []item, deletes []string, pk string) error {
	var batch []types.WriteRequest
	size := 0
	flush := func() error {
		requests := batch
		batch, size = nil, 0
		return s.writeBatch(ctx, requests)
	}
	for _, i := range puts {
		n := len(getBytes(i, "data")) + 1000
		if len(batch) == batchItems || len(batch) > 0 && size+n > batchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		batch = append(batch, types.WriteRequest{PutRequest: &types.PutRequest{Item: i}})
		size += n
	}
	for _, sk := range deletes {
		if len(batch) == batchItems {
			if err := flush(); err != nil {
				return err
			}
		}
		batch = append(batch, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key(pk, sk)}})
	}
	return flush()
}

// unique returns keys without repetitions, which DynamoDB refuses.
func unique(keys []string) []string {
	slices.Sort(keys)
	return slices.Compact(keys)
}

// writeBatch writes until nothing is left: DynamoDB may do a part only.
func (s *Store) writeBatch(ctx context.Context, requests []types.WriteRequest) error {
	wait := minBackoff
	for len(requests) > 0 {
		out, err := call(ctx, s, "BatchWriteItem", func(c *api.Client) (*api.BatchWriteItemOutput, error) {
			return c.BatchWriteItem(ctx, &api.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{s.table: requests}})
		})
		if err != nil {
			return err
		}
		left := out.UnprocessedItems[s.table]
		if len(left) > 0 && len(left) == len(requests) {
			if err := pause.Sleep(ctx, jitter(wait)); err != nil {
				return err
			}
			wait = min(2*wait, maxBackoff)
		}
		requests = left
	}
	return nil
}

// maxPart is how much data one item has: with its other attributes it stays below
// DynamoDB's 400 KB.
const maxPart = 380 << 10

// split makes items of data that may be larger than one can be: the first, with the
// number of the others, and those. Attempt tells writings of the same item apart.
func (s *Store) split(pk, sk, attempt string, data []byte, more item) (first item, rest []item) {
	first = key(pk, sk)
	maps.Copy(first, more)
	data, packed := s.packers.pack(data)
	if packed {
		first["packed"] = boolean(true)
	}
	parts := max((len(data)+s.maxPart-1)/s.maxPart, 1)
	first["data"] = binaryValue(data[:min(len(data), s.maxPart)])
	if parts == 1 {
		return first, nil
	}
	first["parts"], first["attempt"] = integer(int64(parts)), text(attempt)
	for n := 1; n < parts; n++ {
		part := key(pk, partKey(sk, attempt, n))
		part["data"] = binaryValue(data[n*s.maxPart : min((n+1)*s.maxPart, len(data))])
		if expires, ok := more[expiryName]; ok {
			part[expiryName] = expires
		}
		rest = append(rest, part)
	}
	return first, rest
}

// parts collects items that come in order, and joins what was split.
type parts struct{ data map[string][]byte }

// add takes a further part. It reports whether the item is one.
func (p *parts) add(i item) bool {
	sk := getText(i, "sk")
	if !strings.Contains(sk, partMark) {
		return false
	}
	if p.data == nil {
		p.data = make(map[string][]byte)
	}
	p.data[sk] = getBytes(i, "data")
	return true
}

// join returns the whole data of an item, when all its parts have been added.
func (p *parts) join(i item) ([]byte, error) {
	data, n := getBytes(i, "data"), int(getInteger(i, "parts"))
	if n > 1 {
		sk := getText(i, "sk")
		data = bytes.Clone(data)
		for k := 1; k < n; k++ {
			part, ok := p.data[partKey(sk, getText(i, "attempt"), k)]
			if !ok {
				return nil, fmt.Errorf("%w: %s lacks part %d of %d", errStored, sk, k, n)
			}
			data = append(data, part...)
		}
	}
	if !getBoolean(i, "packed") {
		return data, nil
	}
	unpacked, err := io.ReadAll(flate.NewReader(bytes.NewReader(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStored, err)
	}
	return unpacked, nil
}

// minPacked is from which size on data is compressed: DynamoDB counts by the kilobyte.
const minPacked = 512

// packers compress. Each has buffers of some hundred kilobytes, to be used again.
type packers struct{ pool sync.Pool }

// pack compresses data, if that makes it smaller.
func (p *packers) pack(data []byte) ([]byte, bool) {
	if len(data) < minPacked {
		return data, false
	}
	var packed bytes.Buffer
	w, _ := p.pool.Get().(*flate.Writer)
	if w == nil {
		w, _ = flate.NewWriter(&packed, flate.BestSpeed) // a level that there is
	} else {
		w.Reset(&packed)
	}
	defer p.pool.Put(w)
	_, _ = w.Write(data) // to memory
	if err := w.Close(); err != nil || packed.Len() >= len(data) {
		return data, false
	}
	return packed.Bytes(), true
}
