// Package static serves a built single-page app: a folder with an index.html and the files
// that it loads. It is for the front end that stands beside a runtime, in one process:
//
//	app, err := static.New(static.Dir("dist"), static.Config{})
//	if err != nil {
//		log.Fatal(err)
//	}
//	mux.Handle("/", app)
//	mux.Handle("/api/copilotkit/", runtime)
//
// The files may be a folder ([Dir]) or a part of the program ([embed.FS] with [fs.Sub]).
package static

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// Config configures a [Handler]. Its zero value is ready for use.
type Config struct {
	// Policy is the Content-Security-Policy of all answers. Scripts that stand in an HTML
	// file are added to it by their digests, unless it allows all of them. "off" leaves the
	// header out. If empty, defaults to [DefaultPolicy].
	Policy string
	// Immutable reports whether the content of a file, named by its path without a leading
	// slash, never changes. Browsers keep it for a year and don't ask again. HTML is never
	// immutable. If nil, defaults to [Hashed].
	Immutable func(name string) bool
	// Logger receives why a file could not be read, which clients are not told. If nil,
	// defaults to [slog.Default].
	Logger *slog.Logger
}

// Handler serves the files of an app. It is safe for concurrent use.
//
//   - A file is served under its own path, by GET and HEAD, with ranges. If the browser takes
//     it and it is there, the compressed file beside it is sent: main.js.br or main.js.gz.
//   - A page under any other path is the app's too: if the request asks for HTML and its last
//     segment has no extension, the answer is that path's own HTML file (about.html,
//     about/index.html) or else index.html, with 200. Nothing below /.well-known is a page.
//   - All else is 404: a script that is missing never is HTML. So are names that begin with a
//     dot, but .well-known, and whatever isn't a regular file. Folders are not listed.
//
// Immutable files are cached for a year. Browsers ask for the others each time, and get a 304
// if their ETag, which is a digest of the content, is still the same. The digest is computed
// when a file is first asked for and kept until the file changes. Files above 16 MiB have an
// ETag of their size and time instead, as far as they have a time.
type Handler struct {
	files     fs.FS
	policy    string
	immutable func(name string) bool
	logger    *slog.Logger
	digests   digests
}

const index = "index.html"

// New returns a handler of an app's files, which it reads when they are asked for. Files must
// be seekable, as those of [Dir] and [embed.FS] are. It returns an error if there is no
// index.html, or if the policy is malformed.
func New(files fs.FS, config Config) (*Handler, error) {
	h := &Handler{files: files, policy: config.Policy, immutable: config.Immutable, logger: config.Logger}
	switch h.policy {
	case "off":
		h.policy = ""
	case "":
		h.policy = DefaultPolicy
	}
	if _, err := parsePolicy(h.policy); err != nil {
		return nil, fmt.Errorf("static: policy: %w", err)
	}
	if h.immutable == nil {
		h.immutable = Hashed
	}
	if h.logger == nil {
		h.logger = slog.Default()
	}
	file, err := h.open(index)
	if err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	return h, file.Close()
}

// ServeHTTP answers a request with a file.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "strict-origin-when-cross-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed)
		return
	}
	served, err := h.serveFirst(w, r)
	switch {
	case err != nil:
		h.logger.ErrorContext(r.Context(), "a file of the front end could not be served", "error", err)
		refuse(w, http.StatusInternalServerError)
	case !served:
		refuse(w, http.StatusNotFound)
	}
}

// serveFirst answers with the first file that a request may mean, if there is one.
func (h *Handler) serveFirst(w http.ResponseWriter, r *http.Request) (served bool, err error) {
	name, ok := nameOf(r.URL, runtime.GOOS == "windows")
	if !ok {
		return false, nil
	}
	if name != "" && fs.ValidPath(name) {
		if served, err := h.serve(w, r, name); served || err != nil {
			return served, err
		}
	}
	if name == "" {
		return h.serveIndex(w, r)
	}
	name = strings.TrimSuffix(name, "/")
	if path.Ext(name) != "" || strings.HasPrefix(name, wellKnown) {
		return false, nil
	}
	w.Header().Set("Vary", "Accept")
	if !acceptsHTML(r.Header) {
		return false, nil
	}
	if fs.ValidPath(name) {
		for _, page := range []string{name + ".html", name + "/" + index} {
			if served, err := h.serve(w, r, page); served || err != nil {
				return served, err
			}
		}
	}
	return h.serveIndex(w, r)
}

// serveIndex answers with index.html. That it is gone is a failure, since it was there when
// the handler was made.
func (h *Handler) serveIndex(w http.ResponseWriter, r *http.Request) (served bool, err error) {
	if served, err = h.serve(w, r, index); err == nil && !served {
		err = errors.New(index + " is gone")
	}
	return served, err
}

// serve answers with a file, if it is there.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, name string) (served bool, err error) {
	original, err := h.open(name)
	if isMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer original.Close()
	immutable := h.immutable(name) && !isHTML(name)
	sent, coding, varies := h.compressed(r.Header, original, immutable)
	if sent != original {
		defer sent.Close()
	}
	known, err := h.digests.of(sent)
	if err != nil {
		return false, err
	}
	policy, err := h.policyOf(original)
	if err != nil {
		return false, err
	}

	header := w.Header()
	header.Set("Content-Type", contentType(name))
	header.Set("ETag", known.etag)
	header.Set("Cache-Control", "no-cache")
	if immutable {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if policy != "" {
		header.Set("Content-Security-Policy", policy)
	}
	if varies {
		header.Add("Vary", "Accept-Encoding")
	}
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	send(w, r, sent)
	return true, nil
}

// policyOf returns the policy of a file's answer. That of HTML is made from the file itself,
// even if a compressed one is sent.
func (h *Handler) policyOf(original *file) (string, error) {
	if h.policy == "" || !isHTML(original.name) {
		return h.policy, nil
	}
	known, err := h.digests.of(original)
	if err != nil {
		return "", err
	}
	return withScripts(h.policy, known.scripts), nil
}

// refuse answers without a file. What was set for one is left out.
func refuse(w http.ResponseWriter, status int) {
	text := strconv.Itoa(status) + " " + strings.ToLower(http.StatusText(status)) + "\n"
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	// Soon there may be such a file.
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
