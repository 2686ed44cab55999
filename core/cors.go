package core

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// CORS says which web pages may call the runtime. The zero value allows all of them,
// without credentials. At most one of Origin, Origins and OriginFunc may be set.
//
// Use either this or your own CORS layer around the runtime. If CORS headers are
// already set, the runtime doesn't change them, so that none is sent twice.
type CORS struct {
	// Origin is sent in every answer: one origin, or "*". If empty, Origins and
	// OriginFunc decide.
	Origin string
	// Origins lists the allowed origins; pages of others get no CORS headers. "*"
	// allows all, [LoopbackOrigins] those of this machine. If empty, and Origin and
	// OriginFunc are too, all are allowed.
	Origins []string
	// OriginFunc returns the origin to allow for the origin of a request: usually the
	// same, or "" to refuse it. It isn't called for requests without an origin. If
	// nil, Origin and Origins decide.
	OriginFunc func(origin string) string
	// Credentials lets pages send cookies. If all origins are allowed, [New] fails,
	// since any page could then act as its visitor. Defaults to false.
	Credentials bool
	// AllowMethods are the methods that a page may use. If nil, defaults to GET,
	// HEAD, PUT, POST, DELETE, PATCH and OPTIONS.
	AllowMethods []string
	// AllowHeaders are the headers that a page may send. If nil, defaults to all: to
	// "*", with Authorization by its name, or, with Credentials, where that is no wildcard,
	// to those that the preflight asks for.
	AllowHeaders []string
	// ExposeHeaders are the headers of an answer that scripts may read, in addition to
	// X-Request-Id, by which the log has the request, and Retry-After, which says when an
	// answer of 429 or 503 can be asked for again. Defaults to none.
	ExposeHeaders []string
	// MaxAge is how long a browser may keep the answer to a preflight, in
	// seconds. If nil, that is left to the browser.
	MaxAge *int
}

func (c *CORS) check() error {
	if c == nil {
		return nil
	}
	ways := 0
	for _, set := range []bool{c.Origin != "", len(c.Origins) > 0, c.OriginFunc != nil} {
		if set {
			ways++
		}
	}
	if ways > 1 {
		return errors.New("CORS has more than one of Origin, Origins and OriginFunc")
	}
	if c.Credentials && c.allowsAll() {
		return errors.New("CORS allows credentials to all origins: name the origins")
	}
	return nil
}

// allowsAll reports whether pages of all origins are allowed, whatever theirs
// is.
func (c *CORS) allowsAll() bool {
	switch {
	case c.Origin != "":
		return c.Origin == "*"
	case len(c.Origins) > 0:
		return slices.Contains(c.Origins, "*")
	}
	return c.OriginFunc == nil
}

// LoopbackOrigins, as one of [CORS.Origins], stands for the origins of this machine:
// http or https, at localhost, a name below it, 127.0.0.0/8 or [::1], at any port.
const LoopbackOrigins = "loopback"

// Names reports whether the configuration itself names an origin, so that the
// deployer trusts it.
func (c *CORS) Names(origin string) bool {
	return c != nil && origin != "" && !c.allowsAll() && c.allowOrigin(origin) == origin
}

// allowOrigin returns the Access-Control-Allow-Origin for a page of origin, ""
// for none.
func (c *CORS) allowOrigin(origin string) string {
	switch {
	case c.allowsAll():
		return "*"
	case c.Origin != "":
		return c.Origin
	case origin == "":
		return ""
	case c.OriginFunc != nil:
		allowed := c.OriginFunc(origin)
		if allowed == "*" && c.Credentials {
			return "" // a browser would refuse it, and no origin is named
		}
		return allowed
	case slices.Contains(c.Origins, origin) && origin != LoopbackOrigins,
		slices.Contains(c.Origins, LoopbackOrigins) && isLoopbackOrigin(origin):
		return origin
	}
	return ""
}

// apply adds the headers that every answer carries to its others.
func (c *CORS) apply(header http.Header, origin string) {
	if !c.allowsAll() {
		// So does an answer without the headers depend on the request's origin:
		// no cache may serve it to others.
		addVary(header, "Origin")
	}
	allowed := c.allowOrigin(origin)
	if allowed == "" {
		return
	}
	header.Set("Access-Control-Allow-Origin", allowed)
	if c.Credentials {
		header.Set("Access-Control-Allow-Credentials", "true")
	}
	exposed := slices.Clip(c.ExposeHeaders)
	for _, name := range []string{telemetry.RequestIDHeader, "Retry-After"} {
		if header.Get(name) != "" {
			exposed = append(exposed, name)
		}
	}
	if len(exposed) > 0 {
		header.Set("Access-Control-Expose-Headers", strings.Join(exposed, ", "))
	}
}

// preflight sets the headers of the answer to an OPTIONS request.
func (c *CORS) preflight(header, request http.Header) {
	c.apply(header, request.Get("Origin"))
	methods := c.AllowMethods
	if methods == nil {
		methods = []string{"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"}
	}
	header.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	headers := strings.Join(c.AllowHeaders, ", ")
	if c.AllowHeaders == nil {
		headers = "*"
		asked := request.Get("Access-Control-Request-Headers")
		if c.Credentials {
			headers = asked
		} else if strings.Contains(strings.ToLower(asked), "authorization") {
			headers = "*, Authorization" // the wildcard stands for all headers but this one
		}
	}
	if headers != "" {
		header.Set("Access-Control-Allow-Headers", headers)
	}
	if c.MaxAge != nil {
		header.Set("Access-Control-Max-Age", strconv.Itoa(*c.MaxAge))
	}
	addVary(header, "Access-Control-Request-Headers")
	addVary(header, "Access-Control-Request-Method")
}

// corsHeaderSet reports whether a layer around the handler has decided already.
func corsHeaderSet(header http.Header) bool {
	return len(header.Values("Access-Control-Allow-Origin")) > 0
}

// addVary adds a name to the Vary header, on one line and once.
func addVary(header http.Header, name string) {
	var names []string
	for _, line := range header.Values("Vary") {
		for had := range strings.SplitSeq(line, ",") {
			had = strings.TrimSpace(had)
			if strings.EqualFold(had, name) || had == "*" {
				return
			}
			names = append(names, had)
		}
	}
	header.Set("Vary", strings.Join(append(names, name), ", "))
}
