package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
)

func TestWhomTheDoorHasVerified(t *testing.T) {
	type claims = map[string]string
	token := lambdaapi.TokenAuthorizer{Claims: claims{"sub": "7a1e", "email": "ada@example.com", "scope": "openid chat"}, Scopes: []string{"chat"}}
	user := lambdaapi.IAMAuthorizer{UserARN: "arn:aws:iam::123456789012:user/ada"}
	session := lambdaapi.IAMAuthorizer{UserARN: "arn:aws:sts::123456789012:assumed-role/App/ada@example.com"}
	pool := lambdaapi.IAMAuthorizer{UserARN: "arn:aws:sts::123456789012:assumed-role/Pool/CognitoIdentityCredentials", CognitoIdentity: "eu-central-1:11111111-2222"}
	guest := pool
	guest.Guest = true
	simple := lambdaapi.LambdaAuthorizer{Context: map[string]any{"sub": "7a1e", "name": "Ada", "level": 3}}
	policy := lambdaapi.LambdaAuthorizer{PrincipalID: "user", Context: map[string]any{"userId": "u-1", "email": "ada@example.com"}}
	principal := lambdaapi.LambdaAuthorizer{PrincipalID: "user|a1b2c3d4"}

	for _, test := range []struct {
		name     string
		door     lambdaapi.Door
		id, user string
	}{
		{"an HTTP API with a JWT authorizer", lambdaapi.HTTPAPI{Authorizer: token}, "7a1e", "ada@example.com"},
		{"a JWT authorizer whose token has no subject", lambdaapi.HTTPAPI{Authorizer: lambdaapi.TokenAuthorizer{Claims: claims{"client_id": "c"}}}, "", ""},
		{"an HTTP API with a Lambda authorizer", lambdaapi.HTTPAPI{Authorizer: simple}, "7a1e", "Ada"},
		{"a Lambda authorizer that says nothing", lambdaapi.HTTPAPI{Authorizer: lambdaapi.LambdaAuthorizer{}}, "", ""},
		{"a Lambda authorizer whose user is a number", lambdaapi.HTTPAPI{Authorizer: lambdaapi.LambdaAuthorizer{Context: map[string]any{"sub": 7}}}, "", ""},
		{"an HTTP API with IAM", lambdaapi.HTTPAPI{Authorizer: user}, user.UserARN, ""},
		{"an HTTP API with IAM and a role", lambdaapi.HTTPAPI{Authorizer: session}, session.UserARN, ""},
		{"an HTTP API with IAM and an identity pool", lambdaapi.HTTPAPI{Authorizer: pool}, pool.CognitoIdentity, ""},
		{"an HTTP API without any", lambdaapi.HTTPAPI{}, "", ""},
		{"a Function URL with IAM", lambdaapi.FunctionURL{Streaming: true, IAM: &user}, user.UserARN, ""},
		{"a Function URL with IAM and a role", lambdaapi.FunctionURL{Streaming: true, IAM: &session}, session.UserARN, ""},
		{"a Function URL with IAM and a guest of an identity pool", lambdaapi.FunctionURL{Streaming: true, IAM: &guest}, pool.CognitoIdentity, "anonymous"},
		{"a Function URL without any", lambdaapi.FunctionURL{Streaming: true}, "", ""},
		{"a REST API with a Cognito authorizer", lambdaapi.RESTAPI{Streaming: true, Authorizer: token}, "7a1e", "ada@example.com"},
		{"a REST API with a Lambda authorizer", lambdaapi.RESTAPI{Streaming: true, Authorizer: principal}, "user|a1b2c3d4", ""},
		{"a Lambda authorizer whose principal is the same for all", lambdaapi.RESTAPI{Streaming: true, Authorizer: policy}, "u-1", "ada@example.com"},
		{"a REST API with IAM", lambdaapi.RESTAPI{Streaming: true, Authorizer: user}, user.UserARN, ""},
		{"a REST API with IAM and a guest of an identity pool", lambdaapi.RESTAPI{Streaming: true, Authorizer: guest}, pool.CognitoIdentity, "anonymous"},
		{"a REST API without any", lambdaapi.RESTAPI{Streaming: true}, "", ""},
		{"a load balancer, whose header is verified later", lambdaapi.ALB{}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			function, _ := newTestFunction(t, lambdaapi.Config{})
			url := serveDoor(t, function, door{Door: test.door})
			request, err := http.NewRequest("GET", url+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			// What anybody can send.
			for _, name := range []string{"X-Amzn-Oidc-Identity", "X-User", "X-Amz-User-Arn", "X-Apigateway-Context", "X-Golambdaproxy-Apigw-Context"} {
				request.Header.Set(name, `{"authorizer":{"principalId":"admin"}}`)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			var seen echo
			if err := json.NewDecoder(response.Body).Decode(&seen); err != nil {
				t.Fatal(err)
			}
			got := seen.User
			name := got.Name
			if got.Anonymous {
				name = "anonymous"
			}
			if got.ID != test.id || name != test.user {
				t.Errorf("got %+v, want %q, %q", got, test.id, test.user)
			}
		})
	}
}
