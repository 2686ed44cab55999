package google_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/signin/google"
)

// platform is a scripted metadata server and token endpoint.
type platform struct {
	*httptest.Server
	calls  atomic.Int32
	mu     sync.Mutex
	last   *http.Request
	status int
	body   string
}

const granted = `{"access_token":"token-1","expires_in":3599,"token_type":"Bearer"}`

func newPlatform(t *testing.T, status int, body string) *platform {
	t.Helper()
	p := &platform{status: status, body: body}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		p.mu.Lock()
		p.last = r
		p.mu.Unlock()
		p.calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(p.status)
		fmt.Fprint(w, p.body)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *platform) host() string { return strings.TrimPrefix(p.URL, "http://") }

func environment(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

func request(ctx context.Context) *http.Request {
	return httptest.NewRequestWithContext(ctx, http.MethodPost, "https://aiplatform.googleapis.com/v1beta1/x", nil)
}

// write returns a file with credentials.
func write(t *testing.T, folder string, fields map[string]any) string {
	t.Helper()
	content, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "application_default_credentials.json")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheMetadataServerSignsIn(t *testing.T) {
	p := newPlatform(t, 200, granted)
	sign := google.SignIn(environment(map[string]string{"GCE_METADATA_HOST": p.host(), "HOME": t.TempDir()}))
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() {
			r := request(t.Context())
			if err := sign(r, nil); err != nil || r.Header.Get("Authorization") != "Bearer token-1" || r.Header.Get("X-Goog-User-Project") != "" {
				t.Errorf("got %v, %v", r.Header, err)
			}
		})
	}
	running.Wait()
	if p.calls.Load() != 1 || p.last.URL.Path != "/computeMetadata/v1/instance/service-accounts/default/token" || p.last.Header.Get("Metadata-Flavor") != "Google" ||
		p.last.Form.Get("scopes") != "https://www.googleapis.com/auth/cloud-platform" {
		t.Errorf("%d requests, the last one for %s", p.calls.Load(), p.last.URL)
	}
}

func TestAFileSignsIn(t *testing.T) {
	for name, test := range map[string]struct {
		fields func(t *testing.T, url string) map[string]any
		want   map[string]string // of the form
		quota  string
	}{
		"of a service account": {serviceAccount, map[string]string{"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, ""},
		"of a person": {func(_ *testing.T, url string) map[string]any {
			return map[string]any{"type": "authorized_user", "client_id": "id", "client_secret": "cs", "refresh_token": "refresh", "token_uri": url, "quota_project_id": "billed"}
		}, map[string]string{"grant_type": "refresh_token", "refresh_token": "refresh", "client_id": "id"}, "billed"},
		"of workload identity federation": {func(t *testing.T, url string) map[string]any {
			subject := filepath.Join(t.TempDir(), "subject")
			if err := os.WriteFile(subject, []byte("oidc-token"), 0o600); err != nil {
				t.Fatal(err)
			}
			return map[string]any{
				"type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
				"subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": url, "credential_source": map[string]any{"file": subject},
			}
		}, map[string]string{"subject_token": "oidc-token", "scope": "https://www.googleapis.com/auth/cloud-platform"}, ""},
	} {
		for _, where := range []string{"that is named", "that gcloud has written"} {
			t.Run(name+" "+where, func(t *testing.T) {
				p := newPlatform(t, 200, `{"access_token":"token-1","expires_in":3599,"token_type":"Bearer","issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}`)
				folder := t.TempDir()
				env := map[string]string{"HOME": folder}
				if where == "that is named" {
					env["GOOGLE_APPLICATION_CREDENTIALS"] = write(t, folder, test.fields(t, p.URL+"/token"))
				} else {
					write(t, filepath.Join(folder, ".config", "gcloud"), test.fields(t, p.URL+"/token"))
				}
				sign := google.SignIn(environment(env))
				for range 2 {
					r := request(t.Context())
					if err := sign(r, nil); err != nil || r.Header.Get("Authorization") != "Bearer token-1" || r.Header.Get("X-Goog-User-Project") != test.quota {
						t.Fatalf("got %v, %v", r.Header, err)
					}
				}
				if p.calls.Load() != 1 {
					t.Errorf("%d requests", p.calls.Load())
				}
				for field, want := range test.want {
					if got := p.last.Form.Get(field); got != want {
						t.Errorf("%s is %q, want %q", field, got, want)
					}
				}
				if name == "of a service account" {
					checkAssertion(t, p.last.Form.Get("assertion"))
				}
			})
		}
	}
}

var accountKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func serviceAccount(t *testing.T, url string) map[string]any {
	t.Helper()
	key, err := accountKey()
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"type": "service_account", "client_email": "me@p.iam.gserviceaccount.com", "private_key_id": "1", "token_uri": url,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})),
	}
}

func checkAssertion(t *testing.T, assertion string) {
	t.Helper()
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		t.Fatalf("the assertion is %q", assertion)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || !strings.Contains(string(payload), `"iss":"me@p.iam.gserviceaccount.com"`) || !strings.Contains(string(payload), "cloud-platform") {
		t.Errorf("the assertion says %s, %v", payload, err)
	}
}

func TestAFailureNamesWhatWasTriedAndNoSecret(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		env    func(t *testing.T, p *platform) map[string]string
		says   string
	}{
		"of the metadata server": {404, ``, func(_ *testing.T, p *platform) map[string]string {
			return map[string]string{"GCE_METADATA_HOST": p.host()}
		}, "with the metadata server (GOOGLE_APPLICATION_CREDENTIALS isn't set, and gcloud has written no credentials): status 404"},
		"of no metadata server": {200, granted, func(*testing.T, *platform) map[string]string {
			return map[string]string{"GCE_METADATA_HOST": "127.0.0.1:1"}
		}, "with the metadata server"},
		"of a host that is none": {200, granted, func(*testing.T, *platform) map[string]string {
			return map[string]string{"GCE_METADATA_HOST": "a b"}
		}, "GCE_METADATA_HOST is not a host"},
		"of a file that isn't there": {200, granted, func(*testing.T, *platform) map[string]string {
			return map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"}
		}, "with GOOGLE_APPLICATION_CREDENTIALS: read the file"},
		"of a file with something else": {200, granted, func(t *testing.T, _ *platform) map[string]string {
			return map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": write(t, t.TempDir(), map[string]any{"secret": "s3cret"})}
		}, "the file has no credentials"},
		"of a file of another type": {200, granted, func(t *testing.T, _ *platform) map[string]string {
			return map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": write(t, t.TempDir(), map[string]any{"type": "magic", "secret": "s3cret"})}
		}, "of a known type"},
		"of a refused person": {400, `{"error":"invalid_grant","error_description":"Token has been expired or revoked.","echo":"s3cret"}`, func(t *testing.T, p *platform) map[string]string {
			return map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": write(t, t.TempDir(), map[string]any{"type": "authorized_user", "client_id": "id", "client_secret": "s3cret", "refresh_token": "s3cret", "token_uri": p.URL + "/s3cret"})}
		}, "with GOOGLE_APPLICATION_CREDENTIALS: authorized_user: status 400: invalid_grant: Token has been expired or revoked."},
		"of a refused service account": {400, `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`, func(t *testing.T, p *platform) map[string]string {
			return map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": write(t, t.TempDir(), serviceAccount(t, p.URL+"/s3cret"))}
		}, "service_account: status 400: invalid_grant: Invalid JWT Signature."},
		"of a token that never ends": {200, `{"access_token":"token-1"}`, func(t *testing.T, p *platform) map[string]string {
			return map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": write(t, t.TempDir(), serviceAccount(t, p.URL))}
		}, "no token that ends"},
		"of an endpoint that isn't there": {200, granted, func(t *testing.T, _ *platform) map[string]string {
			return map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": write(t, t.TempDir(), serviceAccount(t, "http://127.0.0.1:1/s3cret"))}
		}, "service_account:"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t, test.status, test.body)
			env := test.env(t, p)
			env["HOME"] = t.TempDir()
			err := google.SignIn(environment(env))(request(t.Context()), nil)
			failed := (*model.Error)(nil)
			if !errors.As(err, &failed) || failed.Code != model.CodeAuthFailed || !strings.Contains(failed.Error(), test.says) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(failed.Error(), "s3cret") {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

func TestARequestThatEndsIsNoFailureToSignIn(t *testing.T) {
	left := make(chan struct{})
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		close(left)
		<-r.Context().Done()
	}))
	defer hung.Close()
	file := write(t, t.TempDir(), serviceAccount(t, hung.URL))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-left
		cancel()
	}()
	err := google.SignIn(environment(map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": file}))(request(ctx), nil)
	if failed := (*model.Error)(nil); !errors.Is(err, context.Canceled) || errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
}
