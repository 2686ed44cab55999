package jwt

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// MaxToken is the length of the longest token that is looked at.
	MaxToken = 16 << 10
	// Leeway is how far the clocks of an issuer and this runtime may be apart, either way.
	Leeway = 60 * time.Second
)

// Token is what a token says. Nothing of it is true before its signature is verified.
type Token struct {
	Header Header
	Claims Claims
	// Signed is the part that the signature is made of.
	Signed []byte
	// Signature is the signature's bytes.
	Signature []byte
}

// Header is the first part of a token, which says how it is signed. Its fields are
// texts, empty where a token has something else or nothing.
type Header struct {
	// Algorithm, KeyID and Type are alg, kid and typ.
	Algorithm, KeyID, Type string
	// All are all fields.
	All Claims
}

// Claims are the fields of a JSON object.
type Claims map[string]any

// Text returns a claim that is a text, and "" if it isn't there or something else.
func (c Claims) Text(name string) string {
	text, _ := c[name].(string)
	return text
}

// Texts returns a claim that is a list of texts, or one text.
func (c Claims) Texts(name string) []string {
	switch value := c[name].(type) {
	case string:
		return []string{value}
	case []any:
		var texts []string
		for _, element := range value {
			if text, ok := element.(string); ok {
				texts = append(texts, text)
			}
		}
		return texts
	}
	return nil
}

// Parse takes a token apart (RFC 7515, compact form). Parts may be padded. Its errors
// don't quote the token.
func Parse(text string) (*Token, error) {
	if len(text) > MaxToken {
		return nil, fmt.Errorf("the token has more than %d bytes", MaxToken)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("the token isn't a signed JSON Web Token, which has three parts")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(strings.TrimRight(part, "=")); err != nil {
			return nil, errors.New("the token isn't in base64url")
		}
	}
	token := &Token{Signed: []byte(text[:strings.LastIndexByte(text, '.')]), Signature: decoded[2]}
	if json.Unmarshal(decoded[0], &token.Header.All) != nil || json.Unmarshal(decoded[1], &token.Claims) != nil {
		return nil, errors.New("the token isn't JSON")
	}
	all := token.Header.All
	token.Header.Algorithm, token.Header.KeyID, token.Header.Type = all.Text("alg"), all.Text("kid"), all.Text("typ")
	return token, nil
}

// CheckTimes returns an error unless exp is there and isn't over, and nbf, if it is
// there, has come; [Leeway] is allowed for.
func (c Claims) CheckTimes(now time.Time) error {
	seconds := float64(now.Unix())
	expires, ok := c["exp"].(float64)
	if !ok {
		return errors.New("the token has no time at which it expires")
	}
	if seconds >= expires+Leeway.Seconds() {
		return fmt.Errorf("the token has expired, %s ago; if it is a new one, the clock of this machine or the issuer's is wrong", apart(seconds-expires))
	}
	if from, present := c["nbf"]; present {
		begins, ok := from.(float64)
		if !ok {
			return errors.New("the token isn't valid yet, since its nbf is no number")
		}
		if seconds < begins-Leeway.Seconds() {
			return fmt.Errorf("the token isn't valid yet, for another %s: the clock of this machine or the issuer's is wrong", apart(begins-seconds))
		}
	}
	return nil
}

// apart returns a number of seconds from a token, which may be any, as people read it.
func apart(seconds float64) string {
	const day = 24 * 60 * 60
	if seconds >= 2*day {
		return fmt.Sprintf("%.0f days", min(seconds/day, 1e6))
	}
	return (time.Duration(seconds) * time.Second).String()
}

// checkAudience returns an error unless the token is for one of these audiences. A
// token that names none is for the client that it was issued to, as access tokens of
// Cognito (client_id) and session tokens of Clerk (azp) are.
func (c Claims) checkAudience(audiences []string) error {
	var meant []string
	for _, name := range []string{"aud", "client_id", "azp"} {
		if _, present := c[name]; present {
			meant = c.Texts(name)
			break
		}
	}
	for _, audience := range meant {
		if slices.Contains(audiences, audience) {
			return nil
		}
	}
	return fmt.Errorf("the token is for the audience %s, not for %q", quote(strings.Join(meant, " ")), audiences)
}

// quote returns the beginning of a text from a token, which anybody may have written.
func quote(text string) string { return fmt.Sprintf("%.100q", text) }

// Name returns what people call the user, "" if the token doesn't say.
func (c Claims) Name() string {
	return cmp.Or(c.Text("name"), c.Text("preferred_username"), c.Text("email"))
}
