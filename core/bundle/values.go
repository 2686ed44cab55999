package bundle

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// setInt returns the set function of a variable that is a whole number in a range.
func setInt[T int | int64](field func(*Settings) *T, least, most int) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		n, err := parseInt(value, least, most)
		*field(s) = T(n)
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

func setLogLevel(s *Settings, value string) error {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[value]
	if !ok {
		return fmt.Errorf("%q is none of debug, info, warn, error", value)
	}
	s.LogLevel = level
	return nil
}

// longestKeepAlive is the reference's: what timers in JavaScript can wait.
const longestKeepAlive = 2147483647 * time.Millisecond

func setKeepAlive(s *Settings, value string) error {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || seconds != 0 && !(seconds >= 0.001 && seconds <= longestKeepAlive.Seconds()) {
		return fmt.Errorf("%q is neither 0 nor a number of seconds from 0.001 to %v", value, longestKeepAlive.Seconds())
	}
	s.KeepAlive = time.Duration(seconds * float64(time.Second))
	return nil
}

func setDebug(s *Settings, value string) error {
	if value == "off" {
		return nil
	}
	options := struct {
		Events    bool `json:"events"`
		Lifecycle bool `json:"lifecycle"`
		Verbose   bool `json:"verbose"`
	}{Events: true, Lifecycle: true}
	if value != "on" {
		if err := parseObject(value, &options); err != nil {
			return withExample(err, "neither on, off nor", `{"events":true,"lifecycle":true,"verbose":false}`)
		}
	}
	s.Debug = core.Debug(options)
	return nil
}

var errNoObject = errors.New("not a JSON object")

// parseObject parses a JSON object without other fields than those of options. Its error
// is errNoObject or names a field; it quotes no values.
func parseObject(value string, options any) error {
	if !strings.HasPrefix(strings.TrimSpace(value), "{") {
		return errNoObject
	}
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(options); err != nil {
		if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			return fmt.Errorf("no such option: %s", name)
		}
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return fmt.Errorf("%s has a value of the wrong kind", wrong.Field)
		}
		return errNoObject
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errNoObject
	}
	return nil
}

// withExample returns an error of parseObject with what the value may be: an object like
// the example, or one of the words.
func withExample(err error, words, example string) error {
	if err == errNoObject {
		return fmt.Errorf("%s a JSON object such as %s", words, example)
	}
	return fmt.Errorf("%w; the options are as in %s", err, example)
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
