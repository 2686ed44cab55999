package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
	"github.com/copilotkit-go/runtime/core/signin/aws"
	"github.com/copilotkit-go/runtime/core/store/postgres/rdsauth"
)

// errUnknownEvent is the answer to an event that isn't an HTTP request. The instance
// goes on serving.
var errUnknownEvent = errors.New("the event is not an HTTP request from a Function URL, an API Gateway or a load balancer")

// function answers Lambda's events with an http.Handler.
type function struct {
	handler http.Handler
	// buffered makes front doors that could stream answer in one piece.
	buffered bool
}

// newRuntime returns the runtime that the environment describes.
func newRuntime() *bundle.Lazy {
	platform := platforms.Lambda(os.Getenv)
	return bundle.NewLazy(os.Environ, bundle.WithDefaults(platform.Defaults), bundle.WithLogFormat(logFormat), withDynamoDB(),
		bundle.WithoutFrontEnd(platform.FrontEnd), bundle.WithoutAgentCore(),
		bundle.WithSignIn("aws", aws.SignIn()), bundle.WithDatabasePassword("aws", rdsauth.Password(os.Getenv)))
}

// newFunction returns the function with a handler, set up by the environment.
func newFunction(handler http.Handler) *function {
	return &function{
		handler: handler,
		// Any value but stream and buffered is an error that the bundle reports.
		buffered: os.Getenv("COPILOTKIT_LAMBDA_RESPONSE") == "buffered",
	}
}

// eventShape holds the fields that distinguish the kinds of events.
type eventShape struct {
	Version        string `json:"version"`
	HTTPMethod     string `json:"httpMethod"`
	Source         string `json:"source"`
	RequestContext struct {
		DomainName   string          `json:"domainName"`
		ConnectionID string          `json:"connectionId"`
		ELB          json.RawMessage `json:"elb"`
		HTTP         struct {
			Method string `json:"method"`
		} `json:"http"`
	} `json:"requestContext"`
}

// invoke answers an event with either a value that is sent as JSON or a stream.
func (f *function) invoke(ctx context.Context, event event) (any, error) {
	body := event.takeBody()
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, errUnknownEvent // unreachable: it has been decoded
	}
	var shape eventShape
	if err := json.Unmarshal(payload, &shape); err != nil {
		return nil, errUnknownEvent
	}
	ctx = withRequestID(ctx)
	from := shape.RequestContext
	switch {
	case from.HTTP.Method != "":
		// HTTP APIs send the same format but can't stream.
		return f.format2(ctx, payload, body, strings.Contains(from.DomainName, ".lambda-url."))
	case shape.HTTPMethod != "" && from.ELB != nil:
		return f.loadBalancer(ctx, payload, body)
	case shape.HTTPMethod != "" && from.ConnectionID == "":
		// Only an HTTP API, which can't stream, has a version in format 1.0.
		return f.format1(ctx, payload, body, shape.Version)
	case shape.Source != "":
		// From a schedule or a plug-in that keeps functions warm, which would retry
		// after an error.
		return struct{}{}, nil
	}
	return nil, errUnknownEvent
}
