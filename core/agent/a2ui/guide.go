package a2ui

import "strings"

// The tool, word for word as agents know it.
const (
	toolDescription = "Render a dynamic A2UI v0.9 surface with structured parameters. " +
		"Follow the A2UI render tool usage guide provided in context."
	toolParameters = `{"type":"object","properties":{` +
		`"surfaceId":{"type":"string","description":"Unique surface identifier."},` +
		`"components":{"type":"array","description":"A2UI v0.9 component array (flat format). ` +
		`The root component must have id \"root\".","items":{"type":"object"}},` +
		`"data":{"type":"object","description":"Initial data model for the surface. Written to the root path. ` +
		`Use for pre-filling form values (e.g. {\"form\": {\"name\": \"Alice\"}}) ` +
		`or providing data for components bound to data model paths."}},` +
		`"required":["surfaceId","components"]}`
)

// guideDescription marks the context that is the guide.
func guideDescription(tool string) string {
	return "A2UI render tool usage guide — how to call " + tool + " with valid arguments."
}

// guide returns how to call the tool, for a model.
func guide(tool string) string { return strings.ReplaceAll(guideText, "TOOL", tool) }

const guideText = `# Drawing with TOOL

One call of TOOL draws one surface in the chat. Its arguments, in this order:

1. "surfaceId" (required): a name of your choice that no other surface has, such as "booking-form".
2. "components" (required, never empty): a flat list of all components of the surface.
3. "data" (optional): an object with the values that components are bound to.

The application chooses the catalog of components: don't send a "catalogId".

## Components

- Each has a unique "id" and the name of its type in "component". Only the types of the component schema in your context exist.
- Exactly one has the id "root". It is what is drawn, so make it a layout such as Column, Row or Card.
- Properties stand beside "id" and "component". Give all that the schema requires.
- Components are never written inside one another: "child" has the id of one, "children" a list of ids. Every id that you name must be
  in the list, and no component may contain itself, directly or through others.

A whole call:

{"surfaceId":"order","components":[
  {"id":"root","component":"Card","child":"body"},
  {"id":"body","component":"Column","children":["heading","total"]},
  {"id":"heading","component":"Text","text":"Your order"},
  {"id":"total","component":"Text","text":{"path":"/total"}}],
 "data":{"total":"24.50"}}

## Data

- In place of a value, {"path":"/total"} shows what is at that path of the data, and an input that has it writes there.
- To repeat a component for each element of a list, let the "children" of its container be {"componentId":"line","path":"/lines"}, and
  "data" have the list "lines". Inside of "line" a path without a slash, such as {"path":"price"}, belongs to the element.

## Actions

What a button does is {"event":{"name":"order_placed","context":{"total":{"path":"/total"}}}} as its "action". When the user
presses it, you are told the name and the context.

Don't invent addresses of pictures: use those that you were given, or an icon.`
