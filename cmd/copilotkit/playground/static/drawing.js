// What the page offers a model to draw with, if the runtime passes drawings on.

import { definitions } from "./tools.js";

let about = {};

const pageTool = {
  name: "generateSandboxedUi",
  description: "Writes a page that the user sees in a sandbox without network. Give initialHeight and css first, then html, then jsFunctions and jsExpressions.",
  parameters: {
    type: "object",
    properties: {
      initialHeight: { type: "number", description: "In pixels" },
      placeholderMessages: { type: "array", items: { type: "string" }, description: "Shown while the page is written" },
      css: { type: "string" },
      html: { type: "string" },
      jsFunctions: { type: "string", description: "Code that defines functions" },
      jsExpressions: { type: "array", items: { type: "string" }, description: "Code that runs once the page is there" },
    },
  },
};

/** Takes what /info says of the runtime. Returns what a user can say to have something drawn. */
export function announce(info) {
  about = info;
  return [about.a2uiEnabled && "draw a card", about.openGenerativeUIEnabled && "build a page"].filter(Boolean);
}

/** Returns the tools and the properties of a run's input. */
export function offer() {
  return {
    tools: about.openGenerativeUIEnabled ? [...definitions, pageTool] : definitions,
    // Any component can be shown, so that the page has no catalog of its own to send.
    forwardedProps: about.a2uiEnabled ? { a2uiCatalogAvailable: true } : {},
  };
}

/** Returns the result of a call of the page's drawing tools, undefined for another tool. */
export function drawn(call) {
  return call.function.name === pageTool.name && about.openGenerativeUIEnabled ? "UI generated" : undefined;
}
