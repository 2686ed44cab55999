package a2ui

import (
	"encoding/json"
	"strconv"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// version begins each operation.
const version = `{"version":"v0.9",`

// snapshot returns the activity with that content in place of what it was. Its id says
// what it replaces.
func snapshot(id string, content []byte) agui.Event {
	return agui.ActivitySnapshotEvent{
		BaseEvent:    agui.BaseEvent{Extra: agui.Extra{"replace": json.RawMessage("true")}},
		MessageID:    "a2ui-surface-" + id,
		ActivityType: ActivityType,
		Content:      content,
	}
}

// appendSurface appends the operations that create a surface, up to those about its
// data. The components are valid JSON.
func appendSurface(dst []byte, surfaceID, catalogID string, components []byte) []byte {
	dst = append(dst, `{"a2ui_operations":[`+version+`"createSurface":{"surfaceId":`...)
	dst = jsonscan.AppendString(dst, surfaceID)
	dst = append(dst, `,"catalogId":`...)
	dst = jsonscan.AppendString(dst, catalogID)
	dst = append(dst, `}},`+version+`"updateComponents":{"surfaceId":`...)
	dst = jsonscan.AppendString(dst, surfaceID)
	dst = append(dst, `,"components":`...)
	dst = append(dst, components...)
	return append(dst, `}}`...)
}

// beginData appends the operation that sets the data of a surface, up to the data, and
// endData what comes after it.
func beginData(dst []byte, surfaceID string) []byte {
	dst = append(dst, `,`+version+`"updateDataModel":{"surfaceId":`...)
	dst = jsonscan.AppendString(dst, surfaceID)
	return append(dst, `,"path":"/","value":`...)
}

func endData(dst []byte) []byte { return append(dst, `}}`...) }

// building returns the content of a surface that is being built. If tokens is zero, it
// doesn't say how much there is.
func (x *Extension) building(tokens int) []byte {
	content := []byte(`{"status":"building"`)
	if tokens > 0 {
		content = append(content, `,"progressTokens":`...)
		content = strconv.AppendInt(content, int64(tokens), 10)
	}
	return x.exposed(content)
}

// retrying returns the content of a surface that was refused.
func (x *Extension) retrying(attempt int, problems []problem) []byte {
	content := []byte(`{"status":"retrying","attempt":`)
	content = strconv.AppendInt(content, int64(attempt), 10)
	content = append(content, `,"maxAttempts":`...)
	content = strconv.AppendInt(content, int64(x.config.Recovery.MaxAttempts), 10)
	content = append(content, `,"errors":[`...)
	for i, p := range problems {
		if i > 0 {
			content = append(content, ',')
		}
		content = append(content, `{"code":`...)
		content = jsonscan.AppendString(content, p.code)
		content = append(content, `,"path":`...)
		content = jsonscan.AppendString(content, p.path)
		content = append(content, `,"message":`...)
		content = jsonscan.AppendString(content, p.message)
		content = append(content, '}')
	}
	return x.exposed(append(content, ']'))
}

// failed returns the content of a surface that an agent has given up.
func (x *Extension) failed(f failure) []byte {
	content := []byte(`{"status":"failed","error":`)
	content = jsonscan.AppendString(content, f.text)
	content = append(content, `,"attempts":`...)
	content = append(content, f.attempts...)
	content = append(content, `,"maxAttempts":`...)
	most := x.config.Recovery.MaxAttempts
	if f.count > 0 {
		most = f.count
	}
	return x.exposed(strconv.AppendInt(content, int64(most), 10))
}

// exposed ends the content of a surface that isn't there.
func (x *Extension) exposed(content []byte) []byte {
	if exposure := x.config.Recovery.DebugExposure; exposure != "" {
		content = append(content, `,"debugExposure":`...)
		content = jsonscan.AppendString(content, exposure)
	}
	return append(content, '}')
}
