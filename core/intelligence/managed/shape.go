package managed

import (
	"math"
	"slices"
	"strconv"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// shape is what an object may have, and nothing else.
type shape struct {
	required, optional map[string]func(value []byte) bool
}

// The answers about entitlements: of a project that is known, of one that isn't for now,
// and the former as older platforms have it.
var (
	ready = shape{required: members{"status": oneOf("ready"), "entitlement": shape{entitlement, entitlementOptions}.fits}}
	flat  = shape{
		required: members{
			"active": entitlement["active"], "source": entitlement["source"], "features": entitlement["features"], "limits": entitlement["limits"],
			"organizationId": ofKind("string"),
		},
		optional: entitlementOptions,
	}
	degraded = shape{required: members{
		"status": oneOf("degraded", "misconfigured", "unavailable"),
		"error": shape{
			required: members{"code": ofKind("string"), "message": ofKind("string"), "retryable": ofKind("boolean")},
			optional: members{"requestId": ofKind("string"), "traceId": ofKind("string")},
		}.fits,
	}}

	entitlement = members{
		"active":   ofKind("boolean"),
		"source":   oneOf("managedOrgSubscription", "selfHostedDeploymentLicense", "awsMarketplaceDeploymentLicense"),
		"features": eachMember(ofKind("boolean")),
		"limits":   eachMember(isNumber),
	}
	entitlementOptions = members{"planCode": ofKind("string"), "entitlementSource": ofKind("string")}
)

// members are checks of an object's members.
type members = map[string]func(value []byte) bool

// fits reports whether a JSON value has the shape.
func (s shape) fits(value []byte) bool {
	if jsonscan.Kind(value) != "object" {
		return false
	}
	for m := jsonscan.MembersOf(value); m.Next(); {
		check := s.required[string(m.Name)]
		if check == nil {
			check = s.optional[string(m.Name)]
		}
		if check == nil || !check(m.Value) {
			return false
		}
	}
	for name := range s.required {
		if _, ok := jsonscan.Lookup(value, name); !ok {
			return false
		}
	}
	return true
}

func ofKind(kind string) func([]byte) bool {
	return func(value []byte) bool { return jsonscan.Kind(value) == kind }
}

func oneOf(texts ...string) func([]byte) bool {
	return func(value []byte) bool {
		return jsonscan.Kind(value) == "string" && slices.Contains(texts, string(jsonscan.Text(value)))
	}
}

func eachMember(check func([]byte) bool) func([]byte) bool {
	return func(value []byte) bool {
		if jsonscan.Kind(value) != "object" {
			return false
		}
		for m := jsonscan.MembersOf(value); m.Next(); {
			if !check(m.Value) {
				return false
			}
		}
		return true
	}
}

// isNumber reports whether a value is a number that JavaScript can hold.
func isNumber(value []byte) bool {
	number, err := strconv.ParseFloat(string(value), 64)
	return jsonscan.Kind(value) == "number" && err == nil && !math.IsInf(number, 0)
}
