// What the time of a run went to: its model calls, their first tokens, its tools. All of
// it is read off the events as they come, and drawn at most once per frame.

import { element } from "./messages.js";

const pane = document.querySelector("#timeline");
const sum = document.querySelector("#timeline-sum");
const list = document.querySelector("#timeline-rows");
const maxRows = 40; // of more, the first aren't shown
const maxName = 80;

/** What is known of the runs that answer one message. Times are in milliseconds. */
export class Timeline {
  rows = [];
  left = 0; // how many rows aren't shown any more
  steps = 0;
  first = null; // when the first token came
  end = 0; // when the last event came
  running = false;
  usage = null; // the tokens of all runs: { input, output }
  outcome = "";

  #open = new Map(); // what a row waits for -> the row
  #step = null; // the model call under way
  #since = 0; // since when a model may have been at work

  take(event, at) {
    this.end = at;
    const what = handlers[event.type];
    if (what) this[what](event, at);
  }

  started(event, at) {
    this.running = true;
    this.outcome = "";
    this.#since = at;
    // The page has answered the calls of the run before.
    for (const [key, row] of this.#open) this.close(key, at, row.kind === "tool" ? "on the page" : "");
  }

  finished(event, at) {
    this.running = false;
    this.#step = null;
    for (const { inputTokens, outputTokens } of event.usage ?? []) {
      this.usage ??= { input: 0, output: 0 };
      this.usage.input += count(inputTokens);
      this.usage.output += count(outputTokens);
    }
    this.outcome = event.type === "RUN_ERROR" ? (event.code ?? "error") : (event.finishReason ?? "");
    if (event.type === "RUN_ERROR") for (const key of this.#open.keys()) this.close(key, at, "cut off");
  }

  /** The model has said something. */
  said(event, at) {
    if (!this.#step) this.#step = this.add({ kind: "model", name: `Model call ${++this.steps}`, begin: this.#since });
    this.#step.first ??= at;
    this.#step.end = at;
    this.first ??= at;
  }

  called(event, at) {
    this.said(event, at);
    this.add({ kind: "tool", name: event.toolCallName, begin: at }, `call ${event.toolCallId}`);
  }

  /** The call is whole, so that the tool begins. */
  asked(event, at) {
    const row = this.#open.get(`call ${event.toolCallId}`);
    if (row) row.begin = at;
  }

  answered(event, at) {
    this.close(`call ${event.toolCallId}`, at);
    this.#step = null;
    this.#since = at;
  }

  entered(event, at) {
    this.add({ kind: "step", name: event.stepName, begin: at }, `step ${event.stepName}`);
  }

  leftStep(event, at) {
    this.close(`step ${event.stepName}`, at);
  }

  /** Adds a row, which is open until `key` is closed. */
  add(row, key) {
    row.name = String(row.name).slice(0, maxName);
    this.rows.push(row);
    if (key) this.#open.set(key, row);
    if (this.rows.length > maxRows) {
      const dropped = this.rows.shift();
      this.left++;
      for (const [key, open] of this.#open) if (open === dropped) this.#open.delete(key);
    }
    return row;
  }

  close(key, at, note = "") {
    const row = this.#open.get(key);
    if (!row) return;
    row.end = at;
    row.note = note;
    this.#open.delete(key);
  }
}

const handlers = {
  RUN_STARTED: "started", RUN_FINISHED: "finished", RUN_ERROR: "finished",
  TEXT_MESSAGE_START: "said", TEXT_MESSAGE_CONTENT: "said", TEXT_MESSAGE_END: "said",
  REASONING_START: "said", REASONING_MESSAGE_START: "said", REASONING_MESSAGE_CONTENT: "said",
  TOOL_CALL_START: "called", TOOL_CALL_ARGS: "said", TOOL_CALL_END: "asked", TOOL_CALL_RESULT: "answered",
  STEP_STARTED: "entered", STEP_FINISHED: "leftStep",
};

const count = (tokens) => (Number.isFinite(tokens) && tokens > 0 ? tokens : 0);

let timeline = null;
let start = 0;
let waiting = false;

/** Begins the timeline of the runs that answer a message. */
export function begin() {
  timeline = new Timeline();
  start = performance.now();
  draw();
}

/** Takes an event of a run that is being watched from its beginning. */
export function record(event) {
  if (!timeline) return;
  timeline.take(event, performance.now() - start);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

/** Hides the timeline: what is shown now was not watched. */
export function clear() {
  timeline = null;
  draw();
}

function draw() {
  pane.hidden = !timeline?.end;
  if (pane.hidden) return;
  sum.textContent = summary(timeline);
  const rows = timeline.rows.map((row) => drawn(row, timeline));
  if (timeline.left) rows.unshift(element("li", "quiet", `${timeline.left} earlier`));
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 20;
  list.replaceChildren(...rows);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function summary({ end, first, usage, outcome, running }) {
  const parts = [running ? "running" : duration(end)];
  if (first !== null) parts.push(`first token ${duration(first)}`);
  if (usage) parts.push(`${usage.input} + ${usage.output} tokens`);
  if (outcome) parts.push(String(outcome).slice(0, maxName));
  return parts.join(" · ");
}

function drawn(row, { end }) {
  const to = row.end ?? end;
  const place = (node, from, until) => {
    node.style.left = `${share(from, end)}%`;
    if (until !== undefined) node.style.width = `${share(until, end) - share(from, end)}%`;
    return node;
  };
  const track = element("span", "track", place(element("span", "bar"), row.begin, to));
  if (row.first !== undefined) track.append(place(element("span", "first"), row.first));
  const name = element("span", "name", row.name);
  name.title = row.first === undefined ? row.name : `${row.name}: first token after ${duration(row.first - row.begin)}`;
  const note = row.note || (row.end === undefined ? "…" : duration(to - row.begin));
  return element("li", row.kind, name, track, element("span", "time", note));
}

const share = (at, end) => (end > 0 ? Math.min(100, (100 * at) / end) : 0);

const duration = (ms) => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`);
