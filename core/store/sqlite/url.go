package sqlite

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// settings are what a store's URL says.
type settings struct {
	path        string
	retention   time.Duration
	maxRuns     int64
	busyTimeout time.Duration
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
	for name, values := range u.Query() {
		value := values[len(values)-1]
		switch name {
		case "retention":
			set.retention, err = time.ParseDuration(value)
			if err != nil || set.retention != 0 && set.retention < time.Minute {
				return set, fmt.Errorf("retention: %q is not a duration of a minute or more, like 720h", value)
			}
		case "max-runs":
			if set.maxRuns, err = strconv.ParseInt(value, 10, 64); err != nil || set.maxRuns < 0 {
				return set, fmt.Errorf("max-runs: %q is not a number of runs", value)
			}
		case "busy_timeout":
			if set.busyTimeout, err = time.ParseDuration(value); err != nil || set.busyTimeout < 0 {
				return set, fmt.Errorf("busy_timeout: %q is not a duration, like 5s", value)
			}
		default:
			return set, fmt.Errorf("sqlite URL: unknown parameter %q", name)
		}
	}
	return set, nil
}

// dsn is the driver's name of the file, with more parameters.
func (set settings) dsn(parameters string) string {
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: set.path}).EscapedPath()}
	file.RawQuery = fmt.Sprintf("_busy_timeout=%d&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)&%s",
		set.busyTimeout.Milliseconds(), parameters)
	return file.String()
}
