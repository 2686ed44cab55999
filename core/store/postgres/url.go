package postgres

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/copilotkit-go/runtime/core/store/internal/retention"
)

const (
	defaultSchema = "copilotkit"
	// defaultPool is few: an instance of a function answers one request at a time, and
	// there are many instances. A statement takes a millisecond.
	defaultPool, maxPool = 2, 1000
	// defaultConnectTimeout is short enough that a request gets its 503 while somebody
	// still waits for it.
	defaultConnectTimeout = 5 * time.Second
)

// settings are what a store's URL says.
type settings struct {
	names  names
	limits retention.Limits
	pool   int
	iam    string
}

// libpq are the parameters that the driver knows as libpq does. Any other would be sent
// to the server, and refused when the first connection is made.
var libpq = map[string]bool{
	"host": true, "port": true, "user": true, "password": true, "dbname": true, "passfile": true,
	"service": true, "connect_timeout": true, "application_name": true, "options": true,
	"sslmode": true, "sslkey": true, "sslcert": true, "sslcertmode": true, "sslrootcert": true, "sslnegotiation": true,
	"sslpassword": true, "sslsni": true, "target_session_attrs": true, "channel_binding": true, "require_auth": true,
	"min_protocol_version": true, "max_protocol_version": true,
}

// parseURL takes this package's parameters out of the URL, and leaves the rest to the
// driver. Its errors don't quote the URL, which may hold a password.
func parseURL(raw string) (settings, *pgconn.Config, error) {
	set := settings{pool: defaultPool}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return set, nil, errors.New("not a valid URL: want postgres://user:password@host:5432/database, with what isn't a letter or a digit in a password written as %3F is for a question mark")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return set, nil, errors.New("not a valid URL: its parameters")
	}
	if err := set.take(query); err != nil {
		return set, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		// Nor the rest of a password that has a question mark, which goes up to the host.
		if strings.ContainsAny(name, "@:/") {
			return set, nil, errors.New("there is a name of a parameter that can't be one: a ? in a password is written %3F")
		}
		if !libpq[name] {
			return set, nil, fmt.Errorf("postgres URL: unknown parameter %q", name)
		}
	}
	u.RawQuery = query.Encode()
	config, err := pgconn.ParseConfig(u.String())
	if err != nil {
		return set, nil, withoutURL(err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = defaultConnectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "copilotkit"
	}
	return set, config, nil
}

// isIdentifier reports whether a name of at most 32 bytes needs no quotes.
func isIdentifier(name string) bool {
	for i, c := range []byte(name) {
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= 32
}

// take moves this package's parameters out of the query.
func (set *settings) take(query url.Values) (err error) {
	schema, prefix := defaultSchema, ""
	for name, value := range map[string]*string{"schema": &schema, "prefix": &prefix} {
		if !query.Has(name) {
			continue
		}
		if *value = query.Get(name); !isIdentifier(*value) {
			return fmt.Errorf("%s: %q is not a name of at most 32 lower-case letters, digits and underscores", name, *value)
		}
		query.Del(name)
	}
	set.names = newNames(schema, prefix)
	if set.limits, err = retention.Take(query); err != nil {
		return err
	}
	if query.Has("pool") {
		value := query.Get("pool")
		if set.pool, err = strconv.Atoi(value); err != nil || set.pool < 1 || set.pool > maxPool {
			return fmt.Errorf("pool: %q is not a number of connections from 1 to %d", value, maxPool)
		}
		query.Del("pool")
	}
	set.iam = query.Get("iam")
	if query.Has("iam") && set.iam == "" {
		return errors.New("iam: it has no value")
	}
	query.Del("iam")
	return nil
}

// withoutURL returns the driver's error without what it quotes of the URL.
func withoutURL(err error) error {
	failure, ok := errors.AsType[*pgconn.ParseConfigError](err)
	if !ok {
		return errors.New("not a valid URL")
	}
	text := failure.Error()
	// The driver quotes the URL between the first and the last of these.
	if _, text, ok = cutLast(text, "`: "); !ok {
		return errors.New("not a valid URL")
	}
	for _, quoting := range []string{"failed to parse", "password"} {
		if strings.Contains(text, quoting) {
			return errors.New("not a valid URL")
		}
	}
	return fmt.Errorf("postgres URL: %s", text)
}

func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}
