// Package aws signs requests to Amazon Bedrock with the identity that the program has
// on AWS: the role of a function, a task, a pod or an instance, or the profile of a
// developer.
//
//	bundle.New(ctx, os.Environ, bundle.WithSignIn("aws", aws.SignIn()))
package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/internal/token"
	"github.com/copilotkit-go/runtime/core/model"
)

// service is the name of Amazon Bedrock in signatures.
const service = "bedrock"

// SignIn returns a function that signs requests by the default chain of AWS: variables
// of the environment, files of ~/.aws with AWS_PROFILE, web identity, the container's
// endpoint, the instance's. The region is that of the request's host, or else that of
// the chain.
//
// The chain is consulted at the first request, and again before what it gave expires,
// or after a quarter of an hour. That takes twenty seconds at most. A failure is a
// [*model.Error] with the code auth_failed.
func SignIn() model.SignIn {
	s := &signer{signer: v4.NewSigner()}
	s.tokens = token.NewCache(s.fetch)
	return s.sign
}

// signer signs requests. It is safe for concurrent use.
type signer struct {
	signer *v4.Signer
	// tokens says when the identity is due for another one, by the ids of its keys.
	tokens *token.Cache
	// identity is that of the last token, or a newer one.
	identity atomic.Pointer[identity]
}

// identity is who the program is, and the region that it is configured for, if any.
type identity struct {
	credentials aws.Credentials
	region      string
}

// undated is how long an identity is kept that names no end. Where it comes from may
// have another one by then. It is replaced five minutes before that.
const undated = 20 * time.Minute

// fetch has the chain find an identity.
func (s *signer) fetch(ctx context.Context) (token.Token, error) {
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return token.Token{}, fmt.Errorf("load the configuration: %w", err)
	}
	credentials, err := loaded.Credentials.Retrieve(ctx)
	if err != nil {
		return token.Token{}, err
	}
	ends := time.Now().Add(undated)
	if credentials.CanExpire {
		ends = credentials.Expires
	}
	s.identity.Store(&identity{credentials, loaded.Region})
	return token.Token{Value: credentials.AccessKeyID, Expiry: ends}, nil
}

// sign signs a request whose body is given.
func (s *signer) sign(request *http.Request, body []byte) error {
	ctx := request.Context()
	if _, err := s.tokens.Get(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return model.NewError(model.CodeAuthFailed, errors.New("sign in to AWS (environment, shared files, web identity, container, instance): "+redact(err)))
	}
	who := s.identity.Load()
	region := who.region
	if found := regionalHost().FindStringSubmatch(request.URL.Hostname()); found != nil {
		region = found[1]
	}
	if region == "" {
		return model.NewError(model.CodeAuthFailed, errors.New("sign in to AWS: no region: set AWS_REGION"))
	}
	// An earlier attempt may have been signed by another session.
	request.Header.Del("Authorization")
	request.Header.Del("X-Amz-Security-Token")
	sum := sha256.Sum256(body)
	if err := s.signer.SignHTTP(ctx, who.credentials, request, hex.EncodeToString(sum[:]), service, region, time.Now()); err != nil {
		return model.NewError(model.CodeAuthFailed, fmt.Errorf("sign the request: %w", err))
	}
	return nil
}

// maxCause is how much of an error is logged, in bytes.
const maxCause = 512

// redact returns an error's text without the secrets of the environment, which what was
// asked may quote.
func redact(err error) string {
	var secrets []string
	for _, variable := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"} {
		secrets = append(secrets, os.Getenv(variable))
	}
	text := outbound.Secrets(nil).WithTexts(secrets...).RedactText(err.Error())
	return strings.ToValidUTF8(text[:min(len(text), maxCause)], "")
}

// regionalHost matches the hosts of a region's services, those of VPC endpoints too.
var regionalHost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\.([a-z]{2,}(?:-[a-z0-9]+)+)\.(?:vpce\.)?(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|api\.aws)$`)
})
