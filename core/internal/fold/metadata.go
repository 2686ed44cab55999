package fold

import (
	"encoding/json"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// mergeMetadata puts the members of incoming over those of existing. Values are
// replaced whole. The result is a new value, or one of the two.
func mergeMetadata(existing, incoming json.RawMessage) json.RawMessage {
	if incoming == nil {
		return existing
	}
	if existing == nil {
		return incoming
	}
	type member struct {
		name  string
		value []byte
	}
	var merged []member
	for _, object := range [][]byte{existing, incoming} {
		for m := jsonscan.MembersOf(object); m.Next(); {
			i := slices.IndexFunc(merged, func(have member) bool { return have.name == string(m.Name) })
			if i < 0 {
				merged = append(merged, member{string(m.Name), m.Value})
			} else {
				merged[i].value = m.Value
			}
		}
	}
	out := []byte{'{'}
	for i, m := range merged {
		if i > 0 {
			out = append(out, ',')
		}
		out = jsonscan.AppendString(out, m.name)
		out = append(out, ':')
		out = append(out, m.value...)
	}
	return append(out, '}')
}

// metadataOf returns an event's metadata, nil for none.
func metadataOf(e agui.Encoded) json.RawMessage {
	value, ok := e.Field("metadata")
	if !ok || value[0] != '{' {
		return nil
	}
	return value
}
