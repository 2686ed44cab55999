package managed_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence/managed"
)

const secret = "cpk-7_a-secret-key"

func TestAddressesOfTheGateway(t *testing.T) {
	for _, test := range []struct{ name, api, ws, want, warning string }{
		{"by default", "", "", "wss://realtime.intelligence.copilotkit.ai/client", ""},
		{"blank is by default", " ", "\t", "wss://realtime.intelligence.copilotkit.ai/client", ""},
		{"an address", "https://api.example.com/", " wss://ws.example.com/ ", "wss://ws.example.com/client", ""},
		{"with a path", "https://example.com/api", "wss://example.com/ws", "wss://example.com/ws/client", ""},
		{"of the runner", "https://example.com", "wss://example.com/ws/runner/", "wss://example.com/ws/client", ""},
		{"of the client", "https://example.com", "wss://example.com/client", "wss://example.com/client", ""},
		{"of channels", "https://example.com", "wss://example.com/channels", "wss://example.com/client", ""},
		{"with HTTP's scheme", "https://example.com", "https://example.com", "wss://example.com/client", ""},
		{"on this machine", "http://localhost:4201", "ws://127.0.0.1:4401", "ws://127.0.0.1:4401/client", ""},
		{"without encryption", "http://app-api:4201", "ws://realtime:4401", "ws://realtime:4401/client", "without encryption"},
		{"only the API's is set", "https://example.com", "", "wss://realtime.intelligence.copilotkit.ai/client", "only one"},
		{"only the gateway's is set", "", "wss://example.com", "wss://example.com/client", "only one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log strings.Builder
			p, err := managed.New(managed.Options{APIKey: secret, APIURL: test.api, WSURL: test.ws, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if got := p.ClientURL(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if (test.warning == "") != (log.Len() == 0) || !strings.Contains(log.String(), test.warning) || strings.Contains(log.String(), secret) {
				t.Errorf("logged %q", log.String())
			}
		})
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*managed.Options)
		want   string
	}{
		"no key":                       {func(o *managed.Options) { o.APIKey = "" }, "CPK_INTELLIGENCE_API_KEY"},
		"a blank key":                  {func(o *managed.Options) { o.APIKey = " \n" }, "CPK_INTELLIGENCE_API_KEY"},
		"a key with a line break":      {func(o *managed.Options) { o.APIKey = secret + "\n" }, "line break"},
		"no URL":                       {func(o *managed.Options) { o.APIURL = "example.com" }, "APIURL must begin with https:// or http://"},
		"another scheme":               {func(o *managed.Options) { o.WSURL = "ftp://example.com" }, "WSURL must begin with wss:// or ws://"},
		"an API by WebSocket":          {func(o *managed.Options) { o.APIURL = "wss://example.com" }, "APIURL must begin"},
		"no host":                      {func(o *managed.Options) { o.APIURL = "https:///a" }, "names no host"},
		"a user":                       {func(o *managed.Options) { o.APIURL = "https://u:" + secret + "@example.com" }, "must not have a user"},
		"a query":                      {func(o *managed.Options) { o.WSURL = "wss://example.com?key=" + secret }, "must not have"},
		"a fragment":                   {func(o *managed.Options) { o.WSURL = "wss://example.com#a" }, "must not have"},
		"what can't be parsed":         {func(o *managed.Options) { o.APIURL = "https://" + secret + "\x7f" }, "is not a URL"},
		"negative times":               {func(o *managed.Options) { o.RejoinMax = -1 }, "can't be negative"},
		"locks that aren't renewed":    {func(o *managed.Options) { o.LockTTL, o.LockHeartbeat = 10*time.Second, 15*time.Second }, "must be less than LockTTL"},
		"times beyond what is allowed": {func(o *managed.Options) { o.LockTTL, o.LockHeartbeat = 2*time.Minute, 2*time.Hour }, "must be less than LockTTL"},
	} {
		t.Run(name, func(t *testing.T) {
			options := managed.Options{APIKey: secret, APIURL: "https://example.com", WSURL: "wss://example.com", Logger: slog.New(slog.DiscardHandler)}
			test.change(&options)
			p, err := managed.New(options)
			if err == nil {
				p.Close()
				t.Fatal("it was accepted")
			}
			if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v", err)
			}
		})
	}
}
