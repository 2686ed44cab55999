package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
)

// door is a front door, with its limits.
type door struct {
	lambdaapi.Door
	name string
	// buffered sets COPILOTKIT_LAMBDA_RESPONSE.
	buffered bool
	// singleValues is set where there is one value per header and query parameter.
	singleValues bool
	// decodesPath is set where the path is decoded.
	decodesPath bool
	// hidesClient is set where events have no address of the client.
	hidesClient bool
}

var doors = []door{
	{name: "a streaming Function URL", Door: lambdaapi.FunctionURL{Streaming: true}},
	{name: "a streaming REST API", Door: lambdaapi.RESTAPI{Streaming: true}},
	{name: "a buffered Function URL", Door: lambdaapi.FunctionURL{}, buffered: true},
	{name: "a buffered REST API", Door: lambdaapi.RESTAPI{}, buffered: true},
	{name: "an HTTP API", Door: lambdaapi.HTTPAPI{}, decodesPath: true},
	{name: "an HTTP API with a stage", Door: lambdaapi.HTTPAPI{Stage: "v1"}, decodesPath: true},
	{name: "a load balancer", Door: lambdaapi.ALB{}, singleValues: true, hidesClient: true},
	{name: "a load balancer with multiple values", Door: lambdaapi.ALB{MultiValue: true}, hidesClient: true},
}

// streaming reports whether answers pass through as they come.
func (d door) streaming() bool { return !d.buffered && !d.decodesPath && !d.hidesClient }

func (d door) config() lambdaapi.Config {
	if d.buffered {
		return lambdaapi.Config{Env: []string{"COPILOTKIT_LAMBDA_RESPONSE=buffered"}}
	}
	return lambdaapi.Config{}
}

func TestRequestsComeThroughEveryDoorIntact(t *testing.T) {
	binary := []byte{0, 1, 0xff, 0xfe, 'a'}
	for _, door := range doors {
		t.Run(door.name, func(t *testing.T) {
			function, _ := newTestFunction(t, door.config())
			url := serveDoor(t, function, door)
			request, err := http.NewRequest("PATCH", url+"/v2/caf%C3%A9/a%20b%3Fc/100%25?name=one&name=two&plus=a%2Bb+c&empty=", bytes.NewReader(binary))
			if err != nil {
				t.Fatal(err)
			}
			request.Header = http.Header{
				"Cookie":        {"session=s1; theme=dark"},
				"X-Twice":       {"first", "second"},
				"X-Json":        {`{"a": 1, "b": [2, 3]}`},
				"Authorization": {"Bearer abc,def"},
				"Content-Type":  {"application/octet-stream"},
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			var seen echo
			if err := json.NewDecoder(response.Body).Decode(&seen); err != nil {
				t.Fatal(err)
			}

			if seen.Method != "PATCH" {
				t.Errorf("the method is %q", seen.Method)
			}
			if want := "/v2/café/a b?c/100%"; seen.Path != want {
				t.Errorf("the path is %q, want %q", seen.Path, want)
			}
			if want := "/v2/caf%C3%A9/a%20b%3Fc/100%25"; seen.RawPath != want {
				t.Errorf("the escaped path is %q, want %q", seen.RawPath, want)
			}
			if got := seen.Query["plus"]; len(got) != 1 || got[0] != "a+b c" {
				t.Errorf("a query value with plus and space is %q", got)
			}
			if got := seen.Query["empty"]; len(got) != 1 || got[0] != "" {
				t.Errorf("an empty query value is %q", got)
			}
			names := []string{"one", "two"}
			if door.singleValues {
				names = []string{"two"}
			}
			if got := seen.Query["name"]; !slices.Equal(got, names) {
				t.Errorf("the query's values are %q, want %q", got, names)
			}
			if seen.Cookies["session"] != "s1" || seen.Cookies["theme"] != "dark" {
				t.Errorf("the cookies are %v", seen.Cookies)
			}
			twice := "first,second"
			if door.singleValues {
				twice = "second"
			}
			if got := strings.Join(seen.Header["X-Twice"], ","); got != twice {
				t.Errorf("a header that was sent twice is %q, want %q", got, twice)
			}
			for name, want := range map[string]string{"X-Json": `{"a": 1, "b": [2, 3]}`, "Authorization": "Bearer abc,def"} {
				if got := seen.Header[name]; len(got) != 1 || got[0] != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if want := strings.TrimPrefix(url, "http://"); seen.Host != want {
				t.Errorf("the host is %q, want %q", seen.Host, want)
			}
			if seen.RemoteAddr != "127.0.0.1" {
				t.Errorf("the client's address is %q", seen.RemoteAddr)
			}
			if !bytes.Equal(seen.Body, binary) {
				t.Errorf("the body is %q, want %q", seen.Body, binary)
			}
			if seen.Remaining < 40*time.Second || seen.Remaining > time.Minute {
				t.Errorf("the deadline is %v away, want what is left of a minute", seen.Remaining)
			}

			if response.StatusCode != http.StatusTeapot {
				t.Errorf("the status is %d", response.StatusCode)
			}
			cookies := []string{"a=1; Path=/", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"}
			if door.singleValues {
				cookies = cookies[1:]
			}
			if got := response.Header["Set-Cookie"]; !slices.Equal(got, cookies) {
				t.Errorf("the cookies that were set are %q, want %q", got, cookies)
			}
			if got := strings.Join(response.Header["Vary"], ","); got != "Origin,Accept" {
				t.Errorf("Vary is %q", got)
			}
		})
	}
}

func TestAnswersComeThroughEveryDoorIntact(t *testing.T) {
	answers := []struct{ name, path, want string }{
		{"bytes that aren't text", "/binary", "\xff\x00\xfe"},
		{"an answer of nothing", "/nothing", ""},
		{"writes of nothing", "/empty-writes", "ab"},
	}
	for _, door := range doors {
		t.Run(door.name, func(t *testing.T) {
			function, _ := newTestFunction(t, door.config())
			url := serveDoor(t, function, door)
			for _, answer := range answers {
				t.Run(answer.name, func(t *testing.T) {
					status, body := get(t, url+answer.path)
					if status != http.StatusOK || body != answer.want {
						t.Errorf("got %d %q, want 200 %q", status, body, answer.want)
					}
				})
			}
		})
	}
}

func TestAPanicIsAnErrorAndTheInstanceGoesOn(t *testing.T) {
	for _, door := range doors {
		t.Run(door.name, func(t *testing.T) {
			function, log := newTestFunction(t, door.config())
			url := serveDoor(t, function, door)
			status, body := get(t, url+"/panic")
			if status != http.StatusInternalServerError || !regexp.MustCompile(`^{"error":"internal_error","requestId":"[^"]+"}$`).MatchString(body) {
				t.Errorf("got %d %s, want 500 and nothing of the cause", status, body)
			}
			log.Await(t, "a secret of the handler's")

			if !door.streaming() {
				status, body = get(t, url+"/late-panic")
				if status != http.StatusInternalServerError || strings.Contains(body, "begun") {
					t.Errorf("got %d %s, want 500 instead of half an answer", status, body)
				}
			} else if response, err := http.Get(url + "/late-panic"); err != nil {
				t.Error(err)
			} else {
				body, err := io.ReadAll(response.Body)
				if err == nil || string(body) != "begun" {
					t.Errorf("got %q and %v, want the beginning and a broken connection", body, err)
				}
				_ = response.Body.Close()
			}
			if status, _ := get(t, url+"/nothing"); status != http.StatusOK {
				t.Errorf("the request after it has status %d", status)
			}
			if got := len(function.Instances()); got != 1 {
				t.Errorf("%d instances were needed, want one for all", got)
			}
		})
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}
