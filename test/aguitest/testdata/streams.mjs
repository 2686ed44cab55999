// Writes streams.json for the tests of this package: what the protocol's own
// TypeScript client makes of some event streams.
//
//   npm install @ag-ui/client@0.0.59 rxjs
//   node streams.mjs [number of random streams] > streams.json
//
// For each stream it writes "expanded", the events after chunk expansion, or
// "expandError"; for the expanded ones "refused", the index of the first event
// that the client's verification refuses (-1 for none), "compacted", and the
// client's final "messages" and "state".
import { from } from "rxjs";
import { compactEvents, defaultApplyEvents, transformChunks, verifyEvents } from "@ag-ui/client";

console.warn = () => {};

const started = { type: "RUN_STARTED", threadId: "t", runId: "r" };
const finished = { type: "RUN_FINISHED", threadId: "t", runId: "r" };
const run = (...events) => [started, ...events, finished];
const text = (id, ...deltas) => [
  { type: "TEXT_MESSAGE_START", messageId: id, role: "assistant" },
  ...deltas.map((delta) => ({ type: "TEXT_MESSAGE_CONTENT", messageId: id, delta })),
  { type: "TEXT_MESSAGE_END", messageId: id },
];
const call = (id, parentMessageId, ...deltas) => [
  { type: "TOOL_CALL_START", toolCallId: id, toolCallName: "search", parentMessageId },
  ...deltas.map((delta) => ({ type: "TOOL_CALL_ARGS", toolCallId: id, delta })),
  { type: "TOOL_CALL_END", toolCallId: id },
];
const result = (id, content) => ({
  type: "TOOL_CALL_RESULT", messageId: `${id}-result`, toolCallId: id, content, role: "tool",
});
const patch = (...delta) => ({ type: "STATE_DELTA", delta });
const activity = (messageId, content, more) => ({
  type: "ACTIVITY_SNAPSHOT", messageId, activityType: "PLAN", content, ...more,
});

const cases = {
  "a text message": run(...text("m", "Hel", "lo ", "wörld 😀", "\n")),
  "two messages, one inside the other": run(
    text("a")[0], text("b")[0], ...text("a", "1")[1] ? [text("a", "1")[1]] : [], text("b", "2")[1],
    text("a", "3")[1], text("b")[1], text("a")[1]),
  "an event in the middle of a message": run(
    text("m")[0], text("m", "x")[1], { type: "CUSTOM", name: "c", value: 1 }, text("m", "y")[1], text("m")[1]),
  "a tool call with its result": run(
    ...text("m", "Looking."), ...call("c1", "m", '{"q":', '"x"}'), ...call("c2", "m", "{}"),
    result("c1", "one"), ...text("n", "Found."), result("c2", "two")),
  "a tool call without a parent": run(...call("c", undefined, "{}")),
  "a tool call whose parent is a user message": [
    { ...started, input: { threadId: "t", runId: "r", messages: [{ id: "u", role: "user", content: "hi" }], tools: [], context: [] } },
    ...call("c", "u", "{}"), finished],
  "text in the message that a tool call made": run(...call("c", "m", "{}"), ...text("m", "after")),
  "a tool call that starts again": run(
    ...call("c", undefined, "{}"), { ...call("c")[0], toolCallName: "renamed", metadata: { a: 1 } }, call("c")[1]),
  "a message that starts again after deltas": run(
    { ...text("m")[0], metadata: { a: 1 } }, text("m", "x")[1], { ...text("m")[0], metadata: { a: 2, b: 3 } }, text("m")[1]),
  "metadata on every event of a message": run(
    { ...text("m")[0], metadata: { a: 1, n: null } }, { ...text("m", "x")[1], metadata: { a: 2, deep: { x: 1 } } },
    { ...text("m", "y")[1], metadata: { deep: { y: 1 } } }, { ...text("m")[1], metadata: { usage: 3 } }),
  "state that is set and changed": run(
    { type: "STATE_SNAPSHOT", snapshot: { a: 1, list: [1, 2, 3], "x/y": "<&>" } },
    patch({ op: "replace", path: "/a", value: 2 }, { op: "add", path: "/list/-", value: 4 }, { op: "remove", path: "/list/0" }),
    patch({ op: "move", from: "/a", path: "/b" }, { op: "copy", from: "/list", path: "/copy" }),
    patch({ op: "test", path: "/b", value: 2 }, { op: "replace", path: "/x~1y", value: null })),
  "state that begins with a change": run(patch({ op: "add", path: "/a", value: { b: 1 } })),
  "state that is replaced at its root": run(patch({ op: "replace", path: "", value: { b: 1 } }), patch({ op: "add", path: "/c", value: 2 })),
  "state outside of runs": [{ type: "STATE_SNAPSHOT", snapshot: [1] }, started, finished, { type: "STATE_SNAPSHOT", snapshot: null }],
  "two runs": [...run(...text("a", "1"), patch({ op: "add", path: "/x", value: 1 })), ...run(...text("b", "2"))],
  "a message without an end": [started, ...text("m", "x", "y").slice(0, 3)],
  "a delta without a start": run(text("m", "x")[1]),
  "an end without a start": run(text("m")[1]),
  "a second start": run(text("m")[0], text("m")[0]),
  "nothing after the end": [...run(), ...text("m")],
  "an error after the end": [...run(), { type: "RUN_ERROR", message: "x" }],
  "an event before the start": [...text("m"), started],
  "an error as the first event": [{ type: "RUN_ERROR", message: "x", code: "C" }],
  "an end of the run with a message open": run(text("m")[0]),
  "an end of the run with a call open": run(call("c")[0]),
  "an end of the run with a step open": run({ type: "STEP_STARTED", stepName: "s" }),
  "an end of the run with a subagent open": run({ type: "SUBAGENT_STARTED", subagentRunId: "s", name: "n" }),
  "steps": run({ type: "STEP_STARTED", stepName: "s" }, { type: "STEP_FINISHED", stepName: "s" }, { type: "STEP_FINISHED", stepName: "s" }),
  "the same step of two subagents": run(
    { type: "SUBAGENT_STARTED", subagentRunId: "s1", name: "n" },
    { type: "STEP_STARTED", stepName: "s" }, { type: "STEP_STARTED", stepName: "s", subagentRunId: "s1" },
    { type: "STEP_FINISHED", stepName: "s", subagentRunId: "s1" }, { type: "STEP_FINISHED", stepName: "s" },
    { type: "SUBAGENT_FINISHED", subagentRunId: "s1" }),
  "thinking, as it was called": run(
    { type: "THINKING_START", title: "t" }, { type: "THINKING_TEXT_MESSAGE_START" },
    { type: "THINKING_TEXT_MESSAGE_CONTENT", delta: "x" }, { type: "THINKING_TEXT_MESSAGE_END" }, { type: "THINKING_END" }),
  "a thinking message outside of thinking": run({ type: "THINKING_TEXT_MESSAGE_START" }),
  "reasoning": run(
    { type: "REASONING_START", messageId: "r" }, { type: "REASONING_MESSAGE_START", messageId: "r", role: "reasoning" },
    { type: "REASONING_MESSAGE_CONTENT", messageId: "r", delta: "be" }, { type: "REASONING_MESSAGE_CONTENT", messageId: "r", delta: "cause" },
    { type: "REASONING_MESSAGE_END", messageId: "r" }, { type: "REASONING_END", messageId: "r" },
    { type: "REASONING_ENCRYPTED_VALUE", subtype: "message", entityId: "r", encryptedValue: "secret" },
    ...call("c", undefined, "{}"),
    { type: "REASONING_ENCRYPTED_VALUE", subtype: "tool-call", entityId: "c", encryptedValue: "hidden" }),
  "activities": run(
    activity("a", { done: [] }), { type: "ACTIVITY_DELTA", messageId: "a", activityType: "PLAN", patch: [{ op: "add", path: "/done/-", value: "x" }] },
    activity("a", { ignored: true }, { replace: false }), activity("b", { v: 1 }), activity("b", { v: 2 }, { metadata: { m: 1 } }),
    { type: "ACTIVITY_DELTA", messageId: "b", activityType: "PLAN", patch: [{ op: "remove", path: "/none" }] },
    { type: "ACTIVITY_DELTA", messageId: "none", activityType: "PLAN", patch: [] }),
  "a snapshot of the messages": run(
    ...text("a", "old"), activity("p", { x: 1 }), ...text("b", "gone"),
    { type: "MESSAGES_SNAPSHOT", messages: [{ id: "n", role: "user", content: "new" }, { id: "a", role: "assistant", content: "changed" }] },
    ...text("c", "after")),
  "the messages of the input": [
    { ...started, input: { threadId: "t", runId: "r", state: { s: 1 }, messages: [
      { id: "1", role: "user", content: [{ type: "text", text: "see" }, { type: "image", source: { type: "url", value: "https://x/y.png" } }] },
      { id: "2", role: "assistant", toolCalls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }] },
      { id: "3", role: "tool", toolCallId: "c", content: "done" }], tools: [], context: [] } }, finished],
  "text chunks": run(
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m", role: "user", name: "joe", delta: "a" }, { type: "TEXT_MESSAGE_CHUNK", delta: "b" },
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m", delta: "" }, { type: "TEXT_MESSAGE_CHUNK", messageId: "n" },
    { type: "TEXT_MESSAGE_CHUNK", metadata: { usage: 1 } }),
  "tool call chunks": run(
    { type: "TOOL_CALL_CHUNK", toolCallId: "c", toolCallName: "f", parentMessageId: "p", delta: "{" }, { type: "TOOL_CALL_CHUNK", delta: "}" },
    { type: "RAW", event: 1 }, { type: "TOOL_CALL_CHUNK", toolCallId: "d", toolCallName: "g", metadata: { a: 1 } }),
  "reasoning chunks": run(
    { type: "REASONING_MESSAGE_CHUNK", messageId: "r", delta: "a" }, { type: "REASONING_MESSAGE_CHUNK", delta: "b" },
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m", delta: "c" }),
  "a chunk that continues nothing": run({ type: "TEXT_MESSAGE_CHUNK", delta: "a" }),
  "a tool call chunk without a name": run({ type: "TOOL_CALL_CHUNK", toolCallId: "c", delta: "a" }),
  "a chunk after an event closed its message": run(
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m", delta: "a" }, { type: "CUSTOM", name: "c", value: 1 }, { type: "TEXT_MESSAGE_CHUNK", delta: "b" }),
  "chunks of two subagents at once": run(
    { type: "SUBAGENT_STARTED", subagentRunId: "s1", name: "n" }, { type: "SUBAGENT_STARTED", subagentRunId: "s2", name: "n" },
    { type: "TEXT_MESSAGE_CHUNK", messageId: "a", delta: "1", subagentRunId: "s1" }, { type: "TEXT_MESSAGE_CHUNK", messageId: "b", delta: "2", subagentRunId: "s2" },
    { type: "TEXT_MESSAGE_CHUNK", delta: "3", subagentRunId: "s1" }, { type: "TEXT_MESSAGE_CHUNK", messageId: "b", delta: "4" },
    { type: "SUBAGENT_FINISHED", subagentRunId: "s1" }, { type: "TEXT_MESSAGE_CHUNK", delta: "5" }, { type: "SUBAGENT_FINISHED", subagentRunId: "s2" }),
  "a chunk that could be of either subagent": run(
    { type: "TEXT_MESSAGE_CHUNK", messageId: "a", delta: "1", subagentRunId: "s1" }, { type: "TEXT_MESSAGE_CHUNK", messageId: "b", delta: "2", subagentRunId: "s2" },
    { type: "TEXT_MESSAGE_CHUNK", delta: "?" }),
  "a delta of another subagent": run({ ...text("m")[0], subagentRunId: "s1" }, { ...text("m", "x")[1], subagentRunId: "s2" }),
  "a subagent in the place of the snapshot's own message": run(
    { type: "MESSAGES_SNAPSHOT", messages: [{ id: "a", role: "assistant", content: "x" }, { id: "r", role: "reasoning", content: "y" }] },
    { ...text("a")[0], subagentRunId: "s1" }),
  "the subagent of the snapshot's messages": run(
    { type: "MESSAGES_SNAPSHOT", messages: [
      { id: "a", role: "assistant", subagentRunId: "s1", toolCalls: [{ id: "c", type: "function", function: { name: "f", arguments: "" } }] },
      { id: "p", role: "activity", activityType: "A", content: {}, subagentRunId: "s1" }] },
    { ...text("a")[0], subagentRunId: "s1" }, { ...text("a")[1], subagentRunId: "s1" },
    { type: "ACTIVITY_DELTA", messageId: "p", activityType: "A", patch: [], subagentRunId: "s1" },
    { ...call("c")[0], subagentRunId: "s2" }),
  "a subagent in the place of the input's reasoning": [
    { ...started, input: { threadId: "t", runId: "r", messages: [{ id: "r", role: "reasoning", content: "x" }], tools: [], context: [] } },
    { type: "REASONING_START", messageId: "r", subagentRunId: "s1" }, finished],
  "a tool call of another subagent than its message": run(
    { ...text("m")[0], subagentRunId: "s1" }, text("m")[1], { ...call("c", "m")[0], subagentRunId: "s2" }),
  "a tool call of its message's subagent": run(
    { ...text("m")[0], subagentRunId: "s1" }, text("m")[1], call("c", "m")[0], { ...call("c", "m", "{}")[1], subagentRunId: "s1" },
    { ...call("c")[1], subagentRunId: "s2" }),
  "a subagent that starts again": run(
    { type: "SUBAGENT_STARTED", subagentRunId: "s", name: "n" }, { type: "SUBAGENT_ERROR", subagentRunId: "s", message: "m" },
    { type: "SUBAGENT_STARTED", subagentRunId: "s", name: "n" }),
};

// Random streams use few ids, so that events often concern the same ids.
let seed = 1;
const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
const pick = (...of) => of[random(of.length)];
const maybe = (object) => (random(4) ? {} : object);
const randomEvent = () => {
  const id = pick("a", "b"), c = pick("c", "d"), delta = pick("", "x", "yz", "\"\n😀");
  const more = { ...maybe({ metadata: { [pick("k", "l")]: random(9) } }), ...maybe({ subagentRunId: pick("s1", "s2") }) };
  return { ...pick(
    { type: "TEXT_MESSAGE_START", messageId: id, role: pick("assistant", "user") },
    { type: "TEXT_MESSAGE_CONTENT", messageId: id, delta }, { type: "TEXT_MESSAGE_END", messageId: id },
    { type: "TEXT_MESSAGE_CHUNK", ...maybe({ messageId: id }), ...maybe({ delta }) },
    { type: "TEXT_MESSAGE_CHUNK", messageId: id, delta },
    { type: "TOOL_CALL_START", toolCallId: c, toolCallName: pick("f", "g"), ...maybe({ parentMessageId: id }) },
    { type: "TOOL_CALL_ARGS", toolCallId: c, delta }, { type: "TOOL_CALL_END", toolCallId: c },
    { type: "TOOL_CALL_CHUNK", toolCallId: c, ...maybe({ toolCallName: "f" }), delta },
    { type: "TOOL_CALL_CHUNK", delta },
    { type: "TOOL_CALL_RESULT", messageId: c + random(2), toolCallId: c, content: delta, role: "tool" },
    { type: "REASONING_MESSAGE_START", messageId: "r", role: "reasoning" }, { type: "REASONING_MESSAGE_CONTENT", messageId: "r", delta },
    { type: "REASONING_MESSAGE_END", messageId: "r" }, { type: "REASONING_MESSAGE_CHUNK", ...maybe({ messageId: "r" }), delta },
    { type: "STATE_SNAPSHOT", snapshot: { n: random(9) } }, { type: "STATE_DELTA", delta: [{ op: "add", path: "/" + pick("n", "m"), value: delta }] },
    { type: "ACTIVITY_SNAPSHOT", messageId: pick("p", "q"), activityType: "A", content: { n: random(9) }, replace: !!random(2) },
    { type: "ACTIVITY_DELTA", messageId: pick("p", "q"), activityType: "A", patch: [{ op: "add", path: "/x", value: random(9) }] },
    { type: "STEP_STARTED", stepName: pick("1", "2") }, { type: "STEP_FINISHED", stepName: pick("1", "2") },
    { type: "SUBAGENT_STARTED", name: "n" }, { type: "SUBAGENT_FINISHED" },
    { type: "CUSTOM", name: "x", value: random(9) }, { type: "RAW", event: {} },
    { type: "REASONING_ENCRYPTED_VALUE", subtype: pick("message", "tool-call"), entityId: pick(id, c), encryptedValue: "e" },
    { type: "MESSAGES_SNAPSHOT", messages: [{ id, role: "user", content: delta }] },
  ), ...more };
};
for (let i = 0; i < Number(process.argv[2] ?? 30); i++) {
  const events = [];
  while (events.length < 6 + random(20)) {
    const event = randomEvent();
    if (event.type.startsWith("SUBAGENT")) event.subagentRunId = pick("s1", "s2");
    if (event.type === "MESSAGES_SNAPSHOT") delete event.subagentRunId;
    events.push(event);
  }
  cases[`random ${i + 1}`] = run(...events);
}

const streams = [];
for (const [name, given] of Object.entries(cases)) {
  const events = JSON.parse(JSON.stringify(given));
  const stream = { name, events };
  streams.push(stream);
  let expanded = [];
  try {
    await new Promise((done, fail) =>
      from(events).pipe(transformChunks()).subscribe({ next: (e) => expanded.push(e), error: fail, complete: done }));
  } catch (error) {
    stream.expandError = String(error.message);
    continue;
  }
  stream.expanded = JSON.parse(JSON.stringify(expanded));
  let passed = 0;
  stream.refused = -1;
  try {
    await new Promise((done, fail) =>
      from(structuredClone(expanded)).pipe(verifyEvents()).subscribe({ next: () => passed++, error: fail, complete: done }));
  } catch (error) {
    stream.refused = passed;
    stream.refusal = String(error.message);
  }
  try {
    stream.compacted = compactEvents(structuredClone(stream.expanded));
  } catch (error) {
    stream.compactError = String(error.message);
  }
  const agent = { messages: [], state: {} };
  let messages = [], state = {};
  await new Promise((done, fail) =>
    defaultApplyEvents({ threadId: "t", runId: "r", messages: [], state: {}, tools: [], context: [] },
      from(structuredClone(stream.expanded)), agent, []).subscribe({
      next: (mutation) => { messages = mutation.messages ?? messages; if (mutation.state !== undefined) state = mutation.state; },
      error: fail, complete: done }));
  stream.messages = messages;
  stream.state = state;
}
console.log("[\n" + streams.map((stream) => JSON.stringify(stream)).join(",\n") + "\n]");
