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

	"github.com/copilotkit-go/runtime/core/store/internal/retention"
)

const (
	// defaultTimeout is short enough that a request gets its 503 while somebody
	// still waits for it.
	defaultTimeout = 2 * time.Second
	// defaultConnMaxIdleTime is for function instances that were frozen: their old
	// connections are likely gone without a sign.
	defaultConnMaxIdleTime = time.Minute
	// protocol is the older one, which every compatible server speaks, and whose
	// handshake is a single round trip.
	protocol = 2
)

// settings are what a store's URL says.
type settings struct {
	prefix  string
	limits  retention.Limits
	cluster bool
}

// parseURL takes this package's parameters out of the URL, and leaves the rest to
// the driver. Its errors don't quote the URL, which may hold a password.
func parseURL(raw string) (settings, goredis.UniversalClient, error) {
	set := settings{prefix: "copilotkit:"}
	u, err := url.Parse(raw)
	if err != nil {
		return set, nil, withoutURL(err)
	}
	query := u.Query()
	for name := range query {
		// Nor the rest of a password that has a question mark, which goes up to the host.
		if strings.ContainsAny(name, "@:/") {
			return set, nil, errors.New("there is a name of an option that can't be one: a ? in a password is written %3F")
		}
	}
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
	if set.limits, err = retention.Take(query); err != nil {
		return set, nil, err
	}
	if value, found := take("cluster"); found {
		if set.cluster, err = strconv.ParseBool(value); err != nil {
			return set, nil, fmt.Errorf("cluster: %q is neither true nor false", value)
		}
	}
	ca, _ := take("ca")
	if err := checkSizes(query); err != nil {
		return set, nil, err
	}
	u.RawQuery = query.Encode()
	client, err := newClient(u, set.cluster, ca)
	return set, client, err
}

const (
	maxConnections = 1 << 16
	maxBufferSize  = 16 << 20
)

// checkSizes refuses numbers that the driver would panic at, or run out of memory.
func checkSizes(query url.Values) error {
	for name, values := range query {
		limit := maxConnections
		switch {
		case strings.HasSuffix(name, "_buffer_size"):
			limit = maxBufferSize
		case strings.HasSuffix(name, "_size"), strings.HasSuffix(name, "_conns"), strings.HasSuffix(name, "_dials"):
		default:
			continue
		}
		for _, value := range values {
			if n, err := strconv.Atoi(value); err == nil && (n < 0 || n > limit) {
				return fmt.Errorf("%s: %d is not from 0 to %d", name, n, limit)
			}
		}
	}
	return nil
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
		o.Protocol = protocol
		o.DisableIdentity = true
		o.ContextTimeoutEnabled = true
		o.MaintNotificationsConfig = quiet
		setDefault(&o.DialTimeout, defaultTimeout)
		setDefault(&o.ReadTimeout, defaultTimeout)
		setDefault(&o.ConnMaxIdleTime, defaultConnMaxIdleTime)
		setDefault(&o.MaxRetries, 1)
		setDefault(&o.DialerRetries, 1)
		o.Dialer = newDialer(&goredis.Options{DialTimeout: o.DialTimeout, TLSConfig: o.TLSConfig})
		return goredis.NewClusterClient(o), nil
	}
	o, err := goredis.ParseURL(u.String())
	if err != nil {
		return nil, withoutURL(err)
	}
	if err := trust(o.TLSConfig, ca); err != nil {
		return nil, err
	}
	o.Protocol = protocol
	o.DisableIdentity = true
	o.ContextTimeoutEnabled = true
	o.MaintNotificationsConfig = quiet
	setDefault(&o.DialTimeout, defaultTimeout)
	setDefault(&o.ReadTimeout, defaultTimeout)
	setDefault(&o.ConnMaxIdleTime, defaultConnMaxIdleTime)
	setDefault(&o.MaxRetries, 1)
	setDefault(&o.DialerRetries, 1)
	o.Dialer = newDialer(o)
	return goredis.NewClient(o), nil
}

// trust makes config trust the certificates in file instead of the system's.
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

// setDefault sets an option that the URL left out.
func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// withoutURL returns err without what it quotes of the URL: a part that can't be
// parsed may be a part of the password.
func withoutURL(err error) error {
	if _, parsing := errors.AsType[*url.Error](err); parsing {
		return errors.New("not a valid URL")
	}
	text := strings.TrimPrefix(err.Error(), "redis: ")
	for _, what := range []string{"invalid database number", "invalid URL path", "invalid URL scheme"} {
		if strings.HasPrefix(text, what) {
			return errors.New(what) // without what it quotes
		}
	}
	return errors.New(text)
}
