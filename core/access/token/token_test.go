package token_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/token"
)

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func TestATokenNamesItsUser(t *testing.T) {
	tokens, err := token.Parse("ann:a-1, ann:a-2,bob:sha256:" + digest("b:1") + ",eve:sha256:" + strings.ToUpper(digest("e")))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		headers   []string
		user      string
		challenge string
	}{
		"the first token":         {[]string{"Bearer a-1"}, "ann", ""},
		"the next one":            {[]string{"Bearer a-2"}, "ann", ""},
		"a digest's":              {[]string{"Bearer b:1"}, "bob", ""},
		"a digest in capitals":    {[]string{"Bearer e"}, "eve", ""},
		"the scheme in lower":     {[]string{"bearer a-1"}, "ann", ""},
		"spaces before it":        {[]string{"Bearer   a-1"}, "ann", ""},
		"no header":               {nil, "", `Bearer realm="copilotkit"`},
		"another scheme":          {[]string{"Basic YTpi"}, "", `Bearer realm="copilotkit"`},
		"no token":                {[]string{"Bearer "}, "", `Bearer realm="copilotkit"`},
		"a wrong token":           {[]string{"Bearer a-3"}, "", `Bearer realm="copilotkit", error="invalid_token"`},
		"the digest itself":       {[]string{"Bearer " + digest("b:1")}, "", `Bearer realm="copilotkit", error="invalid_token"`},
		"a name and a token":      {[]string{"Bearer ann:a-1"}, "", `Bearer realm="copilotkit", error="invalid_token"`},
		"two headers":             {[]string{"Bearer a-1", "Bearer b:1"}, "", `Bearer realm="copilotkit", error="invalid_token"`},
		"one that is very long":   {[]string{"Bearer " + strings.Repeat("a", 1<<20)}, "", `Bearer realm="copilotkit", error="invalid_token"`},
		"a part of a right token": {[]string{"Bearer a-"}, "", `Bearer realm="copilotkit", error="invalid_token"`},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/info?access_token=a-1", nil)
			for _, header := range test.headers {
				r.Header.Add("Authorization", header)
			}
			user, err := tokens.Identify(r)
			var refused *access.Error
			if errors.As(err, &refused); (refused != nil) != (test.user == "") || user.ID != test.user {
				t.Fatalf("got %+v, %v", user, err)
			}
			if refused != nil && (refused.Challenge != test.challenge || refused.Forbidden) {
				t.Errorf("the challenge is %q", refused.Challenge)
			}
			if refused != nil && strings.Contains(err.Error(), "a-3") {
				t.Errorf("the error quotes the token: %v", err)
			}
		})
	}
}

func TestAListThatIsWrongIsRefusedWithoutQuotingIt(t *testing.T) {
	for list, want := range map[string]string{
		"":                                    "token 1: neither name:token",
		"secret-1":                            "token 1: neither name:token",
		"ann:secret-1,secret-2":               "token 2: neither name:token",
		"ann:secret-1,":                       "token 2: neither name:token",
		":secret-1":                           "name before the colon",
		"ann:":                                `token of "ann" is missing`,
		"ann:secret 1":                        "white space",
		"ann:sha256:secret":                   "64 hexadecimal digits",
		"ann:sha256:" + digest("x") + "00":    "64 hexadecimal digits",
		"ann:secret-1,bob:secret-1":           `"ann" and "bob" have the same token`,
		"ann:x,bob:sha256:" + digest("x"):     `have the same token`,
		"ann:sha256:" + digest("x")[:62]:      "64 hexadecimal digits",
		"ann:sha256:" + "zz" + digest("")[2:]: "64 hexadecimal digits",
	} {
		_, err := token.Parse(list)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want %q", list, err, want)
		}
	}
}
