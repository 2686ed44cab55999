// Package rdsauth signs in to Amazon RDS and Aurora with an IAM role instead of a
// password: what package postgres takes for a password is a token that the role's
// credentials sign. It is a signature alone, so it needs no call of AWS, and no library.
package rdsauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/store/postgres"
)

// Password returns a function that makes tokens with the credentials that Lambda gives
// its functions: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the
// environment. They must allow rds-db:connect. The region is that of the host's name, or
// AWS_REGION where it has none. A token is for 15 minutes; a connection outlives it.
func Password(getenv func(string) string) postgres.PasswordFunc {
	return func(_ context.Context, login postgres.Login) (string, error) {
		c := credentials{getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")}
		if c.key == "" || c.secret == "" {
			return "", errors.New("sign in to RDS: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
		}
		region := regionOf(login.Host)
		if region == "" {
			region = getenv("AWS_REGION")
		}
		if region == "" {
			return "", errors.New("sign in to RDS: the host's name has no region, and AWS_REGION is not set")
		}
		return c.token(login, region, time.Now().UTC()), nil
	}
}

// regionOf returns the region of a host such as name.id.eu-west-1.rds.amazonaws.com, ""
// for any other.
func regionOf(host string) string {
	labels := strings.Split(strings.TrimSuffix(strings.TrimSuffix(host, ".cn"), ".rds.amazonaws.com"), ".")
	if !strings.Contains(host, ".rds.amazonaws.com") {
		return ""
	}
	return labels[len(labels)-1]
}

type credentials struct{ key, secret, session string }

// token returns the address of a request, signed as Signature Version 4 has it, without
// its scheme.
func (c credentials) token(login postgres.Login, region string, at time.Time) string {
	host := net.JoinHostPort(login.Host, strconv.Itoa(int(login.Port)))
	date, scope := at.Format("20060102T150405Z"), at.Format("20060102")+"/"+region+"/rds-db/aws4_request"
	query := url.Values{
		"Action": {"connect"}, "DBUser": {login.User},
		"X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-Credential": {c.key + "/" + scope},
		"X-Amz-Date": {date}, "X-Amz-Expires": {"900"}, "X-Amz-SignedHeaders": {"host"},
	}
	if c.session != "" {
		query.Set("X-Amz-Security-Token", c.session)
	}
	parameters := strings.ReplaceAll(query.Encode(), "+", "%20")
	request := fmt.Sprintf("GET\n/\n%s\nhost:%s\n\nhost\n%x", parameters, host, sha256.Sum256(nil))
	signed := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", date, scope, sha256.Sum256([]byte(request)))
	key := []byte("AWS4" + c.secret)
	for _, part := range append(strings.Split(scope, "/"), signed) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return host + "/?" + parameters + "&X-Amz-Signature=" + hex.EncodeToString(key)
}
