package managed_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

const entitlementsRoute = "GET /api/entitlements/runtime"

// What /info says where nothing is known.
const (
	misconfigured = `{"status":"misconfigured","error":{"code":"runtime_entitlements_misconfigured","message":"Runtime entitlement lookup is misconfigured","retryable":false}}`
	unavailable   = `{"status":"unavailable","error":{"code":"runtime_entitlements_unavailable","message":"Runtime entitlement lookup failed","retryable":true}}`
)

func TestEntitlements(t *testing.T) {
	const rest = `"features":{"sdk.angular":true},"limits":{"threads.max_count":2.5}`
	ready := func(active bool, source string) string {
		return fmt.Sprintf(`{"status":"ready","entitlement":{"active":%t,"source":%q,%s}}`, active, source, rest)
	}
	for _, test := range []struct {
		name, answer string
		// want is "" for the answer itself.
		want, license string
	}{
		{"a managed project", ready(true, "managedOrgSubscription"), "", "valid"},
		{"one that isn't active", ready(false, "managedOrgSubscription"), "", "none"},
		{"one of a marketplace", ready(true, "awsMarketplaceDeploymentLicense"), "", "valid"},
		{"a self-hosted one", ready(true, "selfHostedDeploymentLicense"), "", "valid"},
		{"a self-hosted one that isn't active", ready(false, "selfHostedDeploymentLicense"), "", "none"},
		{"more of it", `{"status":"ready","entitlement":{"active":true,"source":"managedOrgSubscription",` + rest + `,"planCode":"p","entitlementSource":"s"}}`, "", "valid"},
		{"the older form", `{"organizationId":"o","active":true,"source":"managedOrgSubscription",` + rest + `,"planCode":"p"}`,
			`{"status":"ready","entitlement":{"active":true,"source":"managedOrgSubscription",` + rest + `,"planCode":"p"}}`, "valid"},
		{"a degraded platform", `{"status":"degraded","error":{"code":"c","message":"m","retryable":true,"requestId":"r"}}`, "", "unknown"},
		{"an unavailable platform, for good", `{"status":"unavailable","error":{"code":"c","message":"m","retryable":false}}`, "", "none"},

		{"a member too many", strings.Replace(ready(true, "managedOrgSubscription"), `"active"`, `"extra":1,"active"`, 1), misconfigured, "none"},
		{"one too many beside", strings.Replace(ready(true, "managedOrgSubscription"), `"status"`, `"extra":1,"status"`, 1), misconfigured, "none"},
		{"another case", strings.Replace(ready(true, "managedOrgSubscription"), `"active"`, `"Active"`, 1), misconfigured, "none"},
		{"a member less", `{"status":"ready","entitlement":{"active":true,"source":"managedOrgSubscription","limits":{}}}`, misconfigured, "none"},
		{"another source", ready(true, "elsewhere"), misconfigured, "none"},
		{"a feature that is no truth", strings.Replace(ready(true, "managedOrgSubscription"), `:true}`, `:null}`, 1), misconfigured, "none"},
		{"a limit that is no number", strings.Replace(ready(true, "managedOrgSubscription"), `2.5`, `"2.5"`, 1), misconfigured, "none"},
		{"a limit beyond numbers", strings.Replace(ready(true, "managedOrgSubscription"), `2.5`, `1e999`, 1), misconfigured, "none"},
		{"features that are none", strings.Replace(ready(true, "managedOrgSubscription"), `{"sdk.angular":true}`, `[]`, 1), misconfigured, "none"},
		{"a plan that is null", `{"status":"ready","entitlement":{"active":true,"source":"managedOrgSubscription",` + rest + `,"planCode":null}}`, misconfigured, "none"},
		{"another status", `{"status":"soon","error":{"code":"c","message":"m","retryable":true}}`, misconfigured, "none"},
		{"the older form without its organization", `{"active":true,"source":"managedOrgSubscription",` + rest + `}`, misconfigured, "none"},
		{"an error that says nothing", `{"status":"degraded","error":{}}`, misconfigured, "none"},
		{"a list", `[]`, misconfigured, "none"},
		{"HTML", `<html>`, misconfigured, "none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				p.Fault(entitlementsRoute, intelligencetest.RouteFault{Status: 200, Body: test.answer})
				want := test.want
				if want == "" {
					want = test.answer
				}
				if got := p.client.Entitlements(t.Context()); string(got.JSON) != want || got.License != test.license {
					t.Errorf("got %s, %s", got.JSON, got.License)
				}
			})
		})
	}
}

func TestEntitlementsThatCannotBeHad(t *testing.T) {
	for name, test := range map[string]struct {
		fault intelligencetest.RouteFault
		want  string
	}{
		"a bad key":             {intelligencetest.RouteFault{Status: 401, EchoKey: true}, misconfigured},
		"no such route":         {intelligencetest.RouteFault{Status: 404}, misconfigured},
		"too many requests":     {intelligencetest.RouteFault{Status: 429}, unavailable},
		"too slow for itself":   {intelligencetest.RouteFault{Status: 408}, unavailable},
		"a broken platform":     {intelligencetest.RouteFault{Status: 500}, unavailable},
		"a silent one":          {intelligencetest.RouteFault{Delay: time.Hour}, unavailable},
		"one that falls":        {intelligencetest.RouteFault{Status: 200, Body: "{", HangBody: true}, unavailable},
		"one that hangs up":     {intelligencetest.RouteFault{Drop: true}, unavailable},
		"one that says no more": {intelligencetest.RouteFault{Status: 204}, misconfigured},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				p.Fault(entitlementsRoute, test.fault)
				begun := time.Now()
				got := p.client.Entitlements(t.Context())
				if string(got.JSON) != test.want || (got.License == "none") != (test.want == misconfigured) {
					t.Errorf("got %s, %s", got.JSON, got.License)
				}
				if took := time.Since(begun); took > 1500*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				if !strings.Contains(p.log.text.String(), "unknown") {
					t.Error("nothing was logged")
				}
			})
		})
	}
}

func TestEntitlementsAreAskedForNowAndThen(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer string
		life   time.Duration
	}{
		{"half a minute for an active project", `{"status":"ready","entitlement":{"active":true,"source":"managedOrgSubscription","features":{},"limits":{}}}`, 30 * time.Second},
		{"five seconds for one that isn't", `{"status":"ready","entitlement":{"active":false,"source":"managedOrgSubscription","features":{},"limits":{}}}`, 5 * time.Second},
		{"five seconds for a degraded platform", `{"status":"degraded","error":{"code":"c","message":"m","retryable":true}}`, 5 * time.Second},
		{"five seconds for a failure", `no`, 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				p.SetEntitlements(test.answer)
				p.Fault(entitlementsRoute, intelligencetest.RouteFault{Status: 200, Body: test.answer})
				for _, step := range []struct {
					after time.Duration
					asked int
				}{{0, 1}, {test.life - 1, 1}, {1, 2}} {
					time.Sleep(step.after)
					p.client.Entitlements(t.Context())
					if asked := len(p.Requests(entitlementsRoute)); asked != step.asked {
						t.Errorf("after %v the platform was asked %d times", step.after, asked)
					}
				}
			})
		})
	}
}

func TestEntitlementsAreAskedForOnceAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		p.Fault(entitlementsRoute, intelligencetest.RouteFault{Delay: time.Second})
		answers := make([]intelligence.Entitlements, 20)
		var asking sync.WaitGroup
		for i := range answers {
			asking.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if i < 5 {
					// Clients that leave don't take the answer from those that stay.
					ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
					defer cancel()
				}
				answers[i] = p.client.Entitlements(ctx)
			})
		}
		asking.Wait()
		for i, answer := range answers[5:] {
			if answer.License != "valid" {
				t.Errorf("%d got %s", i, answer.JSON)
			}
		}
		if asked := len(p.Requests(entitlementsRoute)); asked != 1 {
			t.Errorf("the platform was asked %d times", asked)
		}
	})
}
