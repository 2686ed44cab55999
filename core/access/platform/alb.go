package platform

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/access/internal/jwt"
)

// loadBalancerHeader has the claims of a user whom an Application Load Balancer has
// authenticated. Its token is padded, and signed so, which libraries for tokens refuse.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
const loadBalancerHeader = "X-Amzn-Oidc-Data"

// loadBalancer verifies the tokens of one load balancer.
type loadBalancer struct {
	arn  string
	keys *keyCache
}

func newLoadBalancer(config Config) (*loadBalancer, error) {
	base := keysAddress(config.LoadBalancer)
	if base == "" {
		return nil, errors.New("not the ARN of an Application Load Balancer, such as arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/name/0123456789abcdef")
	}
	client := jwt.NewClient(config.HTTPClient)
	fetch := func(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
		key, err := fetchKey(ctx, client, base+id)
		if err != nil && !errors.Is(err, errNoSuchKey) {
			config.Logger.WarnContext(ctx, "a key of the load balancer could not be fetched", "error", err)
		}
		return key, err
	}
	return &loadBalancer{config.LoadBalancer, newKeyCache(fetch)}, nil
}

// keysAddress returns what the addresses of the keys begin with for a load balancer, ""
// if that isn't one.
func keysAddress(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "elasticloadbalancing" || !isName(parts[4]) {
		return ""
	}
	region := parts[3]
	name, isApplication := strings.CutPrefix(parts[5], "loadbalancer/app/")
	if !isName(region) || !isApplication || !isName(strings.Replace(name, "/", "-", 1)) {
		return ""
	}
	switch parts[1] {
	case "aws":
		return "https://public-keys.auth.elb." + region + ".amazonaws.com/"
	case "aws-us-gov":
		return "https://s3-" + region + ".amazonaws.com/aws-elb-public-keys-prod-" + region + "/"
	}
	return ""
}

// isName reports whether s is a name that can be part of an address without changing
// where that leads.
func isName(s string) bool {
	return 0 < len(s) && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// verify returns the claims of a token that the load balancer has signed.
func (b *loadBalancer) verify(ctx context.Context, text string) (jwt.Claims, error) {
	token, err := jwt.Parse(text)
	if err != nil {
		return nil, err
	}
	header := token.Header
	switch {
	case header.Algorithm != "ES256":
		return nil, errors.New("the token isn't signed with ES256")
	case header.All.Text("signer") != b.arn:
		// The same keys sign for everybody's load balancers in a region.
		return nil, fmt.Errorf("the token isn't signed by the load balancer %s", b.arn)
	case !isName(header.KeyID):
		return nil, errors.New("the token names no key")
	}
	// The load balancer puts the time into the header, and may put it into the claims.
	if err := header.All.CheckTimes(time.Now()); err != nil {
		return nil, err
	}
	if _, present := token.Claims["exp"]; present {
		if err := token.Claims.CheckTimes(time.Now()); err != nil {
			return nil, err
		}
	}
	key, err := b.keys.get(ctx, header.KeyID)
	if err != nil {
		return nil, err
	}
	if !verifies(key, token) {
		return nil, errors.New("the token's signature is wrong")
	}
	return token.Claims, nil
}

// verifies reports whether the key has signed the token with ES256 (RFC 7518, 3.4).
func verifies(key *ecdsa.PublicKey, token *jwt.Token) bool {
	if len(token.Signature) != 64 {
		return false
	}
	digest := sha256.Sum256(token.Signed)
	r, s := new(big.Int).SetBytes(token.Signature[:32]), new(big.Int).SetBytes(token.Signature[32:])
	return ecdsa.Verify(key, digest[:], r, s)
}

// errNoSuchKey means that there is no key of that id.
var errNoSuchKey = errors.New("there is no such key as the token is signed with")

// fetchKey returns the key at an address, which is in PEM.
func fetchKey(ctx context.Context, client *http.Client, address string) (*ecdsa.PublicKey, error) {
	document, err := jwt.Fetch(ctx, client, address)
	var status *jwt.StatusError
	if errors.As(err, &status) && (status.Status == http.StatusForbidden || status.Status == http.StatusNotFound) {
		return nil, errNoSuchKey
	}
	if err != nil {
		return nil, fmt.Errorf("fetch a key: %w", err)
	}
	block, _ := pem.Decode(document)
	if block == nil {
		return nil, errors.New("fetch a key: the answer isn't in PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("fetch a key: %w", err)
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("fetch a key: it isn't one for ES256")
	}
	return key, nil
}
