package main

import (
	"embed"
	"html"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"github.com/copilotkit-go/runtime/core/bundle"
)

//go:embed playground
var files embed.FS

// playgroundPath returns where the playground is: at the root, or out of the way of a front
// end that is there, or nowhere ("") if that is for others than developers.
func playgroundPath(settings *bundle.Settings) string {
	switch {
	case settings.Static == "":
		return "/"
	case settings.Development:
		return "/playground/"
	}
	return ""
}

// newMux returns a handler with the playground, and with the runtime below its base path or,
// since a front end is the runtime's, everywhere else.
func newMux(settings *bundle.Settings, runtime http.Handler) http.Handler {
	where := playgroundPath(settings)
	if where == "" {
		return runtime
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+where+"{$}", page(settings))
	mux.Handle("GET /playground/", assets())
	mux.Handle("GET /playground/sandbox.html", sandbox())
	base := strings.TrimSuffix(settings.BasePath, "/")
	if base != "" {
		mux.Handle(base, runtime)
	}
	mux.Handle(base+"/", runtime)
	if where == "/" {
		return mux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, where) {
			mux.ServeHTTP(w, r)
			return
		}
		runtime.ServeHTTP(w, r) // the mux would redirect what isn't clean
	})
}

// page returns a handler of index.html, filled in from the settings.
func page(settings *bundle.Settings) http.Handler {
	filled := sync.OnceValue(func() string { return fill(settings) })
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		guard(w.Header())
		if gateway := settings.Intelligence.GatewayOrigin(); gateway != "" {
			w.Header().Set("Content-Security-Policy", w.Header().Get("Content-Security-Policy")+"; connect-src 'self' "+gateway)
		}
		_, _ = io.WriteString(w, filled())
	})
}

// fill returns index.html with what the page is told in place of {{…}}: in text and in
// quoted attributes alone, where escaping is all that it takes. A package of templates
// would cost each start more than that.
func fill(settings *bundle.Settings) string {
	index, err := files.ReadFile("playground/index.html")
	if err != nil {
		panic(err) // the file is part of this program
	}
	endpoint := "multi-route"
	if settings.SingleRoute {
		endpoint = "single-route"
	}
	return strings.NewReplacer(
		"{{BasePath}}", html.EscapeString(strings.TrimSuffix(settings.BasePath, "/")),
		"{{Endpoint}}", endpoint,
		"{{Model}}", html.EscapeString(settings.Model),
	).Replace(string(index))
}

// assets returns a handler of the scripts and styles.
func assets() http.Handler {
	static, err := fs.Sub(files, "playground/static")
	if err != nil {
		panic(err) // the folder is part of this program
	}
	server := http.StripPrefix("/playground/", http.FileServerFS(static))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guard(w.Header())
		server.ServeHTTP(w, r)
	})
}

// sandbox returns a handler of the document in which the page shows what a model wrote. It
// may run that, and reach nothing: the policy gives it an origin of its own, even where it
// isn't in a frame, and lets it load nothing from anywhere.
func sandbox() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		document, err := files.ReadFile("playground/sandbox.html")
		if err != nil {
			panic(err) // the file is part of this program
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		guard(w.Header())
		w.Header().Set("Content-Security-Policy", "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "+
			"img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
		_, _ = w.Write(document)
	})
}

// guard sets headers that restrict the page to its own files and to this server.
// [page] adds the gateway of a managed platform, through which its events come.
func guard(header http.Header) {
	header.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	// A page must not be mixed with the scripts of another build.
	header.Set("Cache-Control", "no-cache")
}
