package openai

import "encoding/json"

// Gemini signs its tool calls and wants the signatures back with the thread; a
// call without one is refused. They come in the field extra_content of a call.
// They travel to the front end and back as the call's encrypted value, so that
// no state has to be kept here between runs.

// signatureOf gives the field that a call of the thread came with, nil for none.
func signatureOf(encryptedValue string) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(encryptedValue), &object) != nil || len(object) == 0 {
		return nil
	}
	return json.RawMessage(encryptedValue)
}

// sign readies the calls of a thread for the provider. One that doesn't know
// signatures would refuse the field. One that demands them takes a word in their
// place, for calls that another model made.
func (p *provider) sign(messages []message) {
	for i := range messages {
		calls := messages[i].ToolCalls
		for j := range calls {
			if !p.signatures {
				calls[j].ExtraContent = nil
			}
		}
		if p.name == "google" && len(calls) > 0 && calls[0].ExtraContent == nil {
			calls[0].ExtraContent = json.RawMessage(`{"google":{"thought_signature":"skip_thought_signature_validator"}}`)
		}
	}
}
