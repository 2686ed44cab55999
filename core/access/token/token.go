// Package token lets those in who have a token that the deployment lists.
package token

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/copilotkit-go/runtime/core/access"
)

// Tokens are the tokens of a deployment. They are safe for concurrent use.
type Tokens struct {
	entries []entry
}

// entry is a token, of which only the digest is kept.
type entry struct {
	name   string
	digest [sha256.Size]byte
}

// Parse returns the tokens of a comma-separated list of "name:token" and
// "name:sha256:digest", where the digest is that of the token in hexadecimal. A name
// may have several tokens, so that one can be replaced by another. The error quotes no
// token.
func Parse(list string) (*Tokens, error) {
	tokens := &Tokens{}
	for i, item := range strings.Split(list, ",") {
		e, err := parseEntry(strings.TrimSpace(item))
		if err != nil {
			return nil, fmt.Errorf("token %d: %w", i+1, err)
		}
		for _, other := range tokens.entries {
			if other.digest == e.digest && other.name != e.name {
				return nil, fmt.Errorf("token %d: %q and %q have the same token", i+1, other.name, e.name)
			}
		}
		tokens.entries = append(tokens.entries, e)
	}
	return tokens, nil
}

func parseEntry(item string) (entry, error) {
	name, value, found := strings.Cut(item, ":")
	switch {
	case !found:
		return entry{}, errors.New("neither name:token nor name:sha256:digest")
	case name == "":
		return entry{}, errors.New("the name before the colon is missing")
	case value == "":
		return entry{}, fmt.Errorf("the token of %q is missing", name)
	case strings.ContainsFunc(item, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return entry{}, errors.New("there is white space or a control character in it")
	}
	digest, hashed := strings.CutPrefix(value, "sha256:")
	if !hashed {
		return entry{name, sha256.Sum256([]byte(value))}, nil
	}
	e := entry{name: name}
	if n, err := hex.Decode(e.digest[:], []byte(digest[:min(len(digest), 2*sha256.Size)])); err != nil || n != sha256.Size || len(digest) != 2*sha256.Size {
		return entry{}, fmt.Errorf("the digest of %q isn't %d hexadecimal digits", name, 2*sha256.Size)
	}
	return e, nil
}

// Identify returns the user whose token the request has: the token's name is the
// user's id. The time that it takes tells nothing about the tokens.
func (t *Tokens) Identify(r *http.Request) (access.User, error) {
	given, err := access.Bearer(r)
	if err != nil {
		return access.User{}, err
	}
	digest := sha256.Sum256([]byte(given))
	found := -1
	for i := range t.entries {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(digest[:], t.entries[i].digest[:]), i, found)
	}
	if found < 0 {
		return access.User{}, access.InvalidToken(errors.New("no such token"))
	}
	name := t.entries[found].name
	return access.User{ID: name, Name: name}, nil
}
