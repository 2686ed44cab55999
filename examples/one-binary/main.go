// The runtime and its front end in one program, and nothing else to deploy. The front end is
// the React example, which Node.js builds into the folder site before Go builds the program:
//
//	npm --prefix ../react-chat ci
//	go generate && go build
//	COPILOTKIT_MODEL=demo COPILOTKIT_AUTH=none ./one-binary
package main

import (
	"context"
	"embed"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/bundle"
)

//go:generate npm --prefix ../react-chat run build -- --outDir ../one-binary/site --emptyOutDir

// Without all: the files whose names begin with an underscore would be left out, as _next.
//
//go:embed all:site
var site embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	runtime, err := newRuntime(ctx, os.Environ)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("http://%s/", listener.Addr())
	server := &http.Server{Handler: bundle.LimitUnreadBodies(runtime), ReadHeaderTimeout: 10 * time.Second}
	if err := bundle.Serve(ctx, server, listener, runtime, 10*time.Second); err != nil {
		log.Fatal(err)
	}
}

// newRuntime returns the runtime, which answers what is outside of its base path with the site.
func newRuntime(ctx context.Context, env bundle.Env) (*core.Runtime, error) {
	files, err := fs.Sub(site, "site")
	if err != nil {
		return nil, err
	}
	return bundle.New(ctx, env, bundle.WithFrontEnd(files))
}
