package platform

import (
	"context"

	"github.com/copilotkit-go/runtime/core/access/internal/jwt"
)

// What is known of Google's Identity-Aware Proxy.
//
// Source: https://cloud.google.com/iap/docs/signed-headers-howto
const (
	iapHeader = "X-Goog-Iap-Jwt-Assertion"
	iapIssuer = "https://cloud.google.com/iap"
	iapKeys   = "https://www.gstatic.com/iap/verify/public_key-jwk"
)

func newIAP(config Config) *jwt.Verifier {
	client := jwt.NewClient(config.HTTPClient)
	return &jwt.Verifier{
		Issuer:     iapIssuer,
		Audiences:  []string{config.IAPAudience},
		Algorithms: []string{"ES256"},
		Keys: jwt.NewSource(func(ctx context.Context) (jwt.Keys, error) {
			keys, err := jwt.FetchKeys(ctx, client, iapKeys)
			if err != nil {
				config.Logger.WarnContext(ctx, "the keys of Identity-Aware Proxy could not be fetched", "error", err)
			}
			return keys, err
		}),
	}
}
