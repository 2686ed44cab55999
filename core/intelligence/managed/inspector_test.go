package managed_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

func TestInspectorMetadata(t *testing.T) {
	for _, test := range []struct{ name, answer, want string }{
		{"all of it", `{"schemaVersion":1,"identity":{"organizationName":"O","projectName":"P"},"plan":{"code":"c","label":"l"},"license":{"state":"valid"},` +
			`"action":{"kind":"renew","url":"https://example.com/a"},"usage":{"used":3,"limit":{"kind":"finite","value":10},"expiringSoonCount":1}}`,
			`{"schemaVersion":1,"identity":{"organizationName":"O","projectName":"P"},"plan":{"code":"c","label":"l"},"license":{"state":"valid"},` +
				`"action":{"kind":"renew","url":"https://example.com/a"},"usage":{"used":3,"limit":{"kind":"finite","value":10},"expiringSoonCount":1}}`},
		{"nothing", "", ""},
		{"null", "null", ""},
		{"another version", `{"schemaVersion":2,"license":{"state":"valid"}}`, ""},
		{"no version", `{"license":{"state":"valid"}}`, ""},
		{"a version that is text", `{"schemaVersion":"1"}`, ""},
		{"no parts", `{"schemaVersion":1}`, `{"schemaVersion":1}`},
		{"what isn't known is left out", `{"schemaVersion":1,"secret":"s","plan":{"code":"c","label":"l","secret":"s"}}`, `{"schemaVersion":1,"plan":{"code":"c","label":"l"}}`},
		{"texts are trimmed", `{"schemaVersion":1,"plan":{"code":" c\n","label":"l"}}`, `{"schemaVersion":1,"plan":{"code":"c","label":"l"}}`},
		{"a part that is wrong is left out", `{"schemaVersion":1,"identity":{"organizationName":"O","projectName":" "},"plan":7,"license":{"state":"great"},"usage":{"used":1,"limit":{"kind":"unlimited"}}}`,
			`{"schemaVersion":1,"usage":{"used":1,"limit":{"kind":"unlimited"}}}`},
		{"usage that is negative", `{"schemaVersion":1,"usage":{"used":-1,"limit":{"kind":"unknown"}}}`, `{"schemaVersion":1}`},
		{"usage in parts", `{"schemaVersion":1,"usage":{"used":1.5,"limit":{"kind":"unknown"}}}`, `{"schemaVersion":1}`},
		{"usage beyond numbers", `{"schemaVersion":1,"usage":{"used":9007199254740992,"limit":{"kind":"unknown"}}}`, `{"schemaVersion":1}`},
		{"usage that isn't said", `{"schemaVersion":1,"usage":{"used":null,"limit":{"kind":"unknown"}}}`, `{"schemaVersion":1}`},
		{"a limit of none", `{"schemaVersion":1,"usage":{"used":1,"limit":{"kind":"finite","value":0}}}`, `{"schemaVersion":1}`},
		{"another limit", `{"schemaVersion":1,"usage":{"used":1,"limit":{"kind":"soft"}}}`, `{"schemaVersion":1}`},
		{"a count that is wrong", `{"schemaVersion":1,"usage":{"used":1,"limit":{"kind":"unknown","value":1},"expiringSoonCount":-1}}`, `{"schemaVersion":1,"usage":{"used":1,"limit":{"kind":"unknown"}}}`},
		{"a link on this machine", `{"schemaVersion":1,"action":{"kind":"manage_plan","url":"http://[::1]:8080/a"}}`, `{"schemaVersion":1,"action":{"kind":"manage_plan","url":"http://[::1]:8080/a"}}`},
		{"a link without encryption", `{"schemaVersion":1,"action":{"kind":"manage_plan","url":"http://example.com/"}}`, `{"schemaVersion":1}`},
		{"a link that runs", `{"schemaVersion":1,"action":{"kind":"manage_plan","url":"javascript://example.com/%0aalert(1)"}}`, `{"schemaVersion":1}`},
		{"a link with a query", `{"schemaVersion":1,"action":{"kind":"manage_plan","url":"https://example.com/?token=s"}}`, `{"schemaVersion":1}`},
		{"a link with a user", `{"schemaVersion":1,"action":{"kind":"manage_plan","url":"https://example.com@elsewhere.example/"}}`, `{"schemaVersion":1}`},
		{"a link without a host", `{"schemaVersion":1,"action":{"kind":"manage_plan","url":"https:///a"}}`, `{"schemaVersion":1}`},
		{"another action", `{"schemaVersion":1,"action":{"kind":"buy","url":"https://example.com/"}}`, `{"schemaVersion":1}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProject(t)
			p.SetInspectorMetadata(test.answer)
			got, err := p.client.InspectorMetadata(t.Context())
			if err != nil || string(got) != test.want {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	t.Run("an older platform", func(t *testing.T) {
		p := newProject(t)
		p.Fault("GET /api/inspector/metadata", intelligencetest.RouteFault{Status: 404})
		if got, err := p.client.InspectorMetadata(t.Context()); err != nil || got != nil {
			t.Errorf("got %s, %v", got, err)
		}
		if header := p.Requests()[0].Header; header.Get("Content-Type") != "" {
			t.Errorf("sent %v", header)
		}
	})
}
