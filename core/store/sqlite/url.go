package sqlite

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/store/internal/retention"
)

// settings are what a store's URL says.
type settings struct {
	path        string
	limits      retention.Limits
	busyTimeout time.Duration
	// mustExist is set if a file that isn't there is an error.
	mustExist bool
}

func parseURL(raw string) (settings, error) {
	set := settings{busyTimeout: 5 * time.Second}
	u, err := url.Parse(raw)
	if err != nil {
		return set, fmt.Errorf("sqlite URL: %w", err)
	}
	// sqlite:///a/b.db is absolute; sqlite://b.db is relative.
	set.path = filepath.FromSlash(u.Host + u.Path)
	if u.Scheme != "sqlite" || set.path == "" || strings.HasSuffix(set.path, string(filepath.Separator)) {
		return set, errors.New("sqlite URL: want sqlite:///path/file.db")
	}
	query := u.Query()
	if set.limits, err = retention.Take(query); err != nil {
		return set, err
	}
	if query.Has("busy_timeout") {
		value := query.Get("busy_timeout")
		if set.busyTimeout, err = time.ParseDuration(value); err != nil || set.busyTimeout < 0 {
			return set, fmt.Errorf("busy_timeout: %q is not a duration, like 5s", value)
		}
		query.Del("busy_timeout")
	}
	if query.Has("create") {
		switch value := query.Get("create"); value {
		case "true", "false":
			set.mustExist = value == "false"
		default:
			return set, fmt.Errorf("create: %q is neither true nor false", value)
		}
		query.Del("create")
	}
	for name := range query {
		return set, fmt.Errorf("sqlite URL: unknown parameter %q", name)
	}
	return set, nil
}

// dsn returns the driver's name of the file, with more parameters.
func (set settings) dsn(parameters string) string {
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: set.path}).EscapedPath()}
	file.RawQuery = fmt.Sprintf("_busy_timeout=%d&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)&%s",
		set.busyTimeout.Milliseconds(), parameters)
	return file.String()
}
