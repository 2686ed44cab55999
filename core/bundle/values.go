package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/copilotkit-go/runtime/core"
)

// oneOf returns the set function of a variable with two values, off and on.
func oneOf(field func(*Settings) *bool, off, on string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		if value != off && value != on {
			return fmt.Errorf("%q is neither %s nor %s", value, off, on)
		}
		*field(s) = value == on
		return nil
	}
}

// wholeNumber returns a function that sets a number within bounds.
func wholeNumber(field func(*Settings) *int, least, most int) func(*Settings, string) error {
	return func(s *Settings, value string) (err error) {
		*field(s), err = parseInt(value, least, most)
		return err
	}
}

func setStore(s *Settings, value string) error {
	if value == "memory" {
		return nil
	}
	address, err := parseURL(value)
	if err != nil || address.Scheme == "" {
		return errors.New("neither memory nor an address such as redis://host:6379, postgres://host/database or sqlite:///path/file.db")
	}
	s.Store = SecretURL{*address}
	return nil
}

func setBasePath(s *Settings, value string) error {
	switch {
	case !strings.HasPrefix(value, "/"):
		return fmt.Errorf("%q must start with a slash", value)
	case strings.ContainsAny(value, "?#"):
		return fmt.Errorf("%q must only be a path", value)
	case strings.ContainsAny(value, "{}"):
		return fmt.Errorf("%q must not have braces, which mean something else to routers", value)
	case path.Clean(value) != cmp.Or(strings.TrimRight(value, "/"), "/"):
		return fmt.Errorf("%q must not have empty segments, . or .., which servers and clients take out", value)
	}
	s.BasePath = value
	return checkPrintable(value)
}

func setOrigins(s *Settings, value string) error {
	switch value {
	case "*":
		s.CORSOrigins = []string{"*"}
		return nil
	case "off":
		return nil
	}
	for origin := range strings.SplitSeq(value, ",") {
		origin = strings.TrimSpace(origin)
		if origin == core.LoopbackOrigins {
			s.CORSOrigins = append(s.CORSOrigins, origin)
			continue
		}
		address, err := parseHTTPURL(origin)
		if err != nil || address.Scheme+"://"+address.Host != origin {
			return fmt.Errorf("%q is not an origin such as https://app.example.com; the value is *, off, loopback, or origins with commas between them", origin)
		}
		s.CORSOrigins = append(s.CORSOrigins, origin)
	}
	return nil
}

func setDrain(s *Settings, value string) error {
	seconds, err := parseInt(value, 0, 3600)
	s.Drain = time.Duration(seconds) * time.Second
	return err
}

func setLogLevel(s *Settings, value string) error {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[value]
	if !ok {
		return fmt.Errorf("%q is none of debug, info, warn, error", value)
	}
	s.LogLevel = level
	return nil
}

// splitList splits a list at its commas.
func splitList(value string) []string {
	items := strings.Split(value, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
	}
	return items
}

// parseInt parses a whole number in a range.
func parseInt(value string, least, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%q is not a whole number from %d to %d", value, least, most)
	}
	return n, nil
}

// parseHTTPURL parses an absolute http or https address. Its error doesn't quote the
// address, which may hold a password.
func parseHTTPURL(value string) (*url.URL, error) {
	address, err := parseURL(value)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Hostname() == "" {
		return nil, errors.New("not an address that starts with http:// or https://")
	}
	return address, nil
}

// parseURL parses an address without white space.
func parseURL(value string) (*url.URL, error) {
	if err := checkPrintable(value); err != nil {
		return nil, err
	}
	return url.Parse(value)
}

// checkPrintable refuses white space, which gets into a value by accident. Its error
// doesn't quote the value.
func checkPrintable(value string) error {
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return errors.New("there is white space or a control character in it")
	}
	return nil
}
