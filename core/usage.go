package core

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// maxUsagePage is how many entries a page holds at most, and without a limit.
const maxUsagePage = 500

// everybody is the value of ?user that asks for the usage of all users.
const everybody = "all"

// serveUsage lists what a user has spent by day: one's own, or with an admin's token
// that of ?user=<id> or of ?user=all. Nothing is listed of those who are nobody in
// particular: for them there is no such route.
func (rt *Runtime) serveUsage(ex *exchange) error {
	query, err := usageQuery(ex.r.URL.Query())
	if err != nil {
		return err
	}
	switch asked := ex.r.URL.Query().Get("user"); {
	case asked != "" && ex.user.Admin:
		query.All = asked == everybody
		query.User = userAccount(asked)
	case asked != "" && (asked != ex.user.ID || ex.user.Anonymous):
		return &HTTPError{Status: http.StatusForbidden, Body: errorBody{Error: "Forbidden", Code: "forbidden"}}
	case ex.user.ID == "" || ex.user.Anonymous:
		return notFound()
	default:
		query.User = userAccount(ex.user.ID)
	}
	ctx, cancel := ex.storeContext()
	defer cancel()
	page, err := rt.meter.Usage(ctx, query)
	if errors.Is(err, store.ErrBadCursor) {
		return answerError(http.StatusBadRequest, "Valid cursor query param is required")
	}
	if err != nil {
		return storeError("Failed to list usage", err)
	}
	answer := usagePage{Usage: make([]usageJSON, len(page.Usage))}
	for i, usage := range page.Usage {
		answer.Usage[i] = usageJSON{
			User:            strings.TrimPrefix(usage.User, userPrefix),
			Day:             usage.Day.Format(time.DateOnly),
			Runs:            usage.Runs,
			InputTokens:     usage.Tokens.Input,
			OutputTokens:    usage.Tokens.Output,
			EstimatedTokens: usage.Tokens.Estimated,
		}
	}
	if page.NextCursor != "" {
		answer.NextCursor = &page.NextCursor
	}
	return ex.json(http.StatusOK, answer)
}

// usageQuery reads the query but for the user.
func usageQuery(values url.Values) (store.UsageQuery, error) {
	query := store.UsageQuery{Cursor: values.Get("cursor")}
	for _, bound := range []struct {
		name string
		day  *time.Time
	}{{"from", &query.From}, {"to", &query.To}} {
		value := values.Get(bound.name)
		if value == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, value)
		if err != nil {
			return query, answerError(http.StatusBadRequest, "Valid "+bound.name+" query param is required, such as 2026-01-31")
		}
		*bound.day = day
	}
	var err error
	query.Limit, err = pageLimit(values, maxUsagePage)
	return query, err
}

type usagePage struct {
	Usage      []usageJSON `json:"usage"`
	NextCursor *string     `json:"nextCursor"`
}

// usageJSON is what a user has spent on a day. EstimatedTokens is how many of both
// kinds of tokens the provider hasn't counted.
type usageJSON struct {
	User            string `json:"user"`
	Day             string `json:"day"`
	Runs            int64  `json:"runs"`
	InputTokens     int64  `json:"inputTokens"`
	OutputTokens    int64  `json:"outputTokens"`
	EstimatedTokens int64  `json:"estimatedTokens"`
}
