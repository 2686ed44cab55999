package main

import (
	"context"
	"slices"

	"github.com/aws/aws-lambda-go/events"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/platform"
)

// The functions here find whom a front door has verified. Nothing of it comes from the
// request: a door writes the event's context itself, and leaves these fields out where
// it has no authorizer. Who may invoke the function past its doors may be anybody, but
// needs AWS's permission for that.

// withUserOfFormat2 returns a context that vouches for the user of an event from a
// Function URL or an HTTP API, if there is one.
func withUserOfFormat2(ctx context.Context, from events.APIGatewayV2HTTPRequestContext) context.Context {
	authorizer := from.Authorizer
	switch {
	case authorizer == nil:
		return ctx
	case authorizer.JWT != nil:
		claims := make(map[string]any, len(authorizer.JWT.Claims))
		for name, value := range authorizer.JWT.Claims {
			claims[name] = value
		}
		return withUser(ctx, userOfClaims(claims))
	case authorizer.IAM != nil:
		identity := authorizer.IAM.CognitoIdentity
		return withUser(ctx, userOfIAM(authorizer.IAM.UserARN, identity.IdentityID, slices.Contains(identity.AMR, "unauthenticated")))
	}
	return withUser(ctx, userOfAuthorizer(authorizer.Lambda))
}

// withUserOfFormat1 does the same for an event from a REST API, or from an HTTP API
// with the old payload format.
func withUserOfFormat1(ctx context.Context, from events.APIGatewayProxyRequestContext) context.Context {
	if claims, ok := from.Authorizer["claims"].(map[string]any); ok {
		return withUser(ctx, userOfClaims(claims))
	}
	if user := userOfAuthorizer(from.Authorizer); user.ID != "" {
		return withUser(ctx, user)
	}
	identity := from.Identity
	return withUser(ctx, userOfIAM(identity.UserArn, identity.CognitoIdentityID, identity.CognitoAuthenticationType == "unauthenticated"))
}

// withUser vouches for a user that has an id.
func withUser(ctx context.Context, user access.User) context.Context {
	if user.ID == "" {
		return ctx
	}
	return platform.WithUser(ctx, user)
}

// userOfClaims returns the user of a token that a JWT or Cognito authorizer has
// verified.
func userOfClaims(claims map[string]any) access.User {
	return access.User{ID: field(claims, "sub"), Claims: claims}
}

// userOfAuthorizer returns the user of a Lambda authorizer, whose context is of its
// author's making. principalId comes last, since many authorizers give all users the
// same.
func userOfAuthorizer(fields map[string]any) access.User {
	return access.User{ID: field(fields, "sub", "userId", "principalId"), Claims: fields}
}

// userOfIAM returns the user of a signature by AWS credentials. All users of a Cognito
// identity pool have the same role and session, so that there the identity counts. For
// everybody else it is the ARN, that of a role with its session: who may assume the role
// may choose the session's name, unless the role's trust policy fixes it.
func userOfIAM(arn, cognitoIdentity string, anonymous bool) access.User {
	if cognitoIdentity != "" {
		return access.User{ID: cognitoIdentity, Anonymous: anonymous}
	}
	return access.User{ID: arn}
}

// field returns the first of the fields that is a text and not empty.
func field(fields map[string]any, names ...string) string {
	for _, name := range names {
		if value, _ := fields[name].(string); value != "" {
			return value
		}
	}
	return ""
}
