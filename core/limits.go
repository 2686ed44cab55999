package core

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// Limits bound what each user may spend, on all instances that share a store. Runs,
// suggestions and transcriptions count; one that is over a limit gets 429 with
// Retry-After and a code that names the limit. A run over a limit isn't counted. A
// thread that is made without a run counts as one of a minute.
//
// A user who is anonymous (see [access.User]), and everybody without
// [Config.Identify], is limited by the client's address, IPv6 by the first 64 bits.
type Limits struct {
	// RunsPerMinute is how many may begin within any 60 seconds. If zero, there is no
	// limit.
	RunsPerMinute int
	// ConcurrentRuns is how many may go on at the same time. If zero, there is no limit.
	ConcurrentRuns int
	// TokensPerDay is how many tokens a user may spend before the last run of a day (in
	// UTC) is let in, of input and output together. Runs that go on then may exceed it.
	// Tokens are as the provider counts them; where it doesn't they are estimated, a
	// token for each four bytes. If zero, there is no limit.
	TokensPerDay int64
	// AllowUncounted lets runs go on uncounted while the store can't count. Defaults to
	// false: they get 503.
	AllowUncounted bool
}

// set reports whether there is any limit.
func (l *Limits) set() bool {
	return l.RunsPerMinute > 0 || l.ConcurrentRuns > 0 || l.TokensPerDay > 0
}

// check finds what is wrong with the limits, for a store that may be nil.
func (l *Limits) check(s store.Store) error {
	if l.RunsPerMinute < 0 || l.ConcurrentRuns < 0 || l.TokensPerDay < 0 {
		return fmt.Errorf("negative limits: %+v", *l)
	}
	if _, counts := s.(store.Meter); s != nil && l.set() && !counts {
		return fmt.Errorf("the store can't count what users spend: %T is no store.Meter", s)
	}
	return nil
}

// account returns whose limits the request counts for.
func (ex *exchange) account() (user string, unlisted bool) {
	if ex.user.ID != "" && !ex.user.Anonymous {
		return userAccount(ex.user.ID), false
	}
	address := ex.clientAddress()
	if parsed, err := netip.ParseAddr(address); err == nil {
		if parsed = parsed.Unmap().WithZone(""); parsed.Is6() {
			// Whoever has one address of a network of this size has all of it.
			parsed = netip.PrefixFrom(parsed, 64).Masked().Addr()
		}
		address = parsed.String()
	}
	return "address:" + address, true
}

// userAccount returns the name of a user's account, which no address can have.
func userAccount(id string) string { return userPrefix + id }

const userPrefix = "user:"

// overLimit returns the answer to a run that is over a limit.
func overLimit(over *store.LimitError) *HTTPError {
	return &HTTPError{
		Status: http.StatusTooManyRequests,
		Header: http.Header{"Retry-After": {strconv.FormatInt(retrySeconds(over), 10)}},
		Body: errorBody{
			Error:   "Too many requests",
			Code:    "limit_" + string(over.Limit),
			Message: limitMessage(over),
		},
		Err: over,
	}
}

func retrySeconds(over *store.LimitError) int64 {
	return max(int64(math.Ceil(over.RetryAfter.Seconds())), 1)
}

// limitMessage returns what a user is shown.
func limitMessage(over *store.LimitError) string {
	switch over.Limit {
	case store.LimitConcurrentRuns:
		return "Too many answers are being written at the same time. Please wait until one has ended."
	case store.LimitTokensPerDay:
		return "The limit for today is reached. Please try again in " + roundedTime(over.RetryAfter) + "."
	}
	return "Too many requests within a minute. Please try again in " + roundedTime(over.RetryAfter) + "."
}

// roundedTime returns a time as people say it, rounded up.
func roundedTime(d time.Duration) string {
	count, unit := math.Ceil(d.Hours()), "hour"
	switch {
	case d <= time.Minute:
		count, unit = math.Max(math.Ceil(d.Seconds()), 1), "second"
	case d <= time.Hour:
		count, unit = math.Ceil(d.Minutes()), "minute"
	}
	if count == 1 {
		return "1 " + unit
	}
	return strconv.FormatFloat(count, 'f', 0, 64) + " " + unit + "s"
}

// limitError returns the *store.LimitError of an error, nil if it is another.
func limitError(err error) *store.LimitError {
	over, _ := errors.AsType[*store.LimitError](err)
	return over
}
