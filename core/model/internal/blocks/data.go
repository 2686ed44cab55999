package blocks

import "encoding/json"

// maxData bounds the data of one reasoning block, in bytes. Signatures have a few
// thousand.
const maxData = 1 << 20

// Data is what a provider wants back with a reasoning block.
type Data struct {
	// Signature proves that the text is the provider's.
	Signature string `json:"signature,omitempty"`
	// Redacted is encrypted reasoning, which has no text.
	Redacted string `json:"redacted,omitempty"`
	// After is how many of the answer's parts, its text and its calls, came before the
	// block. The provider wants the blocks back in the order in which it sent them.
	After int `json:"after,omitempty"`
}

// Seal returns the data in the form that goes through the client, which names the
// provider.
func (d Data) Seal(provider string) string {
	sealed, err := json.Marshal(map[string]Data{provider: d})
	if err != nil { // unreachable: strings can be marshaled
		return ""
	}
	return string(sealed)
}

// open returns the data that Seal has sealed for the provider. It returns false for
// anything else: the client, or another provider, may have sent it.
func open(provider, sealed string) (Data, bool) {
	if sealed == "" || len(sealed) > 2*maxData {
		return Data{}, false
	}
	var by map[string]json.RawMessage
	if json.Unmarshal([]byte(sealed), &by) != nil || len(by[provider]) == 0 {
		return Data{}, false
	}
	var d Data
	if json.Unmarshal(by[provider], &d) != nil || d.Signature == "" && d.Redacted == "" || d.After < 0 {
		return Data{}, false
	}
	return d, true
}
