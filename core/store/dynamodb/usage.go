package dynamodb

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
	"github.com/copilotkit-go/runtime/core/store/internal/day"
)

// Usage takes one reading for a user. For all it takes one of the index for each day,
// which follows within a moment.
func (s *Store) Usage(ctx context.Context, query store.UsageQuery) (store.UsagePage, error) {
	page, err := s.usage(ctx, query)
	return page, failed(ctx, "list usage", err)
}

func (s *Store) usage(ctx context.Context, query store.UsageQuery) (store.UsagePage, error) {
	today := day.Of(s.clock.time())
	first, last := day.Range(query.From, query.To)
	first, last = max(first, today-store.UsageDays+1), min(last, today+1)
	after := ""
	if query.Cursor != "" {
		number, user, err := cursor.Parse(query.Cursor)
		if err != nil {
			return store.UsagePage{}, err
		}
		if !query.All {
			number, user = number+1, ""
		}
		first, after = max(first, number), user
	}
	var page store.UsagePage
	// add reports whether there is room.
	add := func(usage store.Usage) bool {
		if n := len(page.Usage); n > 0 && page.Usage[n-1].User == usage.User && page.Usage[n-1].Day.Equal(usage.Day) {
			// A day that is over is there twice until the user's next run.
			page.Usage[n-1].Runs = max(page.Usage[n-1].Runs, usage.Runs)
			return true
		}
		if n := len(page.Usage); query.Limit > 0 && n == query.Limit {
			page.NextCursor = cursor.Encode(day.Of(page.Usage[n-1].Day), page.Usage[n-1].User)
			return false
		}
		page.Usage = append(page.Usage, usage)
		return true
	}
	if !query.All {
		found, err := s.usageOf(ctx, query.User)
		for _, usage := range found {
			if number := day.Of(usage.Day); number >= first && number <= last && !add(usage) {
				break
			}
		}
		return page, err
	}
	for ; first <= last; first, after = first+1, "" {
		if more, err := s.usageOn(ctx, first, after, query.Limit, add); err != nil || !more {
			return page, err
		}
	}
	return page, nil
}

// usageOf returns what a user has spent, by day.
func (s *Store) usageOf(ctx context.Context, user string) ([]store.Usage, error) {
	var found []store.Usage
	pk := s.accountPartition(store.Ticket{User: user})
	err := s.find(ctx, search{pk: pk, from: pastItem, to: headItem}, func(i item) error {
		found = append(found, parseUsage(i))
		return nil
	})
	slices.SortStableFunc(found, func(a, b store.Usage) int { return a.Day.Compare(b.Day) })
	return found, err
}

// usageOn adds who has spent something on a day, behind a user, and reports whether
// there is room for more.
func (s *Store) usageOn(ctx context.Context, number int64, after string, limit int, add func(store.Usage) bool) (bool, error) {
	place := []byte{0}
	if after != "" {
		place = usagePlace(after)
	}
	input := &api.QueryInput{
		TableName: &s.table, IndexName: aws.String(indexName),
		KeyConditionExpression:    aws.String("#list = :list AND #at > :at"),
		ExpressionAttributeNames:  map[string]string{"#list": "list", "#at": "at"},
		ExpressionAttributeValues: item{":list": text(s.usageList(number)), ":at": binaryValue(place)},
	}
	if limit > 0 {
		input.Limit = aws.Int32(int32(min(limit+2, 1000)))
	}
	for {
		out, err := call(ctx, s, "Query", func(c *api.Client) (*api.QueryOutput, error) { return c.Query(ctx, input) })
		if err != nil {
			return false, err
		}
		for _, i := range out.Items {
			if !add(parseUsage(i)) {
				return false, nil
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			return true, nil
		}
		input.ExclusiveStartKey = out.LastEvaluatedKey
	}
}
