package oidc

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/copilotkit-go/runtime/core/access/internal/jwt"
)

// Ask asks an issuer for its keys, as a [Verifier] does when the first token comes, and
// returns how many there are that can verify a signature. A nil client is one with the
// default transport. The answers' size is limited, and ctx their time.
func Ask(ctx context.Context, issuer string, client *http.Client) (keys int, err error) {
	d := &discovery{issuer: issuer, client: jwt.NewClient(client), logger: slog.New(slog.DiscardHandler)}
	found, err := d.fetch(ctx)
	return len(found), err
}
