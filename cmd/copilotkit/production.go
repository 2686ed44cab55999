package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"

	"github.com/copilotkit-go/runtime/agentcore"
	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
)

// serveProduction answers the requests of everybody whom COPILOTKIT_AUTH lets in, on all
// addresses, until ctx ends. It has no playground. Logs go to out.
func serveProduction(ctx context.Context, env bundle.Env, out io.Writer) error {
	settings, err := bundle.Read(env, platforms.Image().Defaults)
	if err != nil {
		return err
	}
	return listenAndServe(ctx, settings, out, site{
		handler: func(next http.Handler, runtime *core.Runtime) http.Handler {
			if settings.AgentCore {
				next = agentcore.Handler(next, runtime.Wait)
			}
			return bundle.WithDeadline(next, settings.MaxRequest)
		},
		started: func(logger *slog.Logger, address net.Addr) { logger.Info("listening", "address", address.String()) },
	})
}
