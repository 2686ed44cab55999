package managed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// How long the call may take, and how long its answer is used: that of an active project,
// and any other.
const (
	entitlementsTimeout = 1500 * time.Millisecond
	activeFor           = 30 * time.Second
	otherwiseFor        = 5 * time.Second
)

// What /info says where the platform couldn't be asked, and where it never can.
var (
	unavailable = intelligence.Entitlements{
		License: "unknown",
		JSON:    json.RawMessage(`{"status":"unavailable","error":{"code":"runtime_entitlements_unavailable","message":"Runtime entitlement lookup failed","retryable":true}}`),
	}
	misconfigured = intelligence.Entitlements{
		License: "none",
		JSON:    json.RawMessage(`{"status":"misconfigured","error":{"code":"runtime_entitlements_misconfigured","message":"Runtime entitlement lookup is misconfigured","retryable":false}}`),
	}
)

// entitlements are what was found out last. Whoever asks while somebody does waits for
// that.
type entitlements struct {
	mu      sync.Mutex
	latest  intelligence.Entitlements
	since   time.Time
	life    time.Duration
	pending chan struct{} // closed when who asks has an answer; nil while nobody does
}

// Entitlements implements [intelligence.Platform]. It returns within 1.5 s. An answer is
// used for 30 s, or for 5 s if the project isn't active or the call failed. The JSON must
// not be changed.
func (p *Platform) Entitlements(ctx context.Context) intelligence.Entitlements {
	e := &p.entitlements
	e.mu.Lock()
	// By the wall clock, which goes on while a platform freezes the instance.
	if age := time.Now().Round(0).Sub(e.since); age >= 0 && age < e.life {
		defer e.mu.Unlock()
		return e.latest
	}
	if pending := e.pending; pending != nil {
		e.mu.Unlock()
		select {
		case <-pending:
			e.mu.Lock()
			defer e.mu.Unlock()
			return e.latest
		case <-ctx.Done():
			return unavailable
		}
	}
	e.pending = make(chan struct{})
	e.mu.Unlock()
	// In the goroutine of who asks first, but not until that client leaves: others wait.
	latest, life := p.askEntitlements(context.WithoutCancel(ctx))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.latest, e.life, e.since = latest, life, time.Now().Round(0)
	close(e.pending)
	e.pending = nil
	return latest
}

func (p *Platform) askEntitlements(ctx context.Context) (intelligence.Entitlements, time.Duration) {
	answer, err := p.object(ctx, call{
		name: "get entitlements", method: http.MethodGet, path: "/api/entitlements/runtime", timeout: entitlementsTimeout,
	})
	if err != nil {
		p.logger.WarnContext(ctx, "what the intelligence platform's project may use is unknown", "error", err)
		if permanent(err) {
			return misconfigured, otherwiseFor
		}
		return unavailable, otherwiseFor
	}
	switch {
	case degraded.fits(answer):
		failure, _ := jsonscan.Lookup(answer, "error")
		retryable, _ := jsonscan.Lookup(failure, "retryable")
		license := misconfigured.License
		if string(retryable) == "true" {
			license = unavailable.License
		}
		return intelligence.Entitlements{JSON: answer, License: license}, otherwiseFor
	case ready.fits(answer):
	case flat.fits(answer):
		answer = nested(answer)
	default:
		p.logger.WarnContext(ctx, "what the intelligence platform's project may use is unknown", "error", errAnswer)
		return misconfigured, otherwiseFor
	}
	entitlement, _ := jsonscan.Lookup(answer, "entitlement")
	if active, _ := jsonscan.Lookup(entitlement, "active"); string(active) == "true" {
		return intelligence.Entitlements{JSON: answer, License: "valid"}, activeFor
	}
	return intelligence.Entitlements{JSON: answer, License: "none"}, otherwiseFor
}

// permanent reports whether a call will fail again until somebody changes something.
func permanent(err error) bool {
	failed, ok := errors.AsType[*intelligence.Error](err)
	if !ok || failed.Status == 0 {
		return errors.Is(err, errAnswer)
	}
	switch failed.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return failed.Status < 500
}

// nested returns the answer of older platforms as newer ones have it.
func nested(entitlement []byte) json.RawMessage {
	var b bytes.Buffer
	b.WriteString(`{"status":"ready","entitlement":`)
	separator := byte('{')
	for m := jsonscan.MembersOf(entitlement); m.Next(); {
		if string(m.Name) == "organizationId" {
			continue
		}
		b.WriteByte(separator)
		b.Write(jsonscan.AppendString(b.AvailableBuffer(), m.Name))
		b.WriteByte(':')
		b.Write(m.Value)
		separator = ','
	}
	b.WriteString("}}")
	return b.Bytes()
}
