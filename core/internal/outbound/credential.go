package outbound

import (
	"net/http"
	"net/url"
	"strings"
)

// credentialEndings are what a word of a header's name ends with that makes it a
// credential: Authorization, X-Api-Key, X-AuthToken, Cookie, and what gates in front
// of a runtime add, such as X-Goog-Iap-Jwt-Assertion.
var credentialEndings = [...]string{
	"authorization", "key", "token", "jwt", "assertion", "secret", "password", "credential", "credentials", "cookie",
}

// IsCredential reports whether the header of this name is there to prove who sends
// it, so that whoever gets it could act as the caller.
func IsCredential(name string) bool {
	name = strings.ToLower(name)
	if name == "x-amzn-oidc-data" || strings.HasSuffix(name, "-auth") {
		return true
	}
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '-' || r == '_' }) {
		for _, ending := range credentialEndings {
			if strings.HasSuffix(word, ending) {
				return true
			}
		}
	}
	return false
}

// Credentials returns what of a request proves who sends it: the headers that do, and the
// password of its address. Unlike all of [NewSecrets] it can be taken out of what a server
// answers, since nothing else is likely to be the same.
func Credentials(header http.Header, address *url.URL) Secrets {
	proofs := make(http.Header)
	for name, values := range header {
		if IsCredential(name) {
			proofs[name] = values
		}
	}
	password, _ := address.User.Password()
	return Secrets(nil).add(password).With(proofs)
}
