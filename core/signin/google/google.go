// Package google signs requests to Vertex AI with Google's application default
// credentials, in the place of a key:
//
//	bundle.WithSignIn("google", google.SignIn(nil))
//
// The first credentials that are there are used, and no others are tried if they fail:
//
//   - the file that GOOGLE_APPLICATION_CREDENTIALS names: of workload identity
//     federation, a service account's key, or any other that gcloud writes;
//   - the file that "gcloud auth application-default login" has written;
//   - the service account of the function, service or machine that the program runs on,
//     from its metadata server.
//
// They need the role "Vertex AI User" (roles/aiplatform.user) in the project.
// GOOGLE_CLOUD_QUOTA_PROJECT is the project that is billed for a person's requests; it
// defaults to the file's.
package google

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/copilotkit-go/runtime/core/internal/token"
	"github.com/copilotkit-go/runtime/core/model"
)

// scope is what the tokens are good for.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// SignIn returns a function that signs requests. If lookupEnv is nil, it defaults to
// [os.LookupEnv]. SignIn itself does no I/O: the first request gets a token, which later
// ones share. A token is replaced five minutes before its end, and a file is then read
// again.
func SignIn(lookupEnv func(name string) (value string, ok bool)) model.SignIn {
	if lookupEnv == nil {
		lookupEnv = os.LookupEnv
	}
	c := &credentials{lookupEnv: lookupEnv, platform: token.PlatformClient(), public: token.PublicClient()}
	cache := token.NewCache(c.token)
	return func(request *http.Request, _ []byte) error {
		value, err := cache.Get(request.Context())
		switch {
		case err == nil:
			request.Header.Set("Authorization", "Bearer "+value)
			if project, _ := c.quotaProject.Load().(string); project != "" {
				request.Header.Set("X-Goog-User-Project", project)
			}
			return nil
		case request.Context().Err() != nil:
			return err
		}
		return model.NewError(model.CodeAuthFailed, err)
	}
}

// credentials are who the program is.
type credentials struct {
	lookupEnv        func(string) (string, bool)
	platform, public *http.Client
	// quotaProject is a string, the project of the last token.
	quotaProject atomic.Value
}

func (c *credentials) env(name string) string {
	value, _ := c.lookupEnv(name)
	return strings.TrimSpace(value)
}

// token gets a token with the first credentials that are there.
func (c *credentials) token(ctx context.Context) (token.Token, error) {
	name, file := "GOOGLE_APPLICATION_CREDENTIALS", c.env("GOOGLE_APPLICATION_CREDENTIALS")
	if file == "" {
		name, file = "gcloud's application default credentials", c.gcloudFile()
		if _, err := os.Stat(file); err != nil {
			c.quotaProject.Store(c.env("GOOGLE_CLOUD_QUOTA_PROJECT"))
			got, err := c.metadata(ctx)
			if err != nil {
				err = fmt.Errorf("sign in to Google with the metadata server (GOOGLE_APPLICATION_CREDENTIALS isn't set, and gcloud has written no credentials): %w", err)
			}
			return got, err
		}
	}
	got, err := c.file(ctx, file)
	if err != nil {
		err = fmt.Errorf("sign in to Google with %s: %w", name, err)
	}
	return got, err
}

// gcloudFile returns where gcloud writes application default credentials.
func (c *credentials) gcloudFile() string {
	folder := filepath.Join(c.env("HOME"), ".config", "gcloud")
	if runtime.GOOS == "windows" {
		folder = filepath.Join(c.env("APPDATA"), "gcloud")
	}
	return filepath.Join(folder, "application_default_credentials.json")
}

// keepQuotaProject stores the project that is billed for requests with a file.
func (c *credentials) keepQuotaProject(file []byte) {
	var fields struct {
		QuotaProject string `json:"quota_project_id"`
	}
	if project := c.env("GOOGLE_CLOUD_QUOTA_PROJECT"); project != "" {
		fields.QuotaProject = project
	} else if json.Unmarshal(file, &fields) != nil || strings.ContainsFunc(fields.QuotaProject, func(r rune) bool { return r <= ' ' || r > '~' }) {
		fields.QuotaProject = ""
	}
	c.quotaProject.Store(fields.QuotaProject)
}
