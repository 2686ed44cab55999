// Package azure signs requests to Azure OpenAI with Microsoft Entra ID, in the place of
// a key:
//
//	bundle.WithSignIn("azure", azure.SignIn(nil))
//
// Who the program is depends on the environment, as for Azure's own libraries. The first
// that is there is used, and no other is tried if it fails:
//
//   - AZURE_CLIENT_SECRET with AZURE_TENANT_ID and AZURE_CLIENT_ID: an app with a secret.
//   - AZURE_FEDERATED_TOKEN_FILE with the same two: workload identity, in Kubernetes or
//     wherever the platform writes such a file. It is read again for each token.
//   - IDENTITY_ENDPOINT with IDENTITY_HEADER: the managed identity of App Service,
//     Functions and Container Apps.
//   - Otherwise the managed identity of a virtual machine.
//
// AZURE_CLIENT_ID selects a user-assigned managed identity, and AZURE_AUTHORITY_HOST
// another cloud than the public one. It needs the role "Cognitive Services OpenAI User".
package azure

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/copilotkit-go/runtime/core/internal/token"
	"github.com/copilotkit-go/runtime/core/model"
)

// resource is what the tokens are for.
const resource = "https://cognitiveservices.azure.com"

// SignIn returns a function that signs requests. If lookupEnv is nil, it defaults to
// [os.LookupEnv]. SignIn itself does no I/O: the first request gets a token, which later
// ones share. A token is replaced five minutes before its end.
func SignIn(lookupEnv func(name string) (value string, ok bool)) model.SignIn {
	if lookupEnv == nil {
		lookupEnv = os.LookupEnv
	}
	i := &identity{lookupEnv: lookupEnv, platform: token.PlatformClient(), public: token.PublicClient()}
	cache := token.NewCache(i.token)
	return func(request *http.Request, _ []byte) error {
		value, err := cache.Get(request.Context())
		switch {
		case err == nil:
			request.Header.Set("Authorization", "Bearer "+value)
			return nil
		case request.Context().Err() != nil:
			return err
		}
		return model.NewError(model.CodeAuthFailed, fmt.Errorf("sign in to Azure with %s: %w", i.source().name, err))
	}
}

// identity is who the program is.
type identity struct {
	lookupEnv        func(string) (string, bool)
	platform, public *http.Client
}

func (i *identity) env(name string) string {
	value, _ := i.lookupEnv(name)
	return strings.TrimSpace(value)
}

// source is a way to get tokens.
type source struct {
	name string
	get  func(context.Context) (token.Token, error)
}

// source returns the way that the environment describes.
func (i *identity) source() source {
	app := i.env("AZURE_TENANT_ID") != "" && i.env("AZURE_CLIENT_ID") != ""
	switch {
	case app && i.env("AZURE_CLIENT_SECRET") != "":
		return source{"AZURE_CLIENT_SECRET", i.clientSecret}
	case app && i.env("AZURE_FEDERATED_TOKEN_FILE") != "":
		return source{"AZURE_FEDERATED_TOKEN_FILE", i.federated}
	case i.env("IDENTITY_ENDPOINT") != "" && i.env("IDENTITY_HEADER") != "":
		return source{"the managed identity at IDENTITY_ENDPOINT", i.appService}
	}
	return source{"the managed identity of the machine (no other is configured)", i.machine}
}

func (i *identity) token(ctx context.Context) (token.Token, error) { return i.source().get(ctx) }
