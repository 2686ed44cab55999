package lambdaapi

import (
	"encoding/json"
	"errors"
	"maps"
)

// Authorizer is how a front door verifies its users, and whom it has found: what of it
// is in the context of an event. Requests are let through unchecked.
type Authorizer interface {
	// format2 returns the authorizer of an event of format 2.0.
	format2() object
	// format1 returns the authorizer of an event of format 1.0, and what the identity of
	// its context has.
	format1() (authorizer, identity object)
}

type object = map[string]any

// TokenAuthorizer is a JWT authorizer of an HTTP API, and a Cognito authorizer of a REST
// API.
type TokenAuthorizer struct {
	Claims map[string]string
	// Scopes are what the route asks for. If nil, it asks for none.
	Scopes []string
}

func (a TokenAuthorizer) format2() object {
	return object{"jwt": object{"claims": a.Claims, "scopes": a.Scopes}}
}

func (a TokenAuthorizer) format1() (authorizer, identity object) {
	return object{"claims": a.Claims}, nil
}

// LambdaAuthorizer is a function that verifies users.
type LambdaAuthorizer struct {
	// PrincipalID is part of the function's answer, but for simple answers to an HTTP
	// API. Events of format 2.0 don't have it.
	PrincipalID string
	// Context is what else the function says of the user.
	Context map[string]any
}

func (a LambdaAuthorizer) format2() object { return object{"lambda": a.Context} }

func (a LambdaAuthorizer) format1() (authorizer, identity object) {
	authorizer = object{"principalId": a.PrincipalID, "integrationLatency": 503}
	maps.Copy(authorizer, a.Context)
	return authorizer, nil
}

// IAMAuthorizer is the authorization AWS_IAM: requests are signed with the credentials
// of AWS.
type IAMAuthorizer struct {
	// UserARN is the caller's.
	UserARN string
	// CognitoIdentity is the id in an identity pool whose credentials sign. If empty,
	// they are others.
	CognitoIdentity string
	// Guest is set if that identity hasn't signed in.
	Guest bool
}

func (a IAMAuthorizer) format2() object {
	iam := object{
		"accessKey": "AKIAIOSFODNN7EXAMPLE", "accountId": "123456789012", "callerId": "AIDACKCEVSQ6C2EXAMPLE",
		"cognitoIdentity": nil, "principalOrgId": nil, "userArn": a.UserARN, "userId": "AIDACKCEVSQ6C2EXAMPLE",
	}
	if a.CognitoIdentity != "" {
		iam["cognitoIdentity"] = object{"amr": []string{a.authentication()}, "identityId": a.CognitoIdentity, "identityPoolId": "eu-central-1:7b6d4d04"}
	}
	return object{"iam": iam}
}

func (a IAMAuthorizer) format1() (authorizer, identity object) {
	identity = object{
		"accessKey": "AKIAIOSFODNN7EXAMPLE", "accountId": "123456789012", "caller": "AIDACKCEVSQ6C2EXAMPLE",
		"user": "AIDACKCEVSQ6C2EXAMPLE", "userArn": a.UserARN,
		"cognitoIdentityId": nil, "cognitoIdentityPoolId": nil, "cognitoAuthenticationType": nil, "cognitoAuthenticationProvider": nil,
	}
	if a.CognitoIdentity != "" {
		identity["cognitoIdentityId"] = a.CognitoIdentity
		identity["cognitoIdentityPoolId"] = "eu-central-1:7b6d4d04"
		identity["cognitoAuthenticationType"] = a.authentication()
	}
	return nil, identity
}

func (a IAMAuthorizer) authentication() string {
	if a.Guest {
		return "unauthenticated"
	}
	return "authenticated"
}

// withAuthorizer returns an event with what the authorizer has found.
func withAuthorizer(event any, authorizer, identity object) any {
	encoded, err := json.Marshal(event)
	var all object
	if err := errors.Join(err, json.Unmarshal(encoded, &all)); err != nil {
		panic(err) // unreachable: events are plain structs
	}
	context := all["requestContext"].(object)
	if authorizer != nil {
		context["authorizer"] = authorizer
	}
	if identity != nil {
		maps.Copy(context["identity"].(object), identity)
	}
	return all
}
