package fold

import (
	"encoding/json"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// maxPatchCopies bounds what the copy operations of one JSON Patch add up to, so
// that a short patch can't make a document of any size.
const maxPatchCopies = 16 << 20

// ApplyPatch applies a JSON Patch (RFC 6902), such as the delta of a
// STATE_DELTA, as a whole or not at all: as the protocol's clients do it, so
// without negative indices.
func ApplyPatch(document, patch json.RawMessage) (json.RawMessage, error) {
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, fmt.Errorf("apply JSON patch: %w", err)
	}
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	options.AccumulatedCopySizeLimit = maxPatchCopies
	options.EscapeHTML = false
	patched, err := operations.ApplyWithOptions(document, options)
	if err != nil {
		return nil, fmt.Errorf("apply JSON patch: %w", err)
	}
	return patched, nil
}
