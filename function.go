// Package copilotkit is what Google's Go buildpack looks for at the root of the
// source that it is given: it registers the function CopilotKit, whose code is
// in the folder gcf. Nothing else imports it.
package copilotkit

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/copilotkit-go/runtime/gcf"
)

// The buildpack imports this package for its registrations alone.
func init() {
	functions.HTTP("CopilotKit", gcf.Handler())
}
