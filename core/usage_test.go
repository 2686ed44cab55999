package core_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
)

func TestUsageIsListedToWhoMaySeeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight of 2000-01-01
		for _, single := range []bool{false, true} {
			handler := newRuntime(t, core.Config{
				Agents: agents(using(1, 2, finishes)), Identify: byHeader, Limits: core.Limits{RunsPerMinute: 100}, SingleRoute: single,
			})
			run := func(user string) {
				r := runOn(user)
				if single {
					r.path, r.body = "/", `{"method":"agent/run","params":{"agentId":"default"},"body":`+r.body+`}`
				}
				of(user, r).to(handler)
			}
			begun := time.Now().UTC()
			run("ann")
			run("bob")
			run("?nobody")
			time.Sleep(24 * time.Hour)
			run("ann")
			day := func(n int) string { return begun.AddDate(0, 0, n).Format(time.DateOnly) }
			entry := func(user string, n int) string {
				return `{"user":"` + user + `","day":"` + day(n) + `","runs":1,"inputTokens":1,"outputTokens":2,"estimatedTokens":0}`
			}
			page := func(entries ...string) string {
				return `{"usage":[` + strings.Join(entries, ",") + `],"nextCursor":null}`
			}
			for _, test := range []struct {
				user   string
				params map[string]string
				status int
				body   string
			}{
				{"ann", nil, 200, page(entry("ann", 0), entry("ann", 1))},
				{"ann", map[string]string{"user": "ann", "to": day(0)}, 200, page(entry("ann", 0))},
				{"ann", map[string]string{"from": day(1)}, 200, page(entry("ann", 1))},
				{"ann", map[string]string{"user": "bob"}, 403, `{"error":"Forbidden","code":"forbidden"}`},
				{"ann", map[string]string{"user": "all"}, 403, `{"error":"Forbidden","code":"forbidden"}`},
				{"new", nil, 200, page()},
				{"", nil, 404, `{"error":"Not found"}`},
				{"", map[string]string{"user": "all"}, 403, `{"error":"Forbidden","code":"forbidden"}`},
				{"?nobody", nil, 404, `{"error":"Not found"}`},
				{"?nobody", map[string]string{"user": "?nobody"}, 403, `{"error":"Forbidden","code":"forbidden"}`},
				{"!boss", nil, 200, page()},
				{"!boss", map[string]string{"user": "bob"}, 200, page(entry("bob", 0))},
				{"!boss", map[string]string{"user": "all"}, 200, page(entry("ann", 0), entry("bob", 0), entry("ann", 1))},
				{"!boss", map[string]string{"user": "all", "from": "yesterday"}, 400, `{"error":"Valid from query param is required, such as 2026-01-31"}`},
				{"!boss", map[string]string{"user": "all", "limit": "0"}, 400, `{"error":"Valid limit query param is required"}`},
				{"!boss", map[string]string{"user": "all", "cursor": "!"}, 400, `{"error":"Valid cursor query param is required"}`},
			} {
				query := make([]string, 0, len(test.params))
				for name, value := range test.params {
					query = append(query, name+"="+value)
				}
				r := request{method: "GET", path: "/usage?" + strings.Join(query, "&")}
				if single {
					params, err := json.Marshal(test.params)
					if err != nil {
						t.Fatal(err)
					}
					r = request{method: "POST", path: "/", body: `{"method":"usage","params":` + string(params) + `}`}
				}
				if got := of(test.user, r).to(handler); got.Code != test.status || got.Body.String() != test.body {
					t.Errorf("single route %v, %q %v: got %d %s", single, test.user, test.params, got.Code, got.Body)
				}
			}
			if single {
				continue
			}
			var first, second struct {
				Usage      []struct{ User string }
				NextCursor string
			}
			got := of("!boss", request{method: "GET", path: "/usage?user=all&limit=2"}).to(handler)
			if err := json.Unmarshal(got.Body.Bytes(), &first); err != nil || len(first.Usage) != 2 || first.NextCursor == "" {
				t.Fatalf("the first page: %s, %v", got.Body, err)
			}
			got = of("!boss", request{method: "GET", path: "/usage?user=all&limit=2&cursor=" + first.NextCursor}).to(handler)
			if err := json.Unmarshal(got.Body.Bytes(), &second); err == nil || len(second.Usage) != 1 { // null
				t.Logf("the second page: %s", got.Body)
			}
			if len(second.Usage) != 1 || second.Usage[0].User != "ann" {
				t.Errorf("the second page: %s", got.Body)
			}
		}
	})
}

func TestWithoutLimitsThereIsNoUsage(t *testing.T) {
	handler := newRuntime(t, core.Config{Identify: byHeader})
	checkAnswer(t, handler, of("!boss", request{method: "GET", path: "/usage"}), answer{404, `{"error":"Not found"}`, nil})
	checkAnswer(t, handler, of("!boss", request{method: "POST", path: "/usage"}), answer{404, `{"error":"Not found"}`, nil})
	single := newRuntime(t, core.Config{SingleRoute: true})
	checkAnswer(t, single, request{method: "POST", path: "/", body: `{"method":"usage"}`},
		answer{400, `{"error":"invalid_request","message":"Unsupported method 'usage'"}`, nil})
}
