package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	proxy "github.com/awslabs/aws-lambda-go-api-proxy/core"
)

// The proxy library converts events to requests; the functions here correct what it
// gets wrong: it splits header values at commas, doesn't encode paths that a front door
// has decoded, and encodes the load balancer's query a second time.

// requestFromFormat2 returns the request of an event from a Function URL or an HTTP
// API.
func requestFromFormat2(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	event.RawPath = escapedPath(withoutStage(event.RawPath, event.RequestContext.Stage, event.RequestContext.DomainName))
	var library proxy.RequestAccessorV2
	r, err := library.EventToRequestWithContext(withUserOfFormat2(ctx, event.RequestContext), event)
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

// requestFromFormat1 returns the request of an event from a REST API, or from an HTTP
// API with the old payload format, whose path includes the stage.
func requestFromFormat1(ctx context.Context, event events.APIGatewayProxyRequest, version string) (*http.Request, error) {
	if version != "" {
		event.Path = withoutStage(event.Path, event.RequestContext.Stage, event.RequestContext.DomainName)
	}
	event.Path = escapedPath(event.Path)
	var library proxy.RequestAccessor
	r, err := library.EventToRequestWithContext(withUserOfFormat1(ctx, event.RequestContext), event)
	if err != nil {
		return nil, err
	}
	return withHost(r), nil
}

// requestFromLoadBalancer returns the request of an event from an Application Load
// Balancer.
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
	// The event has no field for the client: the load balancer adds its address here.
	forwarded := r.Header.Values("X-Forwarded-For")
	if len(forwarded) > 0 {
		last := forwarded[len(forwarded)-1]
		r.RemoteAddr = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	}
	return withHost(r), nil
}

// withoutStage removes the stage from the beginning of an HTTP API's path. With custom
// domains the path doesn't include it.
func withoutStage(path, stage, domain string) string {
	if rest, found := strings.CutPrefix(path, "/"+stage+"/"); found && strings.Contains(domain, ".execute-api.") {
		return "/" + rest
	}
	return path
}

// escapedPath encodes a decoded path: HTTP APIs decode it, the other front doors don't.
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

// withHost moves the Host header to the request's Host, as a server does.
func withHost(r *http.Request) *http.Request {
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	r.Header.Del("Host")
	return r
}
