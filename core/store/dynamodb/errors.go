package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/copilotkit-go/runtime/core/store"
)

var (
	// errGap is a caller's mistake: records that don't follow those before them.
	errGap = errors.New("records don't continue the run")
	// errStored means that what the table holds isn't what this package writes.
	errStored = errors.New("unexpected data")
	// errConflict means that somebody else has written an item meanwhile.
	errConflict = errors.New("item has changed")
	// errUnanswered means that a write may have been done.
	errUnanswered = errors.New("no answer")
)

// failed says what failed; nil stays nil.
func failed(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// explain returns what an operation's failure means to this package's callers. The
// texts of AWS, which are for the log, name accounts and roles but no secret.
func (s *Store) explain(operation string, err error) error {
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return errConflict
	}
	if response, ok := errors.AsType[*http.ResponseError](err); ok && response.HTTPStatusCode() >= 500 {
		return fmt.Errorf("%w: %w: %w", store.ErrUnavailable, errUnanswered, err)
	}
	failure, answered := errors.AsType[smithy.APIError](err)
	if !answered {
		return s.explainUnanswered(operation, err)
	}
	switch code := failure.ErrorCode(); code {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "LimitExceededException",
		"RequestTimeout", "RequestTimeoutException", "TransactionConflictException", "ReplicatedWriteConflictException", "ResourceInUseException":
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	case "ResourceNotFoundException":
		return fmt.Errorf("there is no table %s, or it has no index %s: create=true in the store's address makes one: %w", s.table, indexName, err)
	case "AccessDeniedException", "AccessDenied":
		return fmt.Errorf("the identity of this process may not dynamodb:%s on table %s: %w", operation, s.table, err)
	case "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "ExpiredToken",
		"InvalidSignatureException", "MissingAuthenticationTokenException", "IncompleteSignature":
		return fmt.Errorf("AWS doesn't accept the credentials of this process (%s): %w", code, err)
	}
	return err
}

// explainUnanswered is for what the server hasn't answered.
func (s *Store) explainUnanswered(operation string, err error) error {
	if signing, ok := errors.AsType[*credentialsError](err); ok {
		return signing
	}
	if network, ok := errors.AsType[*net.OpError](err); ok && network.Op == "dial" {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w: %s: %w", store.ErrUnavailable, errUnanswered, operation, err)
}

// credentialsError says that there are no credentials. Where they come over the network
// that may pass.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string {
	return "no AWS credentials: " + e.err.Error()
}

func (e *credentialsError) Unwrap() []error { return []error{store.ErrUnavailable, e.err} }
