package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// partingGrace is how long the last bytes of answers may take after the runtime
// was closed.
const partingGrace = 5 * time.Second

// Serve has a server answer the connections of a listener until ctx ends, and
// then shuts both the server and the runtime behind it down. Requests under way
// have grace to come to their ends; it may be zero. Then the runtime is closed,
// which ends the runs that are left in good order: their clients are told, what
// there is of them is recorded, and their threads are free. The runtime is a
// [core.Runtime] or a [Lazy].
//
// The error is nil when ctx ended and nothing was cut off.
func Serve(ctx context.Context, server *http.Server, listener net.Listener, runtime io.Closer, grace time.Duration) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("serve: %w", err), runtime.Close())
	case <-ctx.Done():
	}
	late := shutDown(server, grace)
	closed := runtime.Close()
	if late != nil {
		if late = shutDown(server, partingGrace); late != nil {
			late = errors.Join(fmt.Errorf("requests were cut off: %w", late), server.Close())
		}
	}
	<-served
	return errors.Join(late, closed)
}

func shutDown(server *http.Server, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return server.Shutdown(ctx)
}
