package dynamodb

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"

	"github.com/copilotkit-go/runtime/core/store/internal/retention"
)

// settings are what a store's address says.
type settings struct {
	table, region, prefix string
	create                bool
	limits                retention.Limits
}

// maxPrefix leaves room in a key for the names that follow.
const maxPrefix = 200

func parseAddress(raw string) (settings, error) {
	var set settings
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "dynamodb" || u.User != nil || u.Path != "" && u.Path != "/" ||
		!regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`).MatchString(u.Host) {
		return set, errors.New("want dynamodb://table, where the table's name has 3 to 255 letters, digits, and any of _.-")
	}
	set.table = u.Host
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return set, errors.New("the query of the address isn't valid")
	}
	if set.limits, err = retention.Take(query); err != nil {
		return set, err
	}
	for name := range query {
		value := query.Get(name)
		switch name {
		case "region":
			set.region = value
			if !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(value) {
				return set, fmt.Errorf("region: %q is not a region, like eu-central-1", value)
			}
		case "prefix":
			set.prefix = value
			if len(value) > maxPrefix {
				return set, fmt.Errorf("prefix: longer than %d bytes", maxPrefix)
			}
		case "create":
			if set.create, err = strconv.ParseBool(value); err != nil {
				return set, fmt.Errorf("create: %q is neither true nor false", value)
			}
		default:
			return set, fmt.Errorf("unknown parameter %q", name)
		}
	}
	return set, nil
}
