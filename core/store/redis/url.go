package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Short enough that a request gets its 503 while somebody still waits for it.
const (
	defaultTimeout         = 2 * time.Second
	defaultConnMaxIdleTime = time.Minute
)

// settings are what a store's URL says.
type settings struct {
	prefix    string
	retention time.Duration
	maxRuns   int64
	cluster   bool
}

// parseURL takes our own parameters out of the URL, and leaves the rest to the
// driver. Its errors don't quote the URL, which may hold a password.
func parseURL(raw string) (settings, goredis.UniversalClient, error) {
	set := settings{prefix: "copilotkit:"}
	u, err := url.Parse(raw)
	if err != nil {
		return set, nil, withoutURL(err)
	}
	query := u.Query()
	take := func(name string) (string, bool) {
		value, found := query.Get(name), query.Has(name)
		query.Del(name)
		return value, found
	}
	if value, found := take("prefix"); found {
		if strings.ContainsAny(value, "{}") {
			return set, nil, errors.New("prefix: braces would change which cluster slot a thread is in")
		}
		set.prefix = value
	}
	if value, found := take("retention"); found {
		if set.retention, err = time.ParseDuration(value); err != nil || (set.retention != 0 && set.retention < time.Minute) {
			return set, nil, fmt.Errorf("retention: %q is not a duration of a minute or more, like 720h", value)
		}
	}
	if value, found := take("max-runs"); found {
		if set.maxRuns, err = strconv.ParseInt(value, 10, 64); err != nil || set.maxRuns < 0 {
			return set, nil, fmt.Errorf("max-runs: %q is not a number of runs", value)
		}
	}
	if value, found := take("cluster"); found {
		if set.cluster, err = strconv.ParseBool(value); err != nil {
			return set, nil, fmt.Errorf("cluster: %q is neither true nor false", value)
		}
	}
	ca, _ := take("ca")
	u.RawQuery = query.Encode()
	client, err := newClient(u, set.cluster, ca)
	return set, client, err
}

func newClient(u *url.URL, cluster bool, ca string) (goredis.UniversalClient, error) {
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if cluster {
		o, err := goredis.ParseClusterURL(u.String())
		if err != nil {
			return nil, withoutURL(err)
		}
		if err := trust(o.TLSConfig, ca); err != nil {
			return nil, err
		}
		o.Protocol = 2
		o.DisableIdentity = true
		o.ContextTimeoutEnabled = true
		o.MaintNotificationsConfig = quiet
		orDefault(&o.DialTimeout, defaultTimeout)
		orDefault(&o.ReadTimeout, defaultTimeout)
		orDefault(&o.ConnMaxIdleTime, defaultConnMaxIdleTime)
		orDefault(&o.MaxRetries, 1)
		orDefault(&o.DialerRetries, 1)
		return goredis.NewClusterClient(o), nil
	}
	o, err := goredis.ParseURL(u.String())
	if err != nil {
		return nil, withoutURL(err)
	}
	if err := trust(o.TLSConfig, ca); err != nil {
		return nil, err
	}
	// The older protocol is the one that every compatible server speaks, and the
	// handshake is a single round trip.
	o.Protocol = 2
	o.DisableIdentity = true
	o.ContextTimeoutEnabled = true
	o.MaintNotificationsConfig = quiet
	orDefault(&o.DialTimeout, defaultTimeout)
	orDefault(&o.ReadTimeout, defaultTimeout)
	// A function instance may have been frozen for long: its old connections are
	// likely gone without a sign.
	orDefault(&o.ConnMaxIdleTime, defaultConnMaxIdleTime)
	orDefault(&o.MaxRetries, 1)
	orDefault(&o.DialerRetries, 1)
	return goredis.NewClient(o), nil
}

// trust makes the certificates in a file those that may vouch for the server.
func trust(config *tls.Config, file string) error {
	if file == "" {
		return nil
	}
	if config == nil {
		return errors.New("ca: only a rediss URL has certificates to check")
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("ca: no certificate in %s", file)
	}
	return nil
}

func orDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// withoutURL keeps what an error says, but not of the URL: a part that can't be
// parsed may be a part of the password.
func withoutURL(err error) error {
	if _, parsing := errors.AsType[*url.Error](err); parsing {
		return errors.New("not a valid URL")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "redis: "))
}
