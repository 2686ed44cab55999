package platform_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/platform"
)

const (
	arn         = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/front/50dc6c495c0c9188"
	iapAudience = "/projects/123456789/locations/europe-west1/services/copilotkit"
	albHeader   = "X-Amzn-Oidc-Data"
	iapHeader   = "X-Goog-Iap-Jwt-Assertion"
	keyID       = "12345678-1234-1234-1234-123456789012"
)

// world has the public keys of both platforms, and is reached without a network.
type world struct {
	mu    sync.Mutex
	keys  map[string]*ecdsa.PrivateKey
	down  bool
	asked []string
}

func newWorld() *world { return &world{keys: make(map[string]*ecdsa.PrivateKey)} }

func (w *world) newKey(t *testing.T, id string) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.keys[id] = key
	return key
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	address := r.URL.String()
	w.asked = append(w.asked, address)
	if w.down {
		return nil, errors.New("connection refused")
	}
	answer := httptest.NewRecorder()
	if address == "https://www.gstatic.com/iap/verify/public_key-jwk" {
		var set jose.JSONWebKeySet
		for id, key := range w.keys {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: "ES256", Use: "sig"})
		}
		_ = json.NewEncoder(answer).Encode(set)
	} else if key := w.keys[address[strings.LastIndexByte(address, '/')+1:]]; key != nil {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			return nil, err
		}
		_ = pem.Encode(answer, &pem.Block{Type: "PUBLIC KEY", Bytes: der})
	} else {
		answer.WriteHeader(http.StatusForbidden)
	}
	response := answer.Result()
	response.Request = r
	return response, nil
}

func (w *world) verifier(t *testing.T, config platform.Config) *platform.Verifier {
	t.Helper()
	config.HTTPClient = &http.Client{Transport: w}
	config.Logger = slog.New(slog.DiscardHandler)
	verifier, err := platform.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

type object = map[string]any

// albToken returns a token as the load balancer makes it: padded, and signed so.
func albToken(t *testing.T, key *ecdsa.PrivateKey, header, claims object) string {
	t.Helper()
	all := object{"typ": "JWT", "kid": keyID, "alg": "ES256", "iss": "https://idp.example.com", "client": "abc", "signer": arn, "exp": time.Now().Unix() + 120}
	user := object{"sub": "user-1", "name": "Ada", "email": "ada@example.com"}
	signed := encode(t, with(all, header)) + "." + encode(t, with(user, claims))
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return signed + "." + base64.URLEncoding.EncodeToString(signature)
}

func encode(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	for len(encoded)%3 == 0 {
		encoded = append(encoded, ' ') // so that there is padding
	}
	return base64.URLEncoding.EncodeToString(encoded)
}

// with returns an object with changes; nil removes a field.
func with(all, changes object) object {
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

func iapToken(t *testing.T, key *ecdsa.PrivateKey, changes object) string {
	t.Helper()
	now := time.Now().Unix()
	claims := object{
		"iss": "https://cloud.google.com/iap", "aud": iapAudience, "sub": "accounts.google.com:1234567890",
		"email": "ada@example.com", "hd": "example.com", "iat": now, "exp": now + 600,
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, new(jose.SignerOptions).WithType("JWT").WithHeader("kid", keyID))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(with(claims, changes))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func request(header, token string) *http.Request {
	r := httptest.NewRequest("GET", "/info", nil)
	r.Header.Set(header, token)
	return r
}

func TestTheLoadBalancersHeader(t *testing.T) {
	w := newWorld()
	key := w.newKey(t, keyID)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	for _, test := range []struct {
		name  string
		token string
		// refused is what the reason has in it, "" if the user is let in.
		refused string
	}{
		{"as it is sent", albToken(t, key, nil, nil), ""},
		{"with a time in the claims too", albToken(t, key, nil, object{"exp": now + 100, "iss": "https://idp.example.com"}), ""},
		{"signed by another key", albToken(t, other, nil, nil), "signature"},
		{"from another load balancer", albToken(t, key, object{"signer": strings.Replace(arn, "/front/", "/evil/", 1)}, nil), "isn't signed by the load balancer"},
		{"from a load balancer whose name begins alike", albToken(t, key, object{"signer": arn + "0"}, nil), "isn't signed by the load balancer"},
		{"from nobody", albToken(t, key, object{"signer": nil}, nil), "isn't signed by the load balancer"},
		{"with the load balancer in the claims", albToken(t, key, object{"signer": nil}, object{"signer": arn}), "isn't signed by the load balancer"},
		{"expired", albToken(t, key, object{"exp": now - 61}, nil), "expired"},
		{"expired by its claims", albToken(t, key, nil, object{"exp": now - 61}), "expired"},
		{"without a time", albToken(t, key, object{"exp": nil}, nil), "no time"},
		{"with another algorithm", albToken(t, key, object{"alg": "none"}, nil), "ES256"},
		{"with an HMAC", albToken(t, key, object{"alg": "HS256"}, nil), "ES256"},
		{"without a key", albToken(t, key, object{"kid": nil}, nil), "names no key"},
		{"with a path for a key", albToken(t, key, object{"kid": "../" + keyID}, nil), "names no key"},
		{"with an address for a key", albToken(t, key, object{"kid": "@evil.test/" + keyID}, nil), "names no key"},
		{"with a long name for a key", albToken(t, key, object{"kid": strings.Repeat("a", 65)}, nil), "names no key"},
		{"with a key that isn't there", albToken(t, key, object{"kid": "87654321-1234-1234-1234-123456789012"}, nil), "no such key"},
		{"without a user", albToken(t, key, nil, object{"sub": nil}), "names no user"},
		{"changed", strings.Replace(albToken(t, key, nil, nil), ".", ".A", 1), ""},
		{"that is no token", "user-1", "three parts"},
		{"that is empty", "", "three parts"},
		{"with a huge token", strings.Repeat("a", 17<<10), "more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			user, err := w.verifier(t, platform.Config{LoadBalancer: arn}).Identify(request(albHeader, test.token))
			if test.refused == "" && test.name != "changed" {
				if err != nil || user.ID != "user-1" || user.Name != "Ada" || user.Claims["email"] != "ada@example.com" {
					t.Errorf("got %+v, %v", user, err)
				}
				return
			}
			if !refused(err) || !strings.Contains(err.Error(), test.refused) {
				t.Errorf("got %v, want %s", err, test.refused)
			}
		})
	}
	for _, address := range w.asked {
		if !strings.HasPrefix(address, "https://public-keys.auth.elb.eu-central-1.amazonaws.com/") || strings.Count(address, "/") != 3 {
			t.Errorf("a key was looked for at %s", address)
		}
	}
}

func TestTheProxysHeader(t *testing.T) {
	w := newWorld()
	key := w.newKey(t, keyID)
	now := time.Now().Unix()
	for _, test := range []struct {
		name    string
		changes object
		refused string
	}{
		{"as it is sent", nil, ""},
		{"for another service", object{"aud": "/projects/1/global/backendServices/2"}, "audience"},
		{"from another issuer", object{"iss": "https://accounts.google.com"}, "issuer"},
		{"expired", object{"exp": now - 61}, "expired"},
		{"without a user", object{"sub": nil}, "names no user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			user, err := w.verifier(t, platform.Config{IAPAudience: iapAudience}).Identify(request(iapHeader, iapToken(t, key, test.changes)))
			if test.refused == "" {
				if err != nil || user.ID != "accounts.google.com:1234567890" || user.Name != "ada@example.com" {
					t.Errorf("got %+v, %v", user, err)
				}
				return
			}
			if !refused(err) || !strings.Contains(err.Error(), test.refused) {
				t.Errorf("got %v, want %s", err, test.refused)
			}
		})
	}
}

func TestOnlyWhatIsConfiguredIsBelieved(t *testing.T) {
	w := newWorld()
	key := w.newKey(t, keyID)
	alb, iap := albToken(t, key, nil, nil), iapToken(t, key, nil)
	twice := request(albHeader, alb)
	twice.Header.Add(albHeader, alb)
	unsigned := request("X-Amzn-Oidc-Identity", "user-1")
	unsigned.Header.Set("X-Goog-Authenticated-User-Id", "accounts.google.com:1")
	unsigned.Header.Set("X-Amzn-Oidc-Accesstoken", "token")
	for name, test := range map[string]struct {
		config platform.Config
		r      *http.Request
	}{
		"nothing at all":                        {platform.Config{LoadBalancer: arn, IAPAudience: iapAudience}, httptest.NewRequest("GET", "/", nil)},
		"headers without a signature":           {platform.Config{LoadBalancer: arn, IAPAudience: iapAudience}, unsigned},
		"the load balancer's, two of them":      {platform.Config{LoadBalancer: arn}, twice},
		"the load balancer's, with none set":    {platform.Config{}, request(albHeader, alb)},
		"the load balancer's, with IAP set":     {platform.Config{IAPAudience: iapAudience}, request(albHeader, alb)},
		"the load balancer's in IAP's header":   {platform.Config{LoadBalancer: arn, IAPAudience: iapAudience}, request(iapHeader, alb)},
		"the proxy's, with a load balancer set": {platform.Config{LoadBalancer: arn}, request(iapHeader, iap)},
		"the proxy's in the other header":       {platform.Config{LoadBalancer: arn, IAPAudience: iapAudience}, request(albHeader, iap)},
	} {
		if user, err := w.verifier(t, test.config).Identify(test.r); !refused(err) {
			t.Errorf("%s: got %+v, %v", name, user, err)
		}
	}
}

func TestAnEntrypointVouchesForAUser(t *testing.T) {
	want := access.User{ID: "user-2", Name: "Grace"}
	r := request(albHeader, "forged")
	r = r.WithContext(platform.WithUser(r.Context(), want))
	user, err := newWorld().verifier(t, platform.Config{LoadBalancer: arn}).Identify(r)
	if err != nil || user.ID != want.ID || user.Name != want.Name {
		t.Errorf("got %+v, %v", user, err)
	}
	if _, ok := platform.User(t.Context()); ok {
		t.Error("there is a user where nobody vouches for one")
	}
	for name, user := range map[string]access.User{
		"Ada":               {ID: "user-3", Claims: object{"name": "Ada", "email": "ada@example.com"}},
		"ada@example.com":   {ID: "user-3", Claims: object{"name": 7, "email": "ada@example.com"}},
		"as the door calls": {ID: "user-3", Name: "as the door calls", Claims: object{"name": "Ada"}},
	} {
		if got, _ := platform.User(platform.WithUser(t.Context(), user)); got.Name != name {
			t.Errorf("%+v is called %q, want %q", user, got.Name, name)
		}
	}
}

func TestRegionsThatHaveTheirKeysElsewhere(t *testing.T) {
	w := newWorld()
	key := w.newKey(t, keyID)
	governed := strings.NewReplacer("arn:aws:", "arn:aws-us-gov:", "eu-central-1", "us-gov-west-1").Replace(arn)
	if _, err := w.verifier(t, platform.Config{LoadBalancer: governed}).Identify(request(albHeader, albToken(t, key, object{"signer": governed}, nil))); err != nil {
		t.Error(err)
	}
	if want := "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/" + keyID; len(w.asked) != 1 || w.asked[0] != want {
		t.Errorf("asked %q", w.asked)
	}
}

func TestConfigurationsThatCannotWork(t *testing.T) {
	for _, config := range []platform.Config{
		{LoadBalancer: "front"},
		{LoadBalancer: "arn:aws:elasticloadbalancing:evil.test/:123456789012:loadbalancer/app/front/50dc6c495c0c9188"},
		{LoadBalancer: strings.Replace(arn, "loadbalancer/app", "loadbalancer/net", 1)},
		{LoadBalancer: strings.Replace(arn, "arn:aws:", "arn:aws-cn:", 1)},
		{IAPAudience: "https://copilot.example.com"},
	} {
		if _, err := platform.New(config); err == nil {
			t.Errorf("%+v is taken", config)
		}
	}
}

// refused reports whether an error is a 401.
func refused(err error) bool {
	var failure *access.Error
	return errors.As(err, &failure) && !failure.Forbidden && !errors.Is(err, access.ErrUnavailable)
}
