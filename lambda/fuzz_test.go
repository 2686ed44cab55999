package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// FuzzEvents gives the function whatever Lambda might, from the events of every door
// on. It must neither panic nor fail with a status of its own making.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		`{"version":"2.0","rawPath":"/api/copilotkit/info","rawQueryString":"a=1","headers":{"host":"h","content-type":"application/json"},"requestContext":{"domainName":"x.lambda-url.eu.on.aws","http":{"method":"GET","path":"/api/copilotkit/info","sourceIp":"1.2.3.4"}},"isBase64Encoded":false}`,
		`{"version":"2.0","rawPath":"/v1/api/copilotkit/agent/default/run","cookies":["a=b"],"headers":{"content-type":"application/json"},"requestContext":{"stage":"v1","domainName":"h","http":{"method":"POST"}},"body":"eyJ0aHJlYWRJZCI6InQifQ==","isBase64Encoded":true}`,
		`{"resource":"/{proxy+}","path":"/api/copilotkit/threads","httpMethod":"GET","headers":{"Host":"h"},"multiValueHeaders":{"Host":["h"]},"multiValueQueryStringParameters":{"agentId":["default","é"]},"requestContext":{"stage":"prod","identity":{"sourceIp":"::1"}}}`,
		`{"version":"1.0","path":"/api/copilotkit/agent/default/stop/t","httpMethod":"POST","requestContext":{},"body":"{}"}`,
		`{"httpMethod":"GET","path":"/%zz","queryStringParameters":{"a":"%2"},"headers":{"x":"y"},"requestContext":{"elb":{"targetGroupArn":"a"}}}`,
		`{"source":"aws.events","detail":{}}`, `{"requestContext":{"connectionId":"c"}}`, `[]`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	runtime, err := bundle.New(f.Context(), func() []string { return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none"} }, bundle.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { runtime.Close() })
	streaming, buffering := &function{handler: runtime}, &function{handler: runtime, buffered: true}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, function := range []*function{streaming, buffering} {
			var decoded event
			if json.Unmarshal(payload, &decoded) != nil {
				return // the library reports it
			}
			answer, err := function.invoke(t.Context(), decoded)
			if err != nil {
				continue
			}
			status := http.StatusOK
			var body io.Reader
			switch a := answer.(type) {
			case *events.LambdaFunctionURLStreamingResponse:
				status, body = a.StatusCode, a.Body
			case *events.APIGatewayProxyStreamingResponse:
				status, body = a.StatusCode, a.Body
			case events.APIGatewayV2HTTPResponse:
				status = a.StatusCode
			case events.APIGatewayProxyResponse:
				status = a.StatusCode
			case events.ALBTargetGroupResponse:
				status = a.StatusCode
			}
			if body != nil {
				if _, err := io.Copy(io.Discard, body); err != nil {
					t.Errorf("the stream failed: %v", err)
				}
				if closer, ok := body.(io.Closer); ok {
					closer.Close()
				}
			}
			if status < 200 || status >= 500 && status != http.StatusServiceUnavailable {
				t.Errorf("%q is answered with %d", payload, status)
			}
		}
	})
}
