package lambdaapi

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// FunctionURL is a Lambda Function URL. Its events have format 2.0, with the
// path as the client sent it.
type FunctionURL struct {
	// Streaming is the invoke mode RESPONSE_STREAM, otherwise BUFFERED.
	Streaming bool
	// IAM is the auth type AWS_IAM, with its caller. If nil, the auth type is NONE.
	IAM *IAMAuthorizer
}

func (d FunctionURL) streams() bool { return d.Streaming }

func (d FunctionURL) event(r *http.Request, body []byte) any {
	event := format2(r, body)
	event.RawPath = r.URL.EscapedPath()
	event.RequestContext.Stage = "$default"
	event.RequestContext.DomainName = "abcdefghij.lambda-url.eu-central-1.on.aws"
	if d.IAM != nil {
		return withAuthorizer(event, d.IAM.format2(), nil)
	}
	return event
}

// HTTPAPI is an API Gateway HTTP API with payload format 2.0. It decodes the
// path and puts the stage before it.
type HTTPAPI struct {
	// Stage is the stage's name; empty means $default, which no path shows.
	Stage string
	// Authorizer verifies users. If nil, nobody does.
	Authorizer Authorizer
}

func (d HTTPAPI) streams() bool { return false }

func (d HTTPAPI) event(r *http.Request, body []byte) any {
	event := format2(r, body)
	event.RawPath = r.URL.Path
	event.RequestContext.Stage = "$default"
	if d.Stage != "" {
		event.RawPath = "/" + d.Stage + r.URL.Path
		event.RequestContext.Stage = d.Stage
	}
	event.RequestContext.HTTP.Path = event.RawPath
	event.RequestContext.DomainName = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
	if d.Authorizer != nil {
		return withAuthorizer(event, d.Authorizer.format2(), nil)
	}
	return event
}

// format2 returns what the events of a Function URL and an HTTP API have in common:
// headers of the same name are joined, and cookies are separate.
func format2(r *http.Request, body []byte) *events.APIGatewayV2HTTPRequest {
	event := &events.APIGatewayV2HTTPRequest{
		Version:        "2.0",
		RouteKey:       "$default",
		RawQueryString: r.URL.RawQuery,
		Headers:        map[string]string{"host": r.Host},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey:  "$default",
			AccountID: "anonymous",
			APIID:     "abcdefghij",
			RequestID: "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method:    r.Method,
				Path:      r.URL.Path,
				Protocol:  r.Proto,
				SourceIP:  sourceIP(r),
				UserAgent: r.UserAgent(),
			},
		},
	}
	for name, values := range r.Header {
		if name == "Cookie" {
			for _, line := range values {
				event.Cookies = append(event.Cookies, strings.Split(line, "; ")...)
			}
			continue
		}
		event.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	if query := r.URL.Query(); len(query) > 0 {
		event.QueryStringParameters = make(map[string]string)
		for name, values := range query {
			event.QueryStringParameters[name] = strings.Join(values, ",")
		}
	}
	event.Body, event.IsBase64Encoded = eventBody(r, body)
	return event
}

// RESTAPI is an API Gateway REST API with a Lambda proxy integration: events of
// format 1.0, with the path as the client sent it, without the stage.
type RESTAPI struct {
	// Streaming is the response transfer mode STREAM, otherwise BUFFERED.
	Streaming bool
	// Stage is the stage's name; empty means "prod".
	Stage string
	// Authorizer verifies users. If nil, nobody does.
	Authorizer Authorizer
}

func (d RESTAPI) streams() bool { return d.Streaming }

func (d RESTAPI) event(r *http.Request, body []byte) any {
	stage := d.Stage
	if stage == "" {
		stage = "prod"
	}
	event := &events.APIGatewayProxyRequest{
		Resource:          "/{proxy+}",
		Path:              r.URL.EscapedPath(),
		HTTPMethod:        r.Method,
		Headers:           map[string]string{"Host": r.Host},
		MultiValueHeaders: map[string][]string{"Host": {r.Host}},
		PathParameters:    map[string]string{"proxy": strings.TrimPrefix(r.URL.Path, "/")},
		RequestContext: events.APIGatewayProxyRequestContext{
			AccountID:    "123456789012",
			APIID:        "a1b2c3d4e5",
			DomainName:   "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
			HTTPMethod:   r.Method,
			Path:         "/" + stage + r.URL.EscapedPath(),
			Protocol:     r.Proto,
			RequestID:    "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
			ResourcePath: "/{proxy+}",
			Stage:        stage,
			Identity:     events.APIGatewayRequestIdentity{SourceIP: sourceIP(r), UserAgent: r.UserAgent()},
		},
	}
	for name, values := range r.Header {
		event.MultiValueHeaders[name] = values
		event.Headers[name] = values[len(values)-1]
	}
	event.QueryStringParameters, event.MultiValueQueryStringParameters = queryMaps(r.URL.Query())
	event.Body, event.IsBase64Encoded = eventBody(r, body)
	if d.Authorizer != nil {
		authorizer, identity := d.Authorizer.format1()
		return withAuthorizer(event, authorizer, identity)
	}
	return event
}

// ALB is an Application Load Balancer with a function as its target. It leaves
// the path and the query encoded.
type ALB struct {
	// MultiValue is the target group's lambda.multi_value_headers.enabled.
	MultiValue bool
}

func (d ALB) streams() bool { return false }

func (d ALB) event(r *http.Request, body []byte) any {
	event := &events.ALBTargetGroupRequest{
		HTTPMethod: r.Method,
		Path:       r.URL.EscapedPath(),
		RequestContext: events.ALBTargetGroupRequestContext{ELB: events.ELBContext{
			TargetGroupArn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/copilotkit/6d0ecf831eec9f09",
		}},
	}
	single, multi := queryMaps(rawQuery(r.URL.RawQuery))
	headers := map[string]string{"host": r.Host, "x-forwarded-for": sourceIP(r)}
	multiHeaders := map[string][]string{"host": {r.Host}, "x-forwarded-for": {sourceIP(r)}}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = values[len(values)-1]
		multiHeaders[strings.ToLower(name)] = values
	}
	if d.MultiValue {
		event.MultiValueHeaders, event.MultiValueQueryStringParameters = multiHeaders, multi
	} else {
		event.Headers, event.QueryStringParameters = headers, single
	}
	event.Body, event.IsBase64Encoded = eventBody(r, body)
	return event
}

// rawQuery splits a query without decoding it.
func rawQuery(query string) url.Values {
	values := make(url.Values)
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(pair, "="); name != "" {
			values.Add(name, value)
		}
	}
	return values
}

// queryMaps returns a query in both forms of format 1.0; the form with single values
// has the last value of each.
func queryMaps(query url.Values) (single map[string]string, multi map[string][]string) {
	if len(query) == 0 {
		return nil, nil
	}
	single = make(map[string]string, len(query))
	for name, values := range query {
		single[name] = values[len(values)-1]
	}
	return single, query
}

// eventBody returns the body as the front doors send it: text as it is, other bodies in base64.
func eventBody(r *http.Request, body []byte) (string, bool) {
	mediaType := r.Header.Get("Content-Type")
	if utf8.Valid(body) && (strings.HasPrefix(mediaType, "text/") || strings.HasPrefix(mediaType, "application/json")) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), len(body) > 0
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
