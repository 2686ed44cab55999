package gemini

import (
	"encoding/json"
	"strings"
)

// unsigned stands for the signature of a tool call that the model hasn't made. Models
// from Gemini 3 on refuse calls without one.
const unsigned = "skip_thought_signature_validator"

// maxSignature is the length of the longest signature that goes back, in bytes. They
// hold encrypted thoughts.
const maxSignature = 1 << 20

// signatures is the form in which signatures travel. For the Gemini API it is the one
// that Google's chat completions have, so that threads go on when a deployment changes
// between the two. Vertex AI has keys of its own.
type signatures struct {
	Google *thoughtSignature `json:"google,omitempty"`
	Vertex *thoughtSignature `json:"vertex,omitempty"`
}

type thoughtSignature struct {
	Value string `json:"thought_signature"`
}

// wrap returns the data with a signature of the provider.
func wrap(provider, signature string) string {
	data := signatures{Google: &thoughtSignature{signature}}
	if provider == "vertex" {
		data = signatures{Vertex: data.Google}
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return "" // unreachable: it is a string
	}
	return string(encoded)
}

// signature returns the signature in data that has been through the client, "" if the
// data isn't the provider's.
func (e *endpoint) signature(data string) string {
	if len(data) == 0 || len(data) > maxSignature || data[0] != '{' {
		return ""
	}
	var parsed signatures
	if json.Unmarshal([]byte(data), &parsed) != nil {
		return ""
	}
	found := parsed.Google
	if e.vertex {
		found = parsed.Vertex
	}
	if found == nil || strings.ContainsFunc(found.Value, notBase64) {
		return ""
	}
	return found.Value
}

func notBase64(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("+/-_=", r)
}
