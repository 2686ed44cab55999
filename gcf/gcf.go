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
	"net/http"
	"os"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// Handler returns the function. Its first request builds the runtime that the
// environment describes; the instance keeps it for the requests after that,
// which may come several at a time. Answers stream. The framework has no shutdown
// that could close the runtime: a run that an instance's end cuts off is closed by
// the next request for its thread.
func Handler(options ...bundle.Option) func(http.ResponseWriter, *http.Request) {
	return bundle.NewLazy(os.Environ, options...).ServeHTTP
}
