package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/copilotkit-go/runtime/core/internal/pause"
)

const (
	// indexName is the index of threads by owner, and of usage by day.
	indexName = "list"
	// expiryName is the attribute with the time, in seconds, from which DynamoDB may
	// remove an item.
	expiryName = "expires"
	// tablePoll is how often a new table is asked whether it is ready.
	tablePoll = 250 * time.Millisecond
)

// listed are the attributes that the index has of a head or an account, besides keys.
var listed = []string{"owner", "id", "name", "agent", "archived", "created", "updated", "ran", expiryName, "day", "runs", "input", "output", "estimated"}

// tables makes the table, once at a time.
type tables struct {
	turn queue
	// unlimited is set while a table that was made lacks its time to live: it can only
	// be set once the table is ready, for which a caller may not have waited.
	unlimited atomic.Bool
}

func (t *tables) make(ctx context.Context, s *Store, client *api.Client) error {
	if err := t.turn.enter(ctx); err != nil {
		return err
	}
	defer t.turn.leave()
	_, err := client.CreateTable(ctx, Table(s.table))
	if err == nil {
		t.unlimited.Store(true)
		s.logger.InfoContext(ctx, "made a DynamoDB table for threads", "table", s.table)
	}
	if _, exists := errors.AsType[*types.ResourceInUseException](err); err != nil && !exists {
		return fmt.Errorf("create table %s: %w", s.table, s.explain("CreateTable", err))
	}
	for {
		found, err := client.DescribeTable(ctx, &api.DescribeTableInput{TableName: &s.table})
		if err != nil && !isMissing(err) {
			return fmt.Errorf("describe table %s: %w", s.table, s.explain("DescribeTable", err))
		}
		if err == nil && found.Table.TableStatus == types.TableStatusActive {
			break
		}
		if err := pause.Sleep(ctx, tablePoll); err != nil {
			return err
		}
	}
	t.limit(ctx, s, client)
	return nil
}

// limit lets what has expired be removed from a new table. Threads are kept right
// without: so it fails for the log alone.
func (t *tables) limit(ctx context.Context, s *Store, client *api.Client) {
	if !t.unlimited.Swap(false) {
		return
	}
	_, err := client.UpdateTimeToLive(ctx, &api.UpdateTimeToLiveInput{
		TableName:               &s.table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(expiryName), Enabled: aws.Bool(true)},
	})
	if failure, ok := errors.AsType[smithy.APIError](err); ok && failure.ErrorCode() == "UnknownOperationException" {
		s.logger.InfoContext(ctx, "this DynamoDB can't let items expire", "table", s.table)
	} else if err != nil {
		s.logger.WarnContext(ctx, "can't let items of the table expire: set its time to live to the attribute expires",
			"table", s.table, "error", s.explain("UpdateTimeToLive", err))
	}
}

// Table returns the table that a store makes with create=true, for those who make it
// by other means. Its time to live is the attribute expires.
func Table(name string) *api.CreateTableInput {
	attribute := func(name string, kind types.ScalarAttributeType) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: kind}
	}
	keys := func(partition, sort string) []types.KeySchemaElement {
		return []types.KeySchemaElement{
			{AttributeName: aws.String(partition), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange},
		}
	}
	return &api.CreateTableInput{
		TableName:   aws.String(name),
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			attribute("pk", types.ScalarAttributeTypeS), attribute("sk", types.ScalarAttributeTypeS),
			attribute("list", types.ScalarAttributeTypeS), attribute("at", types.ScalarAttributeTypeB),
		},
		KeySchema: keys("pk", "sk"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName:  aws.String(indexName),
			KeySchema:  keys("list", "at"),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: listed},
		}},
	}
}

func isMissing(err error) bool {
	_, missing := errors.AsType[*types.ResourceNotFoundException](err)
	return missing
}

// jitter returns a time between half of d and d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
