// The conversation on screen: one element per message, which is redrawn at most
// once per frame, and only if it has changed.

import { activity } from "./activities.js";
import { markdown } from "./markdown.js";

const list = document.querySelector("#messages");
const welcome = document.querySelector("#welcome");
const drawn = new Map(); // message id -> element
const changed = new Map(); // message id -> message, to be drawn in the next frame
let current; // the conversation on screen
let act; // called with what a user does on a surface

/** Sets the function that is called with what a user does on a surface that the model has drawn. */
export function onAction(callback) {
  act = callback;
}

/** Shows a conversation in place of the current one. */
export function show(conversation) {
  current = conversation;
  drawn.clear();
  changed.clear();
  list.replaceChildren();
  welcome.hidden = false;
  for (const message of conversation.messages) draw(message);
  list.scrollTop = list.scrollHeight;
}

/** Draws a new or changed message with the next frame. */
export function update(message) {
  if (changed.size === 0) requestAnimationFrame(flush);
  changed.set(message.id, message);
}

/** Draws all changed messages now. */
export function flush() {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  for (const message of changed.values()) draw(message);
  changed.clear();
  for (const node of list.querySelectorAll(".streaming")) node.classList.remove("streaming");
  if (current.running) list.lastElementChild?.classList.toggle("streaming", list.lastElementChild.matches(".assistant"));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

/** Adds a line that isn't part of the thread: an error or a question. */
export function append(className, ...content) {
  welcome.hidden = true;
  const node = element("div", `message ${className}`, ...content);
  list.append(node);
  list.scrollTop = list.scrollHeight;
  return node;
}

function draw(message) {
  const content = contentOf(message);
  if (!content) return;
  welcome.hidden = true;
  let node = drawn.get(message.id);
  if (!node) {
    node = element("div", `message ${message.role}`);
    drawn.set(message.id, node);
    list.append(node);
  }
  const open = node.querySelector("details")?.open;
  node.replaceChildren(...content);
  if (open) node.querySelector("details").open = true;
}

/** Returns the content of a message's element, or null if the message has none. */
function contentOf(message) {
  switch (message.role) {
    case "user":
      return [textOf(message.content)];
    case "reasoning": {
      const details = element("details", "reasoning", element("summary", "", "Reasoning"), element("div", "", message.content));
      return [details];
    }
    case "assistant": {
      const parts = [];
      if (message.content) parts.push(element("div", "markdown", ...markdown(textOf(message.content))));
      for (const call of message.toolCalls ?? []) parts.push(toolCall(call));
      return parts.length ? parts : null;
    }
    case "activity":
      return activity(message, act);
    default:
      return null; // a tool's result is shown with its call
  }
}

function toolCall(call) {
  const result = current.messages.find((m) => m.role === "tool" && m.toolCallId === call.id);
  const state = element("span", "state", result ? " · done" : " · calling…");
  const details = element("details", "tool", element("summary", "", "Tool ", element("code", "", call.function.name), state));
  details.append(element("pre", "", pretty(call.function.arguments)));
  if (result) details.append(element("pre", "", `→ ${pretty(textOf(result.content))}`));
  return details;
}

function textOf(content) {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n");
}

function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

export function element(name, className, ...content) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...content);
  return node;
}
