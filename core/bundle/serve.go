package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// partingGrace is how long the last bytes of answers may take after the runtime was
// closed.
const partingGrace = 5 * time.Second

// UntilSignal returns a context that ends with the first interrupt or SIGTERM, or when stop
// is called. Before it ends the signals have their usual effect again, so that a second one
// ends the process at once.
func UntilSignal() (ctx context.Context, stop context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals, left := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer close(left)
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx, func() {
		cancel()
		<-left
	}
}

// Serve runs a server on a listener until ctx ends, and then shuts down the server and
// the runtime behind it, a [core.Runtime] or a [Lazy]. Requests under way have the time
// grace, which may be zero, to finish. Then the runtime is closed: the runs that are
// left end with RUN_ERROR and are recorded, and their threads are freed.
//
// Serve returns nil if ctx has ended and no request was cut off.
func Serve(ctx context.Context, server *http.Server, listener net.Listener, runtime io.Closer, grace time.Duration) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("serve: %w", err), runtime.Close())
	case <-ctx.Done():
	}
	late := shutDown(server, runtime, grace)
	closed := runtime.Close()
	if late != nil {
		if late = shutDown(server, runtime, partingGrace); late != nil {
			late = errors.Join(fmt.Errorf("requests were cut off: %w", late), server.Close())
		}
	}
	<-served
	return errors.Join(late, closed)
}

// unreadTimeout is how long a body may take that nobody reads.
const unreadTimeout = 10 * time.Second

// LimitUnreadBodies returns a handler of which the server waits ten seconds at most for a
// body that nobody reads, as of a request for a file, before it answers: else that could
// hold up the server's end. It is for the runtime, which has limits of its own for what it
// reads, beside handlers that read no bodies: one that does, and answers for longer, would
// be cut off. It isn't for servers with a ReadTimeout.
func LimitUnreadBodies(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unreadTimeout))
		}
		handler.ServeHTTP(w, r)
	})
}

// WithDeadline returns a handler whose requests have a deadline, so that the runtime can
// close a run before its platform cuts it off. If after is zero, it returns the handler.
func WithDeadline(handler http.Handler, after time.Duration) http.Handler {
	if after == 0 {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), after)
		defer cancel()
		handler.ServeHTTP(w, r.WithContext(ctx))
	})
}

// shutDown waits for the requests under way, and for what goes on after their answers.
func shutDown(server *http.Server, runtime io.Closer, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return err
	}
	if w, ok := runtime.(interface{ Wait(context.Context) error }); ok {
		return w.Wait(ctx)
	}
	return nil
}
