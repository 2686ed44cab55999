package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"

	"github.com/copilotkit-go/runtime/core/internal/pause"
)

const (
	// attemptTimeout is how long one request may take.
	attemptTimeout = 2500 * time.Millisecond
	// maxAttempts is how often a request is sent that is throttled or unanswered, with
	// pauses that grow to maxBackoff.
	maxAttempts = 5
	minBackoff  = 25 * time.Millisecond
	maxBackoff  = 500 * time.Millisecond
	// idleTimeout is for function instances that were frozen: their old connections are
	// likely gone without a sign.
	idleTimeout = time.Minute
)

// client is AWS's, made when it is first needed.
type client struct {
	store *Store

	mu        sync.Mutex
	made      *api.Client
	transport *http.Transport
	tables    tables
}

// get returns the client. A failure is forgotten: the next call tries again.
func (c *client) get(ctx context.Context) (*api.Client, error) {
	if c.store.isClosed() {
		return nil, errClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made != nil {
		return c.made, nil
	}
	loaded, err := config.LoadDefaultConfig(ctx, func(o *config.LoadOptions) error {
		o.Region = c.store.region
		return nil
	})
	if err != nil {
		return nil, err
	}
	if loaded.Region == "" {
		return nil, errors.New("no region: set region in the store's address, or AWS_REGION")
	}
	buildable, ok := loaded.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	c.transport = buildable.GetTransport()
	c.transport.DialContext = (buildable.WithDialerOptions()).GetDialer().DialContext
	c.transport.IdleConnTimeout = idleTimeout
	c.transport.MaxIdleConnsPerHost = 64
	if loaded.Credentials != nil {
		loaded.Credentials = credentials{loaded.Credentials}
	}
	c.made = api.NewFromConfig(loaded, func(o *api.Options) {
		o.HTTPClient = &dated{http.Client{Transport: c.transport, Timeout: c.store.attemptTimeout}, c.store.clock}
		o.Logger = logging.LoggerFunc(func(_ logging.Classification, format string, values ...any) {
			c.store.logger.Debug(fmt.Sprintf(format, values...))
		})
		if c.store.endpoint != "" {
			o.BaseEndpoint = &c.store.endpoint
		}
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = maxAttempts
			o.MaxBackoff = maxBackoff
			o.RateLimiter = ratelimit.None // calls are few, and each has its deadline
		})
	})
	return c.made, nil
}

func (c *client) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
}

// dated is an HTTP client that shows the clock the date of each answer.
type dated struct {
	http.Client
	clock *clock
}

func (d *dated) Do(request *http.Request) (*http.Response, error) {
	if sent, ok := request.Context().Value(attemptsKey{}).(*atomic.Int32); ok {
		sent.Add(1)
	}
	sent := d.clock.now()
	response, err := d.Client.Do(request)
	if err == nil {
		if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
			d.clock.observe(sent, d.clock.now(), date)
		}
	}
	return response, err
}

type attemptsKey struct{}

// countAttempts returns a context whose requests are counted.
func countAttempts(ctx context.Context) (context.Context, *atomic.Int32) {
	sent := new(atomic.Int32)
	return context.WithValue(ctx, attemptsKey{}, sent), sent
}

// credentials tells a failure to get credentials from one of the table's.
type credentials struct{ aws.CredentialsProvider }

func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &credentialsError{err}
	}
	return found, err
}

// call makes one call of the API. Where the table is missing and is to be made, it
// makes it and calls again.
func call[Out any](ctx context.Context, s *Store, operation string, do func(*api.Client) (Out, error)) (Out, error) {
	var none Out
	client, err := s.client.get(ctx)
	if err != nil {
		return none, err
	}
	out, err := do(client)
	if err != nil && s.create && isMissing(err) {
		if err := s.client.tables.make(ctx, s, client); err != nil {
			return none, err
		}
		out, err = do(client)
	}
	if err != nil {
		return none, s.explain(operation, err)
	}
	if s.create {
		s.client.tables.limit(ctx, s, client)
	}
	return out, nil
}

// backOff waits before a change is tried again that somebody else's came before.
func backOff(ctx context.Context, attempt int) error {
	if attempt == 0 {
		return nil
	}
	return pause.Sleep(ctx, jitter(min(time.Duration(attempt)*5*time.Millisecond, 100*time.Millisecond)))
}
