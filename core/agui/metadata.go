package agui

import (
	"encoding/json"
	"slices"
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
		for m := membersOf(object); m.next(); {
			i := slices.IndexFunc(merged, func(have member) bool { return have.name == string(m.name) })
			if i < 0 {
				merged = append(merged, member{string(m.name), m.value})
			} else {
				merged[i].value = m.value
			}
		}
	}
	out := []byte{'{'}
	for i, m := range merged {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, m.name)
		out = append(out, ':')
		out = append(out, m.value...)
	}
	return append(out, '}')
}

// metadataOf gives an event's metadata, nil for none.
func (e Encoded) metadataOf() json.RawMessage {
	value, ok := e.Field("metadata")
	if !ok || value[0] != '{' {
		return nil
	}
	return value
}
