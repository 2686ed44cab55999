package intelligencetest

import (
	"encoding/json"
	"errors"
	"net/http"
)

var errUnknownScope = errors.New("unknown scope")

// project is what the platform says of the project whose key it has.
type project struct {
	entitlements json.RawMessage
	inspector    json.RawMessage
}

func readyProject() project {
	return project{
		entitlements: json.RawMessage(`{"status":"ready","entitlement":{"active":true,"source":"managedOrgSubscription","features":{},"limits":{}}}`),
		inspector: json.RawMessage(`{"schemaVersion":1,"identity":{"organizationName":"Organization","projectName":"Project"},` +
			`"plan":{"code":"developer","label":"Developer"},"license":{"state":"valid"}}`),
	}
}

// SetEntitlements changes what the project may use, as JSON.
func (p *Platform) SetEntitlements(body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.project.entitlements = json.RawMessage(body)
}

// SetInspectorMetadata changes what inspectors show, as JSON; "" answers 204.
func (p *Platform) SetInspectorMetadata(body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.project.inspector = json.RawMessage(body)
}

func (p *Platform) entitlements(c *call) {
	c.reply(http.StatusOK, p.project.entitlements)
}

func (p *Platform) inspectorMetadata(c *call) {
	if len(p.project.inspector) == 0 {
		c.reply(http.StatusNoContent, nil)
		return
	}
	c.reply(http.StatusOK, p.project.inspector)
}

// annotate records what a user has done, once.
func (p *Platform) annotate(c *call) {
	body := c.body("type", "userId", "threadId", "payload", "occurredAt")
	for _, name := range []string{"type", "userId", "threadId"} {
		c.required(body, name)
	}
	if c.answered {
		return
	}
	duplicate := p.actions[c.id()]
	p.actions[c.id()] = true
	c.reply(http.StatusOK, map[string]any{"id": c.id(), "duplicate": duplicate})
}
