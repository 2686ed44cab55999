package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
)

// functionURLEvent returns the event of a GET through a Function URL.
func functionURLEvent(t *testing.T, path, query string) []byte {
	t.Helper()
	event := events.LambdaFunctionURLRequest{Version: "2.0", RawPath: path, RawQueryString: query}
	event.RequestContext.DomainName = "abc.lambda-url.eu-central-1.on.aws"
	event.RequestContext.HTTP.Method = http.MethodGet
	data, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func invoke(t *testing.T, function *lambdaapi.Function, event []byte) *lambdaapi.Response {
	t.Helper()
	response, err := function.Invoke(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Close() })
	return response
}

func TestAStreamIsAPreludeEightNULsAndTheBody(t *testing.T) {
	function, _ := newTestFunction(t, lambdaapi.Config{})
	response := invoke(t, function, functionURLEvent(t, "/empty-writes", ""))
	if got := response.Header.Get("Content-Type"); got != "application/vnd.awslambda.http-integration-response" {
		t.Errorf("the content type is %q", got)
	}
	body, err := io.ReadAll(response)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"statusCode":200}` + "\x00\x00\x00\x00\x00\x00\x00\x00" + "ab"; string(body) != want {
		t.Errorf("the response is %q, want %q", body, want)
	}
	if got := response.Trailer.Get("Lambda-Runtime-Function-Error-Type"); got != "" {
		t.Errorf("a good answer has the error trailer %q", got)
	}
}

func TestAWriteLeavesBeforeTheNext(t *testing.T) {
	function, _ := newTestFunction(t, lambdaapi.Config{})
	gate := newGate(t)
	response := invoke(t, function, functionURLEvent(t, "/gated", "gate="+gate.url))
	_, body, err := lambdaapi.ReadPrelude(response)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 3)
	if _, err := io.ReadFull(body, first); err != nil || string(first) != "one" {
		t.Fatalf("got %q, %v before the handler went on", first, err)
	}
	close(gate.open)
	rest, err := io.ReadAll(body)
	if err != nil || string(rest) != "two <nil>" {
		t.Errorf("got %q, %v at the end", rest, err)
	}
}

func TestTheNextInvocationIsAskedForWhenTheResponseIsDone(t *testing.T) {
	function, _ := newTestFunction(t, lambdaapi.Config{})
	for range 2 {
		gate := newGate(t)
		response := invoke(t, function, functionURLEvent(t, "/gated", "gate="+gate.url))
		<-gate.arrived
		close(gate.open)
		if _, err := io.ReadAll(response); err != nil {
			t.Fatal(err)
		}
	}
	// A third one shows that the second is over.
	if _, err := io.ReadAll(invoke(t, function, functionURLEvent(t, "/nothing", ""))); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"next", "response begins 1-1", "response ends 1-1",
		"next", "response begins 1-2", "response ends 1-2",
		"next", "response begins 1-3", "response ends 1-3",
	}
	if got := function.Instances()[0].Calls(); !slices.Equal(got[:len(want)], want) {
		t.Errorf("the calls are %q, want %q", got, want)
	}
}

func TestAnErrorInMidStreamTravelsInTheTrailers(t *testing.T) {
	function, _ := newTestFunction(t, lambdaapi.Config{})
	response := invoke(t, function, functionURLEvent(t, "/late-panic", ""))
	if body, err := io.ReadAll(response); err != nil || !strings.HasSuffix(string(body), "\x00begun") {
		t.Errorf("got %q, %v", body, err)
	}
	if got := response.Trailer.Get("Lambda-Runtime-Function-Error-Type"); got == "" {
		t.Error("there is no error type in the trailers")
	}
	body, err := base64.StdEncoding.DecodeString(response.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
	if err != nil {
		t.Fatal(err)
	}
	var reported lambdaapi.FunctionError
	if err := json.Unmarshal(body, &reported); err != nil {
		t.Fatal(err)
	}
	if reported.Message != "the request could not be completed" {
		t.Errorf("the error says %q, want nothing of the cause", reported.Message)
	}
}

func TestEventsThatAreNoRequests(t *testing.T) {
	unknown := []struct{ name, event string }{
		{"a direct invocation", `{"hello":"world"}`},
		{"an empty object", `{}`},
		{"null", `null`},
		{"a queue", `{"Records":[{"eventSource":"aws:sqs","body":"x"}]}`},
		{"a WebSocket", `{"requestContext":{"connectionId":"c","routeKey":"$connect","eventType":"CONNECT"},"httpMethod":"GET"}`},
	}
	function, _ := newTestFunction(t, lambdaapi.Config{})
	for _, test := range unknown {
		t.Run(test.name+" is an error that says what is expected", func(t *testing.T) {
			_, err := function.Invoke(t.Context(), []byte(test.event))
			var reported *lambdaapi.FunctionError
			if !errors.As(err, &reported) || !strings.Contains(reported.Message, "not an HTTP request") {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("a string is an error", func(t *testing.T) {
		_, err := function.Invoke(t.Context(), []byte(`"ping"`))
		if reported := (*lambdaapi.FunctionError)(nil); !errors.As(err, &reported) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a schedule that keeps the function warm gets an empty answer", func(t *testing.T) {
		ping := `{"source":"aws.events","detail-type":"Scheduled Event","detail":{},"resources":["arn:aws:events:eu-central-1:1:rule/warm"]}`
		body, err := io.ReadAll(invoke(t, function, []byte(ping)))
		if err != nil || string(body) != "{}" {
			t.Errorf("got %q, %v", body, err)
		}
	})
	t.Run("one instance takes them all", func(t *testing.T) {
		if got := len(function.Instances()); got != 1 {
			t.Errorf("%d instances were started", got)
		}
	})
}

func TestRequestsThatCannotBeRead(t *testing.T) {
	bad := []struct{ name, event string }{
		{"a body that isn't base64, through a Function URL", `{"version":"2.0","rawPath":"/","isBase64Encoded":true,"body":"%%%","requestContext":{"domainName":"a.lambda-url.b.on.aws","http":{"method":"POST"}}}`},
		{"a body that isn't base64, through a REST API", `{"httpMethod":"POST","path":"/","isBase64Encoded":true,"body":"%%%","requestContext":{"domainName":"a.execute-api.b.amazonaws.com"}}`},
		{"a method that isn't one", `{"version":"2.0","rawPath":"/","requestContext":{"domainName":"a.lambda-url.b.on.aws","http":{"method":"GET /"}}}`},
	}
	function, _ := newTestFunction(t, lambdaapi.Config{})
	for _, test := range bad {
		t.Run(test.name+" gets 400", func(t *testing.T) {
			head, _, err := lambdaapi.ReadPrelude(invoke(t, function, []byte(test.event)))
			if err != nil || head.StatusCode != http.StatusBadRequest {
				t.Errorf("got %+v, %v", head, err)
			}
		})
	}
	if got := len(function.Instances()); got != 1 {
		t.Errorf("%d instances were started, want one for all", got)
	}
}

func TestAClientThatLeavesDoesNotStopTheFunction(t *testing.T) {
	function, _ := newTestFunction(t, lambdaapi.Config{})
	gate := newGate(t)
	ctx, cancel := context.WithCancel(t.Context())
	response, err := function.Invoke(ctx, functionURLEvent(t, "/gated", "gate="+gate.url))
	if err != nil {
		t.Fatal(err)
	}
	<-gate.arrived
	cancel()
	_ = response.Close()
	close(gate.open)
	if status, _, err := lambdaapi.ReadPrelude(invoke(t, function, functionURLEvent(t, "/nothing", ""))); err != nil || status.StatusCode != http.StatusOK {
		t.Errorf("the request after it got %+v, %v", status, err)
	}
	calls := function.Instances()[0].Calls()
	if !slices.Contains(calls, "response ends 1-1") || len(function.Instances()) != 1 {
		t.Errorf("the function didn't end its answer: %q", calls)
	}
}

func TestAManagedInstanceServesSeveralAtATime(t *testing.T) {
	function, _ := newTestFunction(t, lambdaapi.Config{Concurrency: 4})
	gate := newGate(t)
	var responses []*lambdaapi.Response
	for range 4 {
		responses = append(responses, invoke(t, function, functionURLEvent(t, "/gated", "gate="+gate.url)))
	}
	for range 4 { // all of them are under way
		<-gate.arrived
	}
	close(gate.open)
	for _, response := range responses {
		if body, err := io.ReadAll(response); err != nil || !strings.HasSuffix(string(body), "onetwo <nil>") {
			t.Errorf("got %q, %v", body, err)
		}
	}
	if got := len(function.Instances()); got != 1 {
		t.Errorf("%d instances were started, want one", got)
	}
}
