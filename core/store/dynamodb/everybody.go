package dynamodb

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
)

// everybodyAge is for how long after a page the list is kept of which it is: the next
// page is usually asked for at once.
const everybodyAge = time.Minute

// everybody is the list of all owners' threads. It takes a reading of the whole index,
// so one reading is for all pages.
type everybody struct {
	queue queue
	heads []head
	used  time.Time
}

func (e *everybody) threads(ctx context.Context, s *Store, query store.Query) (store.ThreadPage, error) {
	var page store.ThreadPage
	if err := e.queue.enter(ctx); err != nil {
		return page, err
	}
	defer e.queue.leave()
	after := head{}
	if query.Cursor != "" {
		var err error
		if after.updated, after.key, err = cursor.ParseKey(query.Cursor); err != nil {
			return page, err
		}
	}
	now := s.clock.now()
	if query.Cursor == "" || e.heads == nil || now.Sub(e.used) > everybodyAge {
		if err := e.read(ctx, s); err != nil {
			return page, err
		}
	}
	e.used = now
	for _, h := range e.heads {
		if !h.matches(query) || query.Cursor != "" && compareHeads(h, after) <= 0 {
			continue
		}
		if query.Limit > 0 && len(page.Threads) == query.Limit {
			last := page.Threads[query.Limit-1]
			page.NextCursor = cursor.EncodeKey(last.UpdatedAt.UnixMicro(), last.Key)
			return page, nil
		}
		page.Threads = append(page.Threads, h.thread())
	}
	e.heads = nil // that was the last page
	return page, nil
}

// read reads the list, the last updated first.
func (e *everybody) read(ctx context.Context, s *Store) error {
	e.heads = nil
	input := &api.ScanInput{
		TableName: &s.table, IndexName: aws.String(indexName),
		FilterExpression:          aws.String("begins_with(#list, :list)"),
		ExpressionAttributeNames:  map[string]string{"#list": "list"},
		ExpressionAttributeValues: item{":list": text(s.prefix + listPrefix)},
	}
	for {
		out, err := call(ctx, s, "Scan", func(c *api.Client) (*api.ScanOutput, error) { return c.Scan(ctx, input) })
		if err != nil {
			return err
		}
		for _, i := range out.Items {
			if h := s.alive(parseHead(i)); h.exists() {
				e.heads = append(e.heads, h)
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			break
		}
		input.ExclusiveStartKey = out.LastEvaluatedKey
	}
	slices.SortFunc(e.heads, compareHeads)
	return nil
}

// compareHeads orders threads as lists do.
func compareHeads(a, b head) int {
	return cmp.Or(cmp.Compare(b.updated, a.updated), strings.Compare(a.key.Owner, b.key.Owner), strings.Compare(a.key.ID, b.key.ID))
}
