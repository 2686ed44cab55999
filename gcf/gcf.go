// Package gcf is the runtime as a Google Cloud Function. The function is
// declared in function.go at the repository's root, which is where the Go
// buildpack looks. A source tree of one's own that wants the runtime as one of
// its functions declares it in the same way:
//
//	func init() {
//		functions.HTTP("CopilotKit", gcf.Handler())
//	}
package gcf

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// Handler returns the function. Its first request builds the runtime that the
// environment describes; the instance keeps it for the requests after that,
// which may come several at a time. Answers stream.
//
// Google ends an instance with SIGTERM and gives it ten seconds. The framework
// would end at once; from the first request on the runtime is closed before that,
// so that runs end in good order. A second signal ends the process at once.
func Handler(options ...bundle.Option) func(http.ResponseWriter, *http.Request) {
	runtime := bundle.NewLazy(os.Environ, options...)
	var first sync.Once
	return func(w http.ResponseWriter, r *http.Request) {
		first.Do(func() {
			terminated := make(chan os.Signal, 1)
			signal.Notify(terminated, syscall.SIGTERM)
			go closeAtEnd(terminated, runtime)
		})
		runtime.ServeHTTP(w, r)
	}
}

// parting is how long the last bytes of answers may take after the runtime was
// closed: the server is the framework's, and can't be asked.
const parting = 100 * time.Millisecond

// closeAtEnd closes the runtime when the process is asked to end, and then has it
// end as it would have. It lives as long as the process.
func closeAtEnd(terminated <-chan os.Signal, runtime io.Closer) {
	<-terminated
	signal.Reset(syscall.SIGTERM) // the next one has its usual effect
	if err := runtime.Close(); err != nil {
		slog.Error("the runtime isn't closed whole", "error", err)
	}
	time.Sleep(parting)
	_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
}
