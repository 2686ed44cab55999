package main

import (
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/signin/aws"
	"github.com/copilotkit-go/runtime/core/signin/azure"
	"github.com/copilotkit-go/runtime/core/signin/google"
)

// signIns lets models be asked as whoever this machine or its user is. Each platform's
// program has those of its platform alone.
func signIns() map[string]bundle.Option {
	return map[string]bundle.Option{
		"aws":    bundle.WithSignIn("aws", aws.SignIn()),
		"azure":  bundle.WithSignIn("azure", azure.SignIn(nil)),
		"google": bundle.WithSignIn("google", google.SignIn(nil)),
	}
}
