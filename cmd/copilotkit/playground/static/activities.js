// Activities: what a model has drawn, shown as what it is. Everything in them is text that
// a model or a server wrote; only the sandbox makes a page of it.

import { element } from "./messages.js";
import { surfaces } from "./surface.js";

const renderers = { "a2ui-surface": surfaces, "mcp-apps": app, "open-generative-ui": page };
const shownText = 4000; // of a text of unknown length

/** Returns the content of an activity message's element. `act` is called with what a user does on a surface. */
export function activity(message, act) {
  const content = message.content ?? {};
  const box = element("section", "drawing");
  box.setAttribute("aria-label", `Activity ${message.activityType}`);
  box.append(element("code", "kind", message.activityType), ...(renderers[message.activityType]?.(content, act) ?? []));
  const details = element("details", "", element("summary", "", "Content"));
  // Indenting the JSON waits until it is opened.
  details.addEventListener("toggle", () => details.append(element("pre", "", JSON.stringify(content, null, 2))), { once: true });
  details.open = !renderers[message.activityType];
  box.append(details);
  return [box];
}

/** An MCP App: which one, what it was called with and what came back. Its page isn't loaded here. */
function app({ resourceUri, serverId, serverHash, toolInput, result }) {
  const rows = element("dl", "");
  const row = (name, value) => value && rows.append(element("dt", "", name), element("dd", "", value));
  row("App", cut(resourceUri));
  row("Server", cut(serverId ?? serverHash));
  row("Called with", cut(JSON.stringify(toolInput)));
  const text = (result?.content ?? []).map((part) => part.text ?? `[${part.type}]`).join("\n");
  row(result?.isError ? "Failed with" : "Result", cut(text || JSON.stringify(result?.structuredContent)));
  return [rows];
}

/** A page that a model writes: its source while it grows, then the page in a sandbox. */
function page(content) {
  const html = (content.html ?? []).join("");
  if (content.generating !== false || !content.htmlComplete) {
    const source = [content.css, html, content.jsFunctions].filter(Boolean).join("\n");
    return [element("p", "quiet", "A page is being written…"), element("pre", "source", source.slice(-600))];
  }
  const frame = element("iframe", "");
  frame.title = "A page that the model wrote";
  frame.setAttribute("sandbox", "allow-scripts"); // not the origin of this page
  frame.style.height = `${Math.min(Math.max(Number(content.initialHeight) || 200, 80), 600)}px`;
  frame.src = "/playground/sandbox.html";
  const code = [content.jsFunctions, ...(content.jsExpressions ?? [])].filter((text) => typeof text === "string");
  frame.addEventListener("load", () => frame.contentWindow.postMessage({ html, css: content.css ?? "", code }, "*"), { once: true });
  return [frame];
}

function cut(text) {
  return typeof text === "string" && text.length > shownText ? `${text.slice(0, shownText)} …` : text;
}
