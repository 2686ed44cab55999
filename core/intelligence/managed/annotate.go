package managed

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
)

// Annotate implements [intelligence.Platform].
func (p *Platform) Annotate(ctx context.Context, user string, annotation intelligence.Annotation) (json.RawMessage, error) {
	body := filled(map[string]any{"type": annotation.Type, "threadId": annotation.ThreadID}, "occurredAt", annotation.OccurredAt)
	if annotation.Payload != nil {
		body["payload"] = annotation.Payload
	}
	return p.object(ctx, call{
		name: "annotate", method: http.MethodPut, path: "/connector/annotate/", id: cmp.Or(annotation.ID, agui.NewID()), hasID: true,
		user: user, place: inBody, body: body,
	})
}
