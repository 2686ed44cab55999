package dynamodb

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/day"
)

// account is what is known of a user: one item, so that all limits are checked and a
// run is counted in one step.
type account struct {
	version  string
	user     string
	unlisted bool
	// day is the day that spent and runs are of.
	day   int64
	runs  int64
	spent store.Tokens
	state accountState
}

// accountState is the part that only this package reads.
type accountState struct {
	// Begun is when the runs of the last minute began, in milliseconds, oldest first.
	Begun []int64 `json:"b,omitempty"`
	// Tickets are those that are remembered, the longest ago used first.
	Tickets []*ticketState `json:"t,omitempty"`
}

// ticketState is what is counted of a ticket. Times are in milliseconds.
type ticketState struct {
	ID       string       `json:"i"`
	Spent    store.Tokens `json:"s,omitzero"`
	Used     int64        `json:"u"`
	Until    int64        `json:"x"`
	Released bool         `json:"r,omitempty"`
}

const (
	// ticketMemory is how long a ticket is remembered without a sign of life, and
	// maxEnded how many without a place are.
	ticketMemory = time.Hour
	maxEnded     = 500
	// accountMemory is after how long an account is forgotten that nobody has used.
	accountMemory = store.UsageDays * day.Length
	// pastItem + day: what a user spent on a day that is over.
	pastItem = "D:"
)

func (s *Store) accountPartition(t store.Ticket) string {
	kind := "user:"
	if t.Unlisted {
		kind = "stranger:"
	}
	return s.prefix + kind + name(t.User)
}

// usageList is the index's partition with who has spent something on a day.
func (s *Store) usageList(number int64) string { return fmt.Sprintf("%susage:%05d", s.prefix, number) }

// usagePlace is a user's place in that list.
func usagePlace(user string) []byte {
	if len(user) > maxIndexID {
		user = user[:maxIndexID] + name(user)
	}
	return []byte("u" + user)
}

// ticketID is what stands for a ticket's id.
func ticketID(id string) string { return base64.RawStdEncoding.EncodeToString([]byte(digest(id))) }

func (a *account) ticket(id string) *ticketState {
	id = ticketID(id)
	for _, t := range a.state.Tickets {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// check returns a *store.LimitError if another run would be over a limit. A time in a
// future that can't be is of a clock that was wrong: it doesn't count.
func (a *account) check(limits store.Limits, now time.Time) error {
	if tokens := a.spent.Input + a.spent.Output; limits.TokensPerDay > 0 && tokens >= limits.TokensPerDay {
		return &store.LimitError{Limit: store.LimitTokensPerDay, RetryAfter: day.Left(now)}
	}
	if over := len(a.state.Begun) - limits.RunsPerMinute; limits.RunsPerMinute > 0 && over >= 0 {
		left := time.UnixMilli(a.state.Begun[over]).Add(time.Minute).Sub(now)
		return &store.LimitError{Limit: store.LimitRunsPerMinute, RetryAfter: min(max(left, time.Millisecond), time.Minute)}
	}
	if limits.ConcurrentRuns > 0 {
		live := 0
		for _, t := range a.state.Tickets {
			if t.live(now) {
				live++
			}
		}
		if live >= limits.ConcurrentRuns {
			return &store.LimitError{Limit: store.LimitConcurrentRuns, RetryAfter: store.PlaceRetry}
		}
	}
	return nil
}

// live reports whether the ticket has a place.
func (t *ticketState) live(now time.Time) bool { return !t.Released && t.Until > now.UnixMilli() }

// hold counts a run that begins, and gives it a place.
func (a *account) hold(t store.Ticket, now time.Time, minute bool) *ticketState {
	held := &ticketState{ID: ticketID(t.ID), Used: now.UnixMilli(), Until: now.Add(t.TTL).UnixMilli()}
	a.state.Tickets = append(a.state.Tickets, held)
	a.runs++
	if minute {
		a.state.Begun = append(a.state.Begun, now.UnixMilli())
	}
	return held
}

// at returns a copy of the account as it is at a time, without what is over.
func (a *account) at(now time.Time) account {
	next := *a
	if today := day.Of(now); today > a.day {
		next.day, next.runs, next.spent = today, 0, store.Tokens{}
	}
	minuteAgo, ahead := now.Add(-time.Minute).UnixMilli(), now.Add(time.Minute).UnixMilli()
	next.state.Begun = slices.DeleteFunc(slices.Clone(a.state.Begun), func(at int64) bool { return at <= minuteAgo || at > ahead })
	forgotten := now.Add(-ticketMemory).UnixMilli()
	next.state.Tickets = nil
	ended := 0
	for _, t := range slices.Backward(a.state.Tickets) {
		if live := t.live(now); !live {
			if ended++; ended > maxEnded || t.Used < forgotten {
				continue
			}
		}
		copied := *t
		next.state.Tickets = append(next.state.Tickets, &copied)
	}
	slices.Reverse(next.state.Tickets)
	return next
}

// parseAccount reads an account; a missing item is an empty one.
func parseAccount(i item, t store.Ticket) (account, error) {
	a := account{user: t.User, unlisted: t.Unlisted}
	if i == nil {
		return a, nil
	}
	var p parts
	data, err := p.join(i)
	if err == nil {
		err = json.Unmarshal(data, &a.state)
	}
	if err != nil {
		return a, fmt.Errorf("%w: account: %w", errStored, err)
	}
	a.version = string(getBytes(i, "version"))
	usage := parseUsage(i)
	a.day, a.runs, a.spent = day.Of(usage.Day), usage.Runs, usage.Tokens
	return a, nil
}

// swapAccount writes next if the account is still what was read as before; otherwise it
// fails with errConflict. It returns what was to be written.
func (s *Store) swapAccount(ctx context.Context, pk string, before, next account) (account, error) {
	next.version = rand.Text()
	c := condition{"attribute_not_exists(pk)", nil}
	if before.version != "" {
		c = condition{"version = :version", item{":version": binaryText(before.version)}}
	}
	data, err := json.Marshal(next.state)
	if err != nil {
		return next, err
	}
	i, rest := s.split(pk, headItem, "", data, next.usage(s))
	if len(rest) > 0 {
		return next, fmt.Errorf("the account of a user has more than one item holds: %d runs", len(next.state.Tickets))
	}
	i["version"] = binaryText(next.version)
	expires := s.clock.time().Add(accountMemory)
	if next.unlisted {
		expires = day.Time(next.day + 1).Add(ticketMemory)
	}
	i[expiryName] = integer(expires.Unix())
	return next, s.put(ctx, i, c)
}

// usage returns the attributes that say what was spent on the account's day, and list
// it.
func (a *account) usage(s *Store) item {
	i := item{
		"id": binaryText(a.user), "day": integer(a.day), "runs": integer(a.runs),
		"input": integer(a.spent.Input), "output": integer(a.spent.Output), "estimated": integer(a.spent.Estimated),
	}
	if !a.unlisted {
		i["list"], i["at"] = text(s.usageList(a.day)), binaryValue(usagePlace(a.user))
	}
	return i
}

// past returns the item of a day that is over.
func (a *account) past(s *Store, pk string) item {
	i := a.usage(s)
	i["pk"], i["sk"] = text(pk), text(fmt.Sprintf("%s%05d", pastItem, a.day))
	i[expiryName] = integer(day.Time(a.day + store.UsageDays).Unix())
	return i
}

func parseUsage(i item) store.Usage {
	return store.Usage{
		User: string(getBytes(i, "id")), Day: day.Time(getInteger(i, "day")), Runs: getInteger(i, "runs"),
		Tokens: store.Tokens{Input: getInteger(i, "input"), Output: getInteger(i, "output"), Estimated: getInteger(i, "estimated")},
	}
}
