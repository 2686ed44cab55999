// The pane with the raw events.

import { element } from "./messages.js";

const list = document.querySelector("#events");
const count = document.querySelector("#event-count");
const maxRows = 2000; // older rows are removed
let waiting = [];
let total = 0;
let start = 0;

/** Adds an event to the pane. */
export function record(event) {
  if (event.type === "RUN_STARTED" || start === 0) start = performance.now();
  if (waiting.length === 0) requestAnimationFrame(flush);
  waiting.push([event, performance.now() - start]);
  total++;
}

export function clear() {
  waiting = [];
  total = start = 0;
  list.replaceChildren();
  count.textContent = "0";
}

function flush() {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(...waiting.slice(-maxRows).map(([event, ms]) => row(event, ms)));
  waiting = [];
  while (list.childElementCount > maxRows) list.firstElementChild.remove();
  count.textContent = total;
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function row(event, ms) {
  const { type, ...rest } = event;
  const detail = rest.delta ?? rest.patch ?? rest.message ?? rest.toolCallName ?? rest.content ?? rest.runId ?? rest.messageId ?? "";
  const details = element("details", type,
    element("summary", "",
      element("span", "time", `${ms.toFixed(0)} ms`), element("span", "type", type),
      element("span", "detail", typeof detail === "string" ? detail : JSON.stringify(detail))));
  // Indenting the JSON waits until the row is opened.
  details.addEventListener("toggle", () => details.append(element("pre", "", JSON.stringify(event, null, 2))), { once: true });
  return element("li", "", details);
}
