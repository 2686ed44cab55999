package gemini_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// called is a request in which a tool was called twice at once, and has answered.
func called(data string) *model.Request {
	request := saying("Hi")
	request.Messages = append(request.Messages,
		agui.Message{ID: "m2", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{
			{ID: "c1", Name: "weather", Arguments: `{}`, EncryptedValue: data}, {ID: "c2", Name: "weather", Arguments: `{}`},
		}},
		agui.Message{ID: "m3", Role: agui.RoleTool, ToolCallID: "c1", Content: agui.TextContent("21")},
		agui.Message{ID: "m4", Role: agui.RoleTool, ToolCallID: "c2", Content: agui.TextContent("21")})
	request.History = len(request.Messages)
	return request
}

func TestSignaturesGoBackToTheProviderThatMadeThem(t *testing.T) {
	const google, vertex = `{"google":{"thought_signature":"Zw=="}}`, `{"vertex":{"thought_signature":"dg-_"}}`
	const skip = "skip_thought_signature_validator"
	for name, test := range map[string]struct{ model, data, want string }{
		"Google's":                              {"google/gemini-3-flash", google, "Zw=="},
		"Vertex AI's":                           {"vertex/gemini-3-flash", vertex, "dg-_"},
		"Google's, on Vertex AI":                {"vertex/gemini-3-flash", google, skip},
		"Vertex AI's, on the Gemini API":        {"google/gemini-3-flash", vertex, skip},
		"none":                                  {"google/gemini-3-flash", "", skip},
		"none, on a model that asks for none":   {"google/gemini-2.5-flash", "", ""},
		"none, on a model of a name of its own": {"google/gemini-flash-latest", "", skip},
		"another provider's":                    {"google/gemini-3-flash", `{"anthropic":{"signature":"x"}}`, skip},
		"text":                                  {"google/gemini-3-flash", "no JSON", skip},
		"half an object":                        {"google/gemini-3-flash", `{"google":`, skip},
		"a list":                                {"google/gemini-3-flash", `{"google":[1]}`, skip},
		"a number":                              {"google/gemini-3-flash", `{"google":{"thought_signature":7}}`, skip},
		"what isn't base64":                     {"google/gemini-3-flash", `{"google":{"thought_signature":"a b"}}`, skip},
		"more than is good":                     {"google/gemini-3-flash", `{"google":{"thought_signature":"` + strings.Repeat("A", 1<<20) + `"}}`, skip},
	} {
		t.Run(name, func(t *testing.T) {
			n := streaming(hello)
			if got := modeltest.Ask(t.Context(), t, n.on(t, test.model), called(test.data)); got.Err != nil {
				t.Fatal(got.Err)
			}
			want := 1
			if test.want == "" {
				want = 0
			}
			if sent := n.bodies[0]; strings.Count(sent, `"thoughtSignature":`) != want || !strings.Contains(sent, `"thoughtSignature":"`+test.want) && want > 0 {
				t.Errorf("sent %s", sent)
			}
		})
	}
}

func TestASignatureThatIsRefusedIsLeftOut(t *testing.T) {
	const signed = `{"google":{"thought_signature":"Zw=="}}`
	refusal := answer{http.StatusBadRequest, `{"error":{"code":400,"message":"Corrupted thought signature.","status":"INVALID_ARGUMENT"}}`}
	for name, test := range map[string]struct {
		data    string
		answers []answer
		want    model.Code
		asked   int
	}{
		"once":                        {signed, []answer{refusal, {http.StatusOK, events(hello)}}, "", 2},
		"and then it is the request":  {signed, []answer{refusal}, model.CodeInvalidRequest, 2},
		"not if there was none":       {"", []answer{refusal}, model.CodeInvalidRequest, 1},
		"not after another refusal":   {signed, []answer{{http.StatusBadRequest, `{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT"}}`}}, model.CodeInvalidRequest, 1},
		"not after another's failure": {signed, []answer{{http.StatusInternalServerError, `{"error":{"message":"thought signature"}}`}}, model.CodeProviderUnavailable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{answers: test.answers}
			got := modeltest.Ask(t.Context(), t, n.on(t, "google/gemini-3-flash"), called(test.data))
			if code(got.Err) != test.want || len(n.bodies) != test.asked {
				t.Errorf("asked %d times: got %+v", len(n.bodies), got)
			}
			if last := n.bodies[len(n.bodies)-1]; test.asked == 2 && (strings.Contains(last, "Zw==") || !strings.Contains(last, "skip_thought_signature_validator")) {
				t.Errorf("sent %s", last)
			}
		})
	}
}
