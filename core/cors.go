package core

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CORS says which web pages may call the runtime. The zero value lets all of
// them, without credentials. At most one of Origin, Origins and OriginFunc is
// set.
//
// Use this or a CORS layer of your own around the handler. Under a layer that
// has set its headers already, the handler leaves them alone, so that no header
// is ever there twice.
type CORS struct {
	// Origin is sent as it is to every request: one origin, or "*".
	Origin string
	// Origins lists the allowed origins; a page of another gets no CORS headers.
	// "*" in it allows all.
	Origins []string
	// OriginFunc says which origin to allow for a request's: most often the same
	// one, or "" to refuse. It isn't asked about requests without an origin.
	OriginFunc func(origin string) string
	// Credentials lets pages send cookies. Browsers refuse them together with a
	// wildcard, so where all origins are allowed the request's own is named.
	Credentials bool
	// AllowMethods are GET, HEAD, PUT, POST, DELETE, PATCH, OPTIONS by default.
	AllowMethods []string
	// AllowHeaders are "*" by default, which with credentials covers none:
	// name them then.
	AllowHeaders []string
	// ExposeHeaders are those of an answer that the page's scripts may read.
	ExposeHeaders []string
	// MaxAge is how long a browser may keep the answer to a preflight, in
	// seconds; nil leaves that to the browser.
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
	return nil
}

// allowOrigin is the Access-Control-Allow-Origin for a page of origin, "" for
// none.
func (c *CORS) allowOrigin(origin string) string {
	allowed := "*"
	switch {
	case c.Origin != "":
		allowed = c.Origin
	case slices.Contains(c.Origins, "*"):
	case len(c.Origins) > 0:
		if origin == "" || !slices.Contains(c.Origins, origin) {
			return ""
		}
		allowed = origin
	case c.OriginFunc != nil:
		if origin == "" {
			return ""
		}
		allowed = c.OriginFunc(origin)
	}
	if allowed == "*" && c.Credentials {
		return origin
	}
	return allowed
}

// apply sets the headers that every answer carries.
func (c *CORS) apply(header http.Header, origin string) {
	allowed := c.allowOrigin(origin)
	if allowed == "" {
		return
	}
	header.Set("Access-Control-Allow-Origin", allowed)
	if c.Credentials {
		header.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(c.ExposeHeaders) > 0 {
		header.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ", "))
	}
	if allowed != "*" {
		addVary(header, "Origin")
	}
}

// preflight sets the headers of the answer to an OPTIONS request.
func (c *CORS) preflight(header http.Header, origin string) {
	c.apply(header, origin)
	methods := c.AllowMethods
	if methods == nil {
		methods = []string{"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"}
	}
	header.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	headers := c.AllowHeaders
	if headers == nil {
		headers = []string{"*"}
	}
	header.Set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	if c.MaxAge != nil {
		header.Set("Access-Control-Max-Age", strconv.Itoa(*c.MaxAge))
	}
	addVary(header, "Access-Control-Request-Headers")
	addVary(header, "Access-Control-Request-Method")
}

// corsHeaderSet tells whether a layer around the handler has decided already.
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
