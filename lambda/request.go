package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	proxy "github.com/awslabs/aws-lambda-go-api-proxy/core"
)

// The proxy library makes the requests; the functions here mend what it would
// lose: it splits header values at commas, takes paths as they are even where a
// door has decoded them, and encodes the load balancer's query a second time.

// requestFromFormat2 makes a request from a Function URL's or an HTTP API's
// event.
func requestFromFormat2(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	event.RawPath = escapedPath(withoutStage(event.RawPath, event.RequestContext.Stage, event.RequestContext.DomainName))
	var library proxy.RequestAccessorV2
	r, err := library.EventToRequestWithContext(ctx, event)
	if err != nil {
		return nil, err
	}
	r.Header = make(http.Header, len(event.Headers)+1)
	for name, value := range event.Headers {
		r.Header.Set(name, value)
	}
	if len(event.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	return withHost(r), nil
}

// requestFromFormat1 makes a request from a REST API's event, or from one of an
// HTTP API with the old payload format, whose path has the stage in it.
func requestFromFormat1(ctx context.Context, event events.APIGatewayProxyRequest, version string) (*http.Request, error) {
	if version != "" {
		event.Path = withoutStage(event.Path, event.RequestContext.Stage, event.RequestContext.DomainName)
	}
	event.Path = escapedPath(event.Path)
	var library proxy.RequestAccessor
	r, err := library.EventToRequestWithContext(ctx, event)
	if err != nil {
		return nil, err
	}
	return withHost(r), nil
}

// requestFromLoadBalancer makes a request from an Application Load Balancer's
// event.
func requestFromLoadBalancer(ctx context.Context, event events.ALBTargetGroupRequest) (*http.Request, error) {
	event.Path = escapedPath(event.Path)
	if event.MultiValueQueryStringParameters == nil {
		event.MultiValueQueryStringParameters = make(map[string][]string, len(event.QueryStringParameters))
		for name, value := range event.QueryStringParameters {
			event.MultiValueQueryStringParameters[name] = []string{value}
		}
	}
	query := make(map[string][]string, len(event.MultiValueQueryStringParameters))
	for name, values := range event.MultiValueQueryStringParameters {
		for _, value := range values {
			query[unescapedQuery(name)] = append(query[unescapedQuery(name)], unescapedQuery(value))
		}
	}
	event.MultiValueQueryStringParameters = query
	var library proxy.RequestAccessorALB
	r, err := library.EventToRequestWithContext(ctx, event)
	if err != nil {
		return nil, err
	}
	return withHost(r), nil
}

// withoutStage takes the stage from the front of an HTTP API's path. Domains of
// one's own don't show it.
func withoutStage(path, stage, domain string) string {
	if rest, found := strings.CutPrefix(path, "/"+stage+"/"); found && strings.Contains(domain, ".execute-api.") {
		return "/" + rest
	}
	return path
}

// escapedPath encodes a path that isn't: HTTP APIs decode it, the other doors
// leave it as the client sent it.
func escapedPath(path string) string {
	plain, err := url.PathUnescape(path)
	if err == nil && (&url.URL{Path: plain, RawPath: path}).EscapedPath() == path {
		return path
	}
	return (&url.URL{Path: path}).EscapedPath()
}

func unescapedQuery(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// withHost moves the Host header to where a server has it.
func withHost(r *http.Request) *http.Request {
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	r.Header.Del("Host")
	return r
}
