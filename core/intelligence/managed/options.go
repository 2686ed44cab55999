package managed

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Where the platform is, unless options say otherwise: the API and the gateway have hosts
// of their own.
const (
	DefaultAPIURL = "https://api.intelligence.copilotkit.ai"
	DefaultWSURL  = "wss://realtime.intelligence.copilotkit.ai"
)

// Options say which project it is, and how patient to be. Only APIKey must be set.
type Options struct {
	// APIKey is the project's key. It is sent as it is.
	APIKey string
	// APIURL is where HTTP calls go. If empty, defaults to [DefaultAPIURL].
	APIURL string
	// WSURL is the gateway, to which browsers connect, too: with ws, wss, or http and https
	// in their place. If empty, defaults to [DefaultWSURL]. A warning is logged if only one
	// of the two is set: then one half of a platform is another's.
	WSURL string
	// ReconnectMax is the longest pause between attempts to reach the gateway again. If
	// zero, defaults to 10 s.
	ReconnectMax time.Duration
	// RejoinMax is the longest pause between attempts to join a run's channel again. If
	// zero, defaults to 30 s.
	RejoinMax time.Duration
	// LockTTL is how long a thread's lock holds without being renewed, in whole seconds: a
	// fraction counts as one. If zero, defaults to 20 s; more than an hour is an hour.
	LockTTL time.Duration
	// LockHeartbeat is how often the lock is renewed, which must be less than LockTTL. If
	// zero, defaults to three quarters of LockTTL; more than 50 minutes are 50 minutes.
	LockHeartbeat time.Duration
	// LockKeyPrefix sets the locks of one deployment apart from those of others that use
	// the same project. If empty, the platform's own.
	LockKeyPrefix string
	// HTTPClient makes the HTTP calls, and its Transport connects to the gateway, without
	// redirects. If nil, or if it has no Transport, the platform isn't connected to at
	// link-local addresses and those of a cloud's metadata, unless APIURL or WSURL has one
	// as its host.
	HTTPClient *http.Client
	// Logger gets what callers aren't told. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// The longest times that the platform accepts.
const (
	maxLockTTL       = time.Hour
	maxLockHeartbeat = 50 * time.Minute
)

// withDefaults returns the options with all that was left out, or what is wrong with them.
func (o Options) withDefaults() (Options, error) {
	if strings.TrimSpace(o.APIKey) == "" {
		return o, errors.New("the API key is missing: set APIKey, or CPK_INTELLIGENCE_API_KEY in the environment")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.APIURL, o.WSURL = strings.TrimSpace(o.APIURL), strings.TrimSpace(o.WSURL)
	if (o.APIURL == "") != (o.WSURL == "") {
		o.Logger.Warn("only one of the intelligence platform's two addresses is set: the other is the default's")
	}
	if o.APIURL == "" {
		o.APIURL = DefaultAPIURL
	}
	if o.WSURL == "" {
		o.WSURL = DefaultWSURL
	}
	if min(o.ReconnectMax, o.RejoinMax, o.LockTTL, o.LockHeartbeat) < 0 {
		return o, errors.New("times can't be negative")
	}
	if o.ReconnectMax == 0 {
		o.ReconnectMax = 10 * time.Second
	}
	if o.RejoinMax == 0 {
		o.RejoinMax = 30 * time.Second
	}
	if o.LockTTL == 0 {
		o.LockTTL = 20 * time.Second
	}
	o.LockTTL = min((o.LockTTL + time.Second - 1).Truncate(time.Second), maxLockTTL)
	if o.LockHeartbeat == 0 {
		o.LockHeartbeat = o.LockTTL / 4 * 3
	}
	o.LockHeartbeat = min(o.LockHeartbeat, maxLockHeartbeat)
	if o.LockHeartbeat >= o.LockTTL {
		return o, fmt.Errorf("LockHeartbeat (%v) must be less than LockTTL (%v): a lock that isn't renewed in time is lost", o.LockHeartbeat, o.LockTTL)
	}
	return o, nil
}

// parseURL parses an address with one of two schemes, of which the first is without
// encryption. Those of HTTP and WebSocket stand for each other. Its errors don't quote it.
func parseURL(text string, schemes ...string) (*url.URL, error) {
	parsed, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil {
		return nil, errors.New("is not a URL")
	}
	if rest, ok := strings.CutPrefix(parsed.Scheme, "http"); ok && schemes[0] == "ws" {
		parsed.Scheme = "ws" + rest
	}
	switch {
	case !slices.Contains(schemes, parsed.Scheme):
		return nil, fmt.Errorf("must begin with %s:// or %s://", schemes[1], schemes[0])
	case parsed.Host == "":
		return nil, errors.New("names no host")
	case parsed.User != nil, parsed.RawQuery != "", parsed.ForceQuery, parsed.Fragment != "":
		return nil, errors.New("must not have a user, a query or a fragment")
	}
	return parsed, nil
}

func encrypted(address *url.URL) bool { return strings.HasSuffix(address.Scheme, "s") }

func loopback(address *url.URL) bool {
	host := address.Hostname()
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
