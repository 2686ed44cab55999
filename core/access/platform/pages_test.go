package platform_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/platform"
)

// Both front doors know a browser by its cookie, and so let in what any page has it send.
func TestPagesOfOtherSitesCanNotActAsTheirVisitor(t *testing.T) {
	w := newWorld()
	key := w.newKey(t, keyID)
	for header, token := range map[string]string{albHeader: albToken(t, key, nil, nil), iapHeader: iapToken(t, key, nil)} {
		for name, test := range map[string]struct {
			method, origin, site string
			refused              bool
		}{
			"a form of another site":            {"POST", "https://evil.example", "cross-site", true},
			"one in an older browser":           {"POST", "https://evil.example", "", true},
			"a page of another host":            {"POST", "https://other.example.com", "same-site", true},
			"the runtime's own page":            {"POST", "https://example.com", "same-origin", false},
			"a page that is named":              {"POST", "https://app.example.com", "same-site", false},
			"a program":                         {"POST", "", "", false},
			"a link on another site to a route": {"GET", "", "cross-site", false},
		} {
			r := httptest.NewRequest(test.method, "https://example.com/", nil)
			r.Header.Set(header, token)
			for name, value := range map[string]string{"Origin": test.origin, "Sec-Fetch-Site": test.site} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			user, err := w.verifier(t, platform.Config{LoadBalancer: arn, IAPAudience: iapAudience, Origins: []string{"https://app.example.com"}}).Identify(r)
			var refused *access.Error
			switch {
			case test.refused && (!errors.As(err, &refused) || !refused.Forbidden):
				t.Errorf("%s, %s: got %v, %v", header, name, user, err)
			case !test.refused && (err != nil || user.ID == ""):
				t.Errorf("%s, %s: got %v, %v", header, name, user, err)
			}
		}
	}
}
