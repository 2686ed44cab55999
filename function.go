// Package copilotkit registers the function CopilotKit, whose code is in the folder
// gcf. It is at the root because Google's Go buildpack looks for functions there.
// Nothing else imports it.
package copilotkit

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/copilotkit-go/runtime/gcf"
)

// The buildpack only imports this package for its registrations.
func init() {
	functions.HTTP("CopilotKit", gcf.Handler())
}
