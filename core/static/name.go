package static

import (
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// nameOf returns what a request's path asks for, without the leading slash: the name of a file
// if it is one that [fs.ValidPath] accepts, and else only the path of a page. It isn't ok to ask for
// what begins with a dot, by whichever slash it is set apart. Encoded slashes are in pages' paths,
// as part of an id, but never in the names of files. Short names aren't, either, where Windows would
// open a file by them.
func nameOf(address *url.URL, windows bool) (name string, ok bool) {
	name, ok = strings.CutPrefix(address.Path, "/")
	if !ok || strings.HasPrefix(name, "/") || strings.ContainsRune(name, 0) {
		return "", false
	}
	segments := strings.FieldsFunc(name, func(c rune) bool { return c == '/' || c == '\\' })
	for i, segment := range segments {
		if segment[0] == '.' && (i > 0 || segment != wellKnown) {
			return "", false
		}
	}
	if escaped := strings.ToLower(address.EscapedPath()); strings.Contains(escaped, "%2f") || strings.Contains(name, `\`) || windows && hasShort(name) {
		// A name that is valid of no file.
		return "/" + name, true
	}
	return name, true
}

// hasShort reports whether a part of a name may be one of the short names that Windows gives to
// files beside their own: ENV~1 is .env, so that it would pass for a name without a dot.
func hasShort(name string) bool {
	for i := range len(name) - 1 {
		if digit := name[i+1]; name[i] == '~' && '0' <= digit && digit <= '9' {
			return true
		}
	}
	return false
}

// wellKnown is the one name with a dot, where other programs look for files.
const wellKnown = ".well-known"

// acceptsHTML reports whether a request asks for HTML by its name, as browsers do for pages but
// not for what pages load.
func acceptsHTML(header http.Header) bool {
	for _, value := range header.Values("Accept") {
		for item := range strings.SplitSeq(value, ",") {
			kind, parameters, err := mime.ParseMediaType(item)
			if err != nil || kind != "text/html" {
				continue
			}
			q, given := parameters["q"]
			if weight, err := strconv.ParseFloat(q, 64); !given || err == nil && weight > 0 {
				return true
			}
		}
	}
	return false
}

// isHTML reports whether a file is HTML.
func isHTML(name string) bool {
	extension := path.Ext(name)
	return extension == ".html" || extension == ".htm"
}
