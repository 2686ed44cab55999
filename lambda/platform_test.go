package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

// The users of every door that verifies them share one function, and so one store.
func TestUsersOfEveryDoorHaveTheirOwnThreads(t *testing.T) {
	function := lambdaapi.New(lambdaapi.Config{
		Bootstrap: bootstrap(t),
		Env:       []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=platform"},
	})
	t.Cleanup(function.Close)
	token := func(id string) lambdaapi.Authorizer {
		return lambdaapi.TokenAuthorizer{Claims: map[string]string{"sub": id}}
	}
	iam := func(name string) *lambdaapi.IAMAuthorizer {
		return &lambdaapi.IAMAuthorizer{UserARN: "arn:aws:iam::123456789012:user/" + name}
	}
	deploy := func(door lambdaapi.Door) *platformtest.Deployment {
		server := httptest.NewServer(function.Handler(door))
		t.Cleanup(server.Close)
		return &platformtest.Deployment{URL: server.URL, Log: &platformtest.Log{}}
	}
	users := map[string]*platformtest.Deployment{
		"ann by a JWT authorizer":     deploy(lambdaapi.HTTPAPI{Authorizer: token("ann")}),
		"bob by a Lambda authorizer":  deploy(lambdaapi.HTTPAPI{Authorizer: lambdaapi.LambdaAuthorizer{Context: map[string]any{"sub": "bob"}}}),
		"cid by a Cognito authorizer": deploy(lambdaapi.RESTAPI{Streaming: true, Authorizer: token("cid")}),
		"dee by a REST API's IAM":     deploy(lambdaapi.RESTAPI{Streaming: true, Authorizer: iam("dee")}),
		"eve by a Function URL's IAM": deploy(lambdaapi.FunctionURL{Streaming: true, IAM: iam("eve")}),
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for who, d := range users {
		run := d.Do(t, "POST", platformtest.BasePath+"/agent/default/run", platformtest.RunInput("of "+who, "hi"), header)
		if run.Status != http.StatusOK || !strings.Contains(string(run.Body), "RUN_FINISHED") {
			t.Fatalf("a run of %s answers %d %s", who, run.Status, run.Body)
		}
	}
	for who, d := range users {
		var listed struct{ Threads []struct{ ID string } }
		d.Do(t, "GET", platformtest.BasePath+"/threads?agentId=default", "", nil).JSON(t, http.StatusOK, &listed)
		if len(listed.Threads) != 1 || listed.Threads[0].ID != "of "+who {
			t.Errorf("%s sees %v", who, listed.Threads)
		}
	}
	for name, door := range map[string]lambdaapi.Door{
		"a Function URL": lambdaapi.FunctionURL{Streaming: true}, "an HTTP API": lambdaapi.HTTPAPI{},
		"a REST API": lambdaapi.RESTAPI{Streaming: true}, "a load balancer": lambdaapi.ALB{},
	} {
		d := deploy(door)
		forged := http.Header{"Authorization": {"Bearer ann"}, "X-Amzn-Oidc-Identity": {"ann"}, "X-Amzn-Oidc-Data": {"ann"}, "X-Goog-Iap-Jwt-Assertion": {"ann"}}
		if got := d.Do(t, "GET", platformtest.BasePath+"/info", "", forged); got.Status != http.StatusUnauthorized {
			t.Errorf("without an authorizer %s answers %d %s", name, got.Status, got.Body)
		}
	}
}
