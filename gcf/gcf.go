// Package gcf is the runtime as a Google Cloud Function. The function is registered
// in function.go at the repository's root, where the Go buildpack looks for it. To
// have the runtime as one of the functions of your own module, register it in the
// same way:
//
//	func init() {
//		functions.HTTP("CopilotKit", gcf.Handler())
//	}
package gcf

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
	"github.com/copilotkit-go/runtime/core/signin/google"
)

// Handler returns the function. The first request builds the runtime that the
// environment describes, and the instance keeps it for the following ones. It is safe
// for concurrent use. Answers stream. Models on Vertex AI are asked as the function's
// service account, unless they have a key.
//
// Google ends an instance with SIGTERM and kills it ten seconds later. The framework
// would exit at once. From the first request on, runs under way have five seconds to
// finish. Then the runtime is closed, so that those that are left are recorded and their
// clients get RUN_ERROR. A second signal ends the process at once. The garbage collector keeps to three quarters of the instance's
// memory, unless GOMEMLIMIT says otherwise.
func Handler(options ...bundle.Option) func(http.ResponseWriter, *http.Request) {
	var project project
	logger := slog.New(logFormat(project.get)(os.Stderr, slog.LevelInfo))
	runtime := bundle.NewLazy(os.Environ, append([]bundle.Option{
		bundle.WithDefaults(platforms.Google().Defaults), bundle.WithSignIn("google", google.SignIn(nil)), bundle.WithLogFormat(logFormat(project.get)),
		bundle.WithMetricsServer(), bundle.WithoutAgentCore(),
	}, options...)...)
	health := bundle.NewHealth(runtime.Ready, logger)
	handler := health.Around(runtime)
	var first sync.Once
	return func(w http.ResponseWriter, r *http.Request) {
		found := func() {}
		first.Do(func() {
			bundle.LimitMemory()
			terminated := make(chan os.Signal, 1)
			signal.Notify(terminated, syscall.SIGTERM)
			go closeAtEnd(terminated, func() error {
				health.Drain()
				grace, end := context.WithTimeout(context.Background(), shutdownGrace)
				defer end()
				_ = runtime.Wait(grace) // what is left is closed
				return runtime.Close()
			}, logger)
			found = project.find(os.Getenv)
		})
		defer found()
		handler.ServeHTTP(w, withRequestID(r))
	}
}

// shutdownGrace is how long runs may go on after SIGTERM: half of what Google gives an
// instance, since closing them takes time too.
const shutdownGrace = 5 * time.Second

// parting is how long the last bytes of answers may take after the runtime was
// closed. It is a fixed time because the server is internal to the framework.
const parting = 100 * time.Millisecond

// closeAtEnd closes the runtime when the process gets the signal, and then sends the
// signal again with its usual effect. It runs as long as the process.
func closeAtEnd(terminated <-chan os.Signal, closeRuntime func() error, logger *slog.Logger) {
	<-terminated
	signal.Reset(syscall.SIGTERM) // the next one has its usual effect
	if err := closeRuntime(); err != nil {
		logger.Error("the runtime isn't closed whole", "error", err)
	}
	time.Sleep(parting)
	_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
}
