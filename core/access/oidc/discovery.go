package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/copilotkit-go/runtime/core/access/internal/jwt"
)

// discovery fetches an issuer's keys from where its discovery document says. It isn't
// safe for concurrent use.
type discovery struct {
	issuer string
	client *http.Client
	logger *slog.Logger
	// keysAddress is where the keys are, "" if that has yet to be found out.
	keysAddress string
}

// fetch returns the issuer's keys. After a failure it begins with the discovery again.
func (d *discovery) fetch(ctx context.Context) (keys jwt.Keys, err error) {
	if d.keysAddress == "" {
		d.keysAddress, err = d.discover(ctx)
	}
	if err == nil {
		keys, err = jwt.FetchKeys(ctx, d.client, d.keysAddress)
	}
	if err != nil {
		d.keysAddress = ""
		err = fmt.Errorf("ask the issuer %s: %w", d.issuer, err)
		d.logger.WarnContext(ctx, "the keys of the issuer of tokens could not be fetched", "error", err)
	}
	return keys, err
}

// discover returns where the issuer has its keys.
func (d *discovery) discover(ctx context.Context) (string, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, d.client), d.issuer)
	var mismatch *oidc.IssuerMismatchError
	if errors.As(err, &mismatch) {
		return "", fmt.Errorf("discovery: it calls itself %.100q, and that must be configured as the issuer", mismatch.Discovered)
	}
	if err != nil {
		return "", fmt.Errorf("discovery: %.200s", err) // it may quote the whole answer
	}
	var document struct {
		KeysAddress string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil {
		return "", fmt.Errorf("discovery: %w", err)
	}
	if err := jwt.CheckAddress(document.KeysAddress); err != nil {
		return "", fmt.Errorf("discovery: jwks_uri is %w", err)
	}
	if strings.HasPrefix(d.issuer, "https:") && !strings.HasPrefix(document.KeysAddress, "https:") {
		return "", errors.New("discovery: jwks_uri has no https://, and the issuer has")
	}
	return document.KeysAddress, nil
}
