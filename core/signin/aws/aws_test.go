package aws_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/signin/aws"
)

const (
	keyID  = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	token  = "session-token-0123456789"
	body   = `{"messages":[]}`
)

// isolate removes all identities that this machine may have.
func isolate(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restores it
			os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func newRequest(t *testing.T, address string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/vnd.amazon.eventstream")
	return request
}

const address = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.anthropic.claude-x/converse-stream"

func TestARequestIsSignedByTheIdentityThatTheProgramHas(t *testing.T) {
	for name, test := range map[string]struct {
		setUp   func(t *testing.T)
		session bool
	}{
		"the variables of a function's role": {func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", keyID)
			t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
			t.Setenv("AWS_SESSION_TOKEN", token)
		}, true},
		"a developer's profile": {func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "credentials")
			text := fmt.Sprintf("[default]\naws_access_key_id=other\naws_secret_access_key=other\n[work]\naws_access_key_id=%s\naws_secret_access_key=%s\n", keyID, secret)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
			t.Setenv("AWS_PROFILE", "work")
		}, false},
		"the container's role": {func(t *testing.T) { serveContainer(t, nil) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			test.setUp(t)
			sign := aws.SignIn()
			request := newRequest(t, address)
			for range 2 { // as for a second attempt
				if err := sign(request, []byte(body)); err != nil {
					t.Fatal(err)
				}
				verify(t, request, "eu-west-1")
				if got := request.Header.Get("X-Amz-Security-Token"); (got == token) != test.session {
					t.Errorf("the session is %q", got)
				}
			}
		})
	}
}

func TestTheRegionIsThatOfTheHostOrElseOfTheEnvironment(t *testing.T) {
	for address, want := range map[string]string{
		"https://bedrock-runtime.us-gov-west-1.amazonaws.com/model/m/converse-stream":          "us-gov-west-1",
		"https://bedrock-runtime-fips.us-east-1.amazonaws.com/model/m/converse-stream":         "us-east-1",
		"https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/m/converse-stream":          "cn-north-1",
		"https://vpce-1-2.bedrock-runtime.eu-north-1.vpce.amazonaws.com/model/m/converse":      "eu-north-1",
		"http://127.0.0.1:4566/model/m/converse-stream":                                        "ap-south-1",
		"https://bedrock-runtime.us-east-1.amazonaws.com.evil.example/model/m/converse-stream": "ap-south-1",
	} {
		isolate(t)
		t.Setenv("AWS_ACCESS_KEY_ID", keyID)
		t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
		t.Setenv("AWS_REGION", "ap-south-1")
		request := newRequest(t, address)
		if err := aws.SignIn()(request, []byte(body)); err != nil {
			t.Fatal(err)
		}
		verify(t, request, want)
	}
}

func TestSignInFailsWithTheReasonAlone(t *testing.T) {
	for name, test := range map[string]struct {
		setUp   func(t *testing.T)
		address string
		says    string
	}{
		"nobody":                     {func(*testing.T) {}, address, "environment, shared files, web identity, container, instance"},
		"no region":                  {func(t *testing.T) { serveContainer(t, nil) }, "http://127.0.0.1:1/", "set AWS_REGION"},
		"a profile that isn't there": {func(t *testing.T) { t.Setenv("AWS_PROFILE", "nobody") }, address, "nobody"},
		"a container that refuses": {func(t *testing.T) {
			t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", secret)
			serveContainer(t, func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, `{"message":"`+secret+`"}`, http.StatusForbidden)
			})
		}, address, "sign in to AWS"},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			test.setUp(t)
			err := aws.SignIn()(newRequest(t, test.address), []byte(body))
			failed := (*model.Error)(nil)
			if !errors.As(err, &failed) || failed.Code != model.CodeAuthFailed || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error has the secret: %v", err)
			}
		})
	}
}

func TestAnIdentityServesManyRequests(t *testing.T) {
	isolate(t)
	var asked atomic.Int32
	serveContainer(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		writeContainer(w)
	})
	sign := aws.SignIn()
	var running sync.WaitGroup
	for range 32 {
		running.Go(func() {
			request := newRequest(t, address)
			if err := sign(request, []byte(body)); err != nil {
				t.Error(err)
				return
			}
			verify(t, request, "eu-west-1")
		})
	}
	running.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("the container was asked %d times", n)
	}
}

// serveContainer serves the credentials of a container's role, or another answer.
func serveContainer(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	if answer == nil {
		answer = func(w http.ResponseWriter, _ *http.Request) { writeContainer(w) }
	}
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.URL+"/role")
}

func writeContainer(w io.Writer) {
	fmt.Fprintf(w, `{"AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q,"Expiration":%q}`,
		keyID, secret, token, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

// verify checks a signature as a server does.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func verify(t *testing.T, request *http.Request, region string) {
	t.Helper()
	date := request.Header.Get("X-Amz-Date")
	scope := fmt.Sprintf("%.8s/%s/bedrock/aws4_request", date, region)
	_, fields, _ := strings.Cut(request.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	given := make(map[string]string)
	for field := range strings.SplitSeq(fields, ", ") {
		name, value, _ := strings.Cut(field, "=")
		given[name] = value
	}
	if given["Credential"] != keyID+"/"+scope {
		t.Errorf("signed by %s, want the scope %s", given["Credential"], scope)
	}
	var headers strings.Builder
	for name := range strings.SplitSeq(given["SignedHeaders"], ";") {
		value := request.Header.Get(name)
		switch name {
		case "host":
			value = request.URL.Host
		case "content-length":
			value = fmt.Sprint(len(body))
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, value)
	}
	var path []string
	for segment := range strings.SplitSeq(request.URL.EscapedPath(), "/") {
		path = append(path, url.QueryEscape(segment)) // once more than it is in the address
	}
	canonical := strings.Join([]string{http.MethodPost, strings.Join(path, "/"), "", headers.String(), given["SignedHeaders"], sum(body)}, "\n")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", date, scope, sum(canonical)}, "\n")
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	if got := hex.EncodeToString(mac(key, toSign)); got != given["Signature"] {
		t.Errorf("the signature is %s, want %s", given["Signature"], got)
	}
}

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, text)
	return h.Sum(nil)
}
