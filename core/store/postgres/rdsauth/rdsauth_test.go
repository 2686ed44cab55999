package rdsauth_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/store/postgres"
	"github.com/copilotkit-go/runtime/core/store/postgres/rdsauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

var login = postgres.Login{Host: "db.abc123.eu-west-1.rds.amazonaws.com", Port: 5432, User: "chat user+1@x", Database: "chat"}

// The signature is what AWS's own library makes of the same request, at the time at which
// a bubble begins.
func TestTokensAreSignedAsAWSDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token, err := rdsauth.Password(environment(map[string]string{
			"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
			"AWS_SESSION_TOKEN": "session+token/==", "AWS_REGION": "us-east-1",
		}))(t.Context(), login)
		want := "db.abc123.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=chat%20user%2B1%40x&X-Amz-Algorithm=AWS4-HMAC-SHA256" +
			"&X-Amz-Credential=AKIDEXAMPLE%2F20000101%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20000101T000000Z&X-Amz-Expires=900" +
			"&X-Amz-Security-Token=session%2Btoken%2F%3D%3D&X-Amz-SignedHeaders=host" +
			"&X-Amz-Signature=bdfbf6f4ec0de36bf5d531404879dc24ca15af7d7672001558af1b23649e4b5b"
		if err != nil || token != want {
			t.Errorf("got %s, %v\nwant %s", token, err, want)
		}
	})
}

func TestTheRegionIsTheHostsOrTheFunctions(t *testing.T) {
	for host, want := range map[string]string{
		"db.abc.eu-central-1.rds.amazonaws.com":  "%2Feu-central-1%2Frds-db",
		"db.abc.cn-north-1.rds.amazonaws.com.cn": "%2Fcn-north-1%2Frds-db",
		"proxy.internal":                         "%2Fsa-east-1%2Frds-db",
	} {
		token, err := rdsauth.Password(environment(map[string]string{
			"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "sa-east-1",
		}))(t.Context(), postgres.Login{Host: host, Port: 5432, User: "u"})
		if err != nil || !strings.Contains(token, want) || strings.Contains(token, "Security-Token") {
			t.Errorf("%s: %s, %v", host, token, err)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for want, variables := range map[string]map[string]string{
		"AWS_ACCESS_KEY_ID": {"AWS_REGION": "r"},
		"AWS_REGION":        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
	} {
		_, err := rdsauth.Password(environment(variables))(t.Context(), postgres.Login{Host: "db", Port: 5432})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s in it", err, want)
		}
	}
}
