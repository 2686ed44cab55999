package demo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
)

// The tools with which models draw. Front ends and the runtime's middlewares bring them.
const (
	surfaceTool = "render_a2ui"
	pageTool    = "generateSandboxedUi"
	// actionTool is the call by which a model learns what a user did on a surface.
	actionTool = "log_a2ui_event"
	// appMark is in the descriptions of tools that come with an interface of their own.
	appMark = "[UI Resource: "
)

const (
	cardPattern = `(?i)^(?:please\s+)?draw\b`
	pagePattern = `(?i)^(?:please\s+)?(?:build|generate|make)\s+(?:me\s+)?a\s+page\b`
	appPattern  = `(?i)^(?:please\s+)?(?:(open|show(?:\s+me)?)\s+(?:the\s+|my\s+)?|the\s+)([\w-]+)`
)

// drawing reports whether a tool is one to draw with, and not to be called by hand.
func drawing(tool *model.Tool) bool {
	return tool.Name == surfaceTool || tool.Name == pageTool || isApp(tool)
}

func isApp(tool *model.Tool) bool { return strings.Contains(tool.Description, appMark) }

// drawCard draws an A2UI surface: a form with a list, whose buttons come back as actions.
func (c *conversation) drawCard() []model.Delta {
	// The tool may have another name, by the runtime's configuration.
	index := slices.IndexFunc(c.Tools, func(tool model.Tool) bool {
		return tool.Name == surfaceTool || strings.Contains(tool.Description, "A2UI v0.9 surface")
	})
	if index < 0 {
		return words("I can't draw here: neither the runtime nor your front end brings the tool for it, `" + surfaceTool + "`. " +
			"Start the runtime with `COPILOTKIT_A2UI='{\"injectA2UITool\":true}'`, or give CopilotKit's provider a catalog: `a2ui={{ catalog }}`.")
	}
	return append(words("Here is a card. Its buttons come back to me as actions.\n"), c.toolCall(c.Tools[index].Name, card)...)
}

// buildPage writes a page that the front end shows in a sandbox.
func (c *conversation) buildPage() []model.Delta {
	if c.tool(pageTool) < 0 {
		return words("I can't build one here: your front end doesn't offer `" + pageTool + "`. " +
			"Start the runtime with `COPILOTKIT_OPEN_GENERATIVE_UI=on`, and CopilotKit's own front end offers it.")
	}
	return append(words("Here is a page. It grows while I write it.\n"), c.toolCall(pageTool, page)...)
}

// openApp calls the tool of the MCP App that a word is about. If there is none, it says
// so to who has asked to open one, and otherwise returns nil.
func (c *conversation) openApp(verb, word string) []model.Delta {
	about := func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(word)) }
	var app *model.Tool
	var names []string
	for i := range c.Tools {
		tool := &c.Tools[i]
		if !isApp(tool) {
			continue
		}
		names = append(names, "`"+tool.Name+"`")
		// A name says more than a description.
		if about(tool.Name) && (app == nil || !about(app.Name)) || app == nil && about(tool.Description) {
			app = tool
		}
	}
	switch {
	case app != nil:
		call := c.toolCall(app.Name, exampleArguments(app.Parameters))
		return append(words("This is `"+app.Name+"`, an MCP App.\n"), call...)
	case !strings.EqualFold(verb, "open"):
		return nil
	case len(names) == 0:
		return words("There is no MCP App here. Start one, such as `npx @modelcontextprotocol/server-budget-allocator`, and the runtime with " +
			"`COPILOTKIT_MCP_APPS=budget=http://127.0.0.1:3001/mcp`. Then say `open the budget`.")
	}
	return words(fmt.Sprintf("There is no MCP App for %q. There are %s.", word, strings.Join(names, ", ")))
}

// answerAction answers what a user did on a surface.
func answerAction(arguments string) []model.Delta {
	var action struct {
		Name      string          `json:"name"`
		SurfaceID string          `json:"surfaceId"`
		Context   json.RawMessage `json:"context"`
	}
	if json.Unmarshal([]byte(arguments), &action) != nil {
		return words("Something was pressed, but I can't read what.")
	}
	var booking struct{ Place, Name, Guests string }
	if action.SurfaceID == cardID && json.Unmarshal(action.Context, &booking) == nil {
		return words(fmt.Sprintf("Booked: a table for **%s** at **%s**, in the name of **%s**.", booking.Guests, booking.Place, booking.Name))
	}
	return words(fmt.Sprintf("The action `%s` of the surface `%s` came back with:\n\n```json\n%s\n```\n", action.Name, action.SurfaceID, action.Context))
}

// offerDrawings is what the introduction says about drawing.
const offerDrawings = "- `draw a card`, `build a page` or `open the budget`, to see interfaces that a model makes; " +
	"where something is missing for one, I say what to set\n"

const cardID = "dinner"

// card are the arguments of [surfaceTool]. The places come before the other data, so that
// they appear one by one.
const card = `{"surfaceId":"` + cardID + `","components":[` +
	`{"id":"root","component":"Card","child":"form"},` +
	`{"id":"form","component":"Column","children":["title","name","guests","places"]},` +
	`{"id":"title","component":"Text","variant":"h3","text":"A table for dinner"},` +
	`{"id":"name","component":"TextField","label":"Name","value":{"path":"/name"}},` +
	`{"id":"guests","component":"TextField","label":"Guests","variant":"number","value":{"path":"/guests"}},` +
	`{"id":"places","component":"List","children":{"componentId":"place","path":"/places"}},` +
	`{"id":"place","component":"Row","justify":"spaceBetween","align":"center","children":["place-name","book"]},` +
	`{"id":"place-name","component":"Text","text":{"path":"name"}},` +
	`{"id":"book","component":"Button","variant":"primary","child":"book-label","action":{"event":{"name":"book",` +
	`"context":{"place":{"path":"name"},"name":{"path":"/name"},"guests":{"path":"/guests"}}}}},` +
	`{"id":"book-label","component":"Text","text":"Book"}],` +
	`"data":{"places":[{"name":"Maaemo"},{"name":"Sult"},{"name":"Kolonihagen"}],"name":"Ada","guests":"2"}}`

// page are the arguments of [pageTool]. Its buttons call a function of the application, if
// the application gives its sandboxes one with that name.
const page = `{"initialHeight":260,"placeholderMessages":["Mixing colors","Hanging them up"],` +
	`"css":"body{font:16px system-ui,sans-serif;margin:0;padding:16px;color:#18181b}h1{font-size:20px;margin:0 0 4px}` +
	`p{margin:0 0 12px}button{width:72px;height:72px;margin:0 8px 8px 0;border:0;border-radius:12px;color:#fff;cursor:pointer}` +
	`output{display:block;min-height:24px}",` +
	`"html":"<main><h1>Pick a color</h1><p>This page was written by the demo model, and runs in a sandbox.</p>` +
	`<button data-color='teal' style='background:teal'>teal</button>` +
	`<button data-color='tomato' style='background:tomato'>tomato</button>` +
	`<button data-color='slateblue' style='background:slateblue'>slate</button>` +
	`<output>Nothing is picked.</output></main>",` +
	`"jsFunctions":"window.pick = (color) => { document.querySelector('output').textContent = 'You picked ' + color + '.'; ` +
	`document.querySelector('h1').style.color = color; const remote = window.Websandbox?.connection?.remote; ` +
	`if (remote?.setColor) remote.setColor({ color }); };",` +
	`"jsExpressions":["document.querySelectorAll('button').forEach((button) => { button.onclick = () => pick(button.dataset.color); })"]}`
