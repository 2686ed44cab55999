package integration

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

const audience = "https://copilot.test"

// provider is a real OpenID Connect provider.
type provider struct{ *platformtest.Deployment }

func startProvider(t *testing.T) provider {
	t.Helper()
	program := platformtest.Tool(t, "../..", "oidc/provider.mjs")
	platformtest.Tool(t, "../..", "oidc/node_modules")
	return provider{platformtest.StartServer(t, filepath.Dir(program), program, freeport.Take(t), nil)}
}

// token returns the headers of a request with a token for an audience. The client's name
// is the algorithm that signs it.
func (p provider) token(t *testing.T, client, audience, scope string) http.Header {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {audience}}
	if scope != "" {
		form.Set("scope", scope)
	}
	request, err := http.NewRequestWithContext(t.Context(), "POST", p.URL+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(client, "secret")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		t.Fatalf("the provider gives no token: %d %v\n%s", response.StatusCode, err, p.Log)
	}
	return http.Header{"Authorization": {"Bearer " + answer.AccessToken}, "Content-Type": {"application/json"}}
}

func (p provider) rotate(t *testing.T) { p.Do(t, "POST", "/test/rotate", "", nil) }

func (p provider) answers(t *testing.T, how string) {
	p.Do(t, "POST", "/test/answers?how="+how, "", nil)
}

func (p provider) env(more ...string) []string {
	return append([]string{
		"COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_ISSUER=" + p.URL, "COPILOTKIT_OIDC_AUDIENCE=" + audience, "COPILOTKIT_MODEL=demo",
	}, more...)
}

func TestUsersOfARealProvider(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	for name, start := range map[string]func(*testing.T, []string) *platformtest.Deployment{"server": startServer, "function": startFunction} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The function's requests may reach several instances.
			d := start(t, p.env("COPILOTKIT_OIDC_SCOPES=chat", "COPILOTKIT_STORE="+redistest.Start(t).URL()))
			users := map[string]http.Header{}
			for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
				header := p.token(t, algorithm, audience, "chat")
				users[algorithm] = header
				run := d.Do(t, "POST", runPath, platformtest.RunInput("of "+algorithm, "hi"), header)
				if run.Status != http.StatusOK || !strings.Contains(string(run.Body), "RUN_FINISHED") {
					t.Fatalf("with a token of %s a run answers %d %s", algorithm, run.Status, run.Body)
				}
			}
			for algorithm, header := range users {
				var listed struct{ Threads []struct{ ID string } }
				d.Do(t, "GET", platformtest.BasePath+"/threads?agentId=default", "", header).JSON(t, http.StatusOK, &listed)
				if len(listed.Threads) != 1 || listed.Threads[0].ID != "of "+algorithm {
					t.Errorf("%s sees the threads %v", algorithm, listed.Threads)
				}
			}
			for what, test := range map[string]struct {
				header http.Header
				status int
			}{
				"no token":                    {jsonHeader, http.StatusUnauthorized},
				"a token for another service": {p.token(t, "ES256", "https://other.test", "chat"), http.StatusUnauthorized},
				"a token without the scope":   {p.token(t, "ES256", audience, ""), http.StatusForbidden},
				"the provider's metadata":     {http.Header{"Authorization": {"Bearer " + p.URL}}, http.StatusUnauthorized},
			} {
				got := d.Do(t, "GET", platformtest.BasePath+"/info", "", test.header)
				if got.Status != test.status || got.Header.Get("Www-Authenticate") == "" {
					t.Errorf("%s: got %d %v %s", what, got.Status, got.Header, got.Body)
				}
			}
			for algorithm, header := range users {
				if token := strings.TrimPrefix(header.Get("Authorization"), "Bearer "); strings.Contains(d.Log.String(), token) {
					t.Errorf("the log has the token of %s", algorithm)
				}
			}
		})
	}
}

func TestAProviderThatRotatesItsKeysAndFails(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	d := startServer(t, p.env())
	info := func(header http.Header) *platformtest.Response {
		t.Helper()
		return d.Do(t, "GET", platformtest.BasePath+"/info", "", header)
	}
	expect := func(when string, header http.Header, status int) {
		t.Helper()
		if got := info(header); got.Status != status {
			t.Fatalf("%s: got %d %s, want %d\n%s", when, got.Status, got.Body, status, d.Log)
		}
	}
	before := p.token(t, "ES256", audience, "")
	p.answers(t, "not-at-all")
	expect("before the provider has ever answered", before, http.StatusServiceUnavailable)
	p.answers(t, "normal")
	eventually(t, "the provider is tried again", func() *platformtest.Response { return info(before) })

	p.rotate(t)
	after := p.token(t, "EdDSA", audience, "")
	expect("after a rotation", after, http.StatusOK)
	expect("after the rotation, with a key that is gone", before, http.StatusUnauthorized)

	p.rotate(t)
	p.answers(t, "slowly")
	newest := p.token(t, "RS256", audience, "")
	expect("while the provider is slow, with a known key", after, http.StatusOK)
	expect("while the provider is slow, with a new key", newest, http.StatusServiceUnavailable)
	p.answers(t, "not-at-all")
	expect("while the provider is down, with a known key", after, http.StatusOK)
	expect("while the provider is down, with a new key", newest, http.StatusServiceUnavailable)
	p.answers(t, "normal")
	eventually(t, "the keys are fetched again", func() *platformtest.Response { return info(newest) })
}

// eventually asks again as long as it is told to, until the answer is 200.
func eventually(t *testing.T, what string, ask func() *platformtest.Response) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		answer := ask()
		if answer.Status == http.StatusOK {
			return
		}
		seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
		if answer.Status != http.StatusServiceUnavailable || err != nil || time.Now().After(deadline) {
			t.Fatalf("%s: got %d %v %s", what, answer.Status, answer.Header, answer.Body)
		}
		time.Sleep(time.Duration(seconds) * time.Second)
	}
}
