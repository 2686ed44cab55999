// Writes schemas.json for the tests of this package: which modifications of valid
// inputs and events the protocol's own schemas still accept.
//
//   npm install @ag-ui/core@0.0.59 core1@npm:@ag-ui/core@1.0.0 zod@4
//   node schemas.mjs > schemas.json
//
// "bases" holds valid values. Each change is [base, path, what, accepts, issue]:
// what is to be put at the path ("absent" takes it away), accepts is 1 if
// version 0.0.59 accepts the result plus 2 if version 1.0.0 does, and issue is
// the path of the first issue that the older of the two has which accepts the
// base.
import { EventSchemas as events59, RunAgentInputSchema as input59 } from "@ag-ui/core";
import { EventSchemas as events1, RunAgentInputSchema as input1 } from "core1/schemas";

const input = {
  threadId: "t", runId: "r", parentRunId: "p", state: { a: 1 },
  messages: [
    { id: "1", role: "developer", content: "d", name: "n" },
    { id: "2", role: "system", content: "s", encryptedValue: "e" },
    { id: "3", role: "user", content: "u", metadata: { m: 1 }, subagentRunId: "s" },
    { id: "4", role: "user", content: [
      { type: "text", text: "t", id: "p", metadata: { x: 1 } },
      { type: "image", id: "p", source: { type: "url", value: "v", provider: "p" }, metadata: { x: 1 } },
      { type: "audio", source: { type: "data", value: "v", mimeType: "audio/wav" } },
      { type: "video", source: { type: "url", value: "v", mimeType: "video/mp4" } },
      { type: "document", source: { type: "data", value: "v", mimeType: "application/pdf" } },
    ] },
    { id: "5", role: "assistant", content: "a", toolCalls: [
      { id: "c", type: "function", function: { name: "f", arguments: "{}" }, encryptedValue: "e", metadata: {} },
    ] },
    { id: "6", role: "tool", content: "x", toolCallId: "c", error: "e", encryptedValue: "e" },
    { id: "7", role: "activity", activityType: "A", content: { x: 1 }, metadata: {} },
    { id: "8", role: "reasoning", content: "b", encryptedValue: "e" },
  ],
  tools: [{ name: "f", description: "d", parameters: { type: "object" }, metadata: { m: 1 } }],
  context: [{ description: "d", value: "v" }],
  forwardedProps: { x: 1 },
  resume: [{ interruptId: "i", status: "resolved", payload: 1, metadata: {} }],
};
const binary = { threadId: "t", runId: "r", messages: [{ id: "1", role: "user", content: [
  { type: "binary", mimeType: "m", id: "i", filename: "f" }, { type: "binary", mimeType: "m", url: "u" },
  { type: "binary", mimeType: "m", data: "d" } ] }], tools: [], context: [] };
const one = { threadId: "t", runId: "r", protocolVersion: "1.0", messages: [
  { id: "1", role: "tool", toolCallId: "c", content: [
    { type: "text", text: "t" },
    { type: "image", id: "p", source: { type: "file", value: "v", provider: "openai", mimeType: "image/png" } }] },
] };
const usage = [{ provider: "p", model: "m", inputTokens: 1, outputTokens: 2, totalTokens: 3, reasoningTokens: 0, cachedInputTokens: 0, cacheWriteInputTokens: 0 }];
const bases = [
  ["input", input], ["input", binary], ["input", one],
  ["event", { type: "TEXT_MESSAGE_START", messageId: "m", role: "user", name: "n", timestamp: 1, rawEvent: {}, metadata: {}, subagentRunId: "s" }],
  ["event", { type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: "d" }],
  ["event", { type: "TEXT_MESSAGE_END", messageId: "m" }],
  ["event", { type: "TEXT_MESSAGE_CHUNK", messageId: "m", role: "user", delta: "d", name: "n" }],
  ["event", { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "f", parentMessageId: "m" }],
  ["event", { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: "d" }],
  ["event", { type: "TOOL_CALL_END", toolCallId: "c" }],
  ["event", { type: "TOOL_CALL_CHUNK", toolCallId: "c", toolCallName: "f", parentMessageId: "m", delta: "d" }],
  ["event", { type: "TOOL_CALL_RESULT", messageId: "m", toolCallId: "c", content: "x", role: "tool" }],
  ["event", { type: "STATE_SNAPSHOT", snapshot: { a: 1 } }],
  ["event", { type: "STATE_DELTA", delta: [{ op: "add", path: "/a", value: 1 }] }],
  ["event", { type: "MESSAGES_SNAPSHOT", messages: [{ id: "1", role: "user", content: "x" }] }],
  ["event", { type: "ACTIVITY_SNAPSHOT", messageId: "m", activityType: "A", content: {}, replace: false }],
  ["event", { type: "ACTIVITY_DELTA", messageId: "m", activityType: "A", patch: [] }],
  ["event", { type: "RAW", event: { x: 1 }, source: "s" }],
  ["event", { type: "CUSTOM", name: "n", value: 1 }],
  ["event", { type: "RUN_STARTED", threadId: "t", runId: "r", parentRunId: "p", protocolVersion: "1.0", input: binary }],
  ["event", { type: "RUN_FINISHED", threadId: "t", runId: "r", result: 1, outcome: { type: "success" }, usage }],
  ["event", { type: "RUN_FINISHED", threadId: "t", runId: "r", outcome: { type: "interrupt", interrupts: [
    { id: "i", reason: "r", message: "m", toolCallId: "c", responseSchema: {}, expiresAt: "e", metadata: {}, subagentRunId: "s" }] } }],
  ["event", { type: "RUN_FINISHED", threadId: "t", runId: "r", outcome: { type: "success", pendingToolCallIds: ["c"] } }],
  ["event", { type: "RUN_FINISHED", threadId: "t", runId: "r", outcome: { type: "cancelled" } }],
  ["event", { type: "RUN_ERROR", message: "m", code: "c", usage }],
  ["event", { type: "STEP_STARTED", stepName: "s" }], ["event", { type: "STEP_FINISHED", stepName: "s" }],
  ["event", { type: "REASONING_START", messageId: "m" }], ["event", { type: "REASONING_END", messageId: "m" }],
  ["event", { type: "REASONING_MESSAGE_START", messageId: "m", role: "reasoning" }],
  ["event", { type: "REASONING_MESSAGE_CONTENT", messageId: "m", delta: "d" }],
  ["event", { type: "REASONING_MESSAGE_END", messageId: "m" }],
  ["event", { type: "REASONING_MESSAGE_CHUNK", messageId: "m", delta: "d" }],
  ["event", { type: "REASONING_ENCRYPTED_VALUE", subtype: "message", entityId: "m", encryptedValue: "e" }],
  ["event", { type: "SUBAGENT_STARTED", subagentRunId: "s", name: "n", description: "d", parentSubagentRunId: "p", parentToolCallId: "c", parentMessageId: "m" }],
  ["event", { type: "SUBAGENT_FINISHED", subagentRunId: "s", result: 1, outcome: { type: "suspended", interruptIds: ["i"] } }],
  ["event", { type: "SUBAGENT_ERROR", subagentRunId: "s", message: "m", code: "c" }],
  ["event", { type: "THINKING_START", title: "t" }], ["event", { type: "THINKING_END" }],
  ["event", { type: "THINKING_TEXT_MESSAGE_START" }], ["event", { type: "THINKING_TEXT_MESSAGE_CONTENT", delta: "d" }],
  ["event", { type: "THINKING_TEXT_MESSAGE_END" }],
];

const replacements = ["absent", null, "", "other", 0, 1.5, -1, true, [], {}, [1], { x: 1 }];
const pathText = (path) => path.reduce((text, step) =>
  typeof step === "number" ? `${text}[${step}]` : text ? `${text}.${step}` : step, "");

function* paths(value, at = []) {
  yield at;
  if (value && typeof value === "object") {
    for (const key of Object.keys(value)) yield* paths(value[key], [...at, Array.isArray(value) ? Number(key) : key]);
  }
}

function changed(base, path, what) {
  if (path.length === 0) return what;
  const copy = structuredClone(base);
  const parent = path.slice(0, -1).reduce((value, step) => value[step], copy);
  const last = path.at(-1);
  if (what === "absent") {
    if (Array.isArray(parent)) parent.splice(last, 1);
    else delete parent[last];
  } else parent[last] = what;
  return copy;
}

const changes = [];
bases.forEach(([kind, base], index) => {
  const [old, now] = kind === "input" ? [input59, input1] : [events59, events1];
  const oldest = old.safeParse(base).success ? old : now;
  for (const path of paths(base)) {
    for (const what of path.length ? replacements : replacements.slice(1)) {
      const value = changed(base, path, what);
      const accepts = (old.safeParse(value).success ? 1 : 0) + (now.safeParse(value).success ? 2 : 0);
      const issue = accepts ? null : pathText(oldest.safeParse(value).error.issues[0].path);
      changes.push([index, path, what, accepts, issue]);
    }
  }
});
console.log(`{"bases":[\n${bases.map((base) => JSON.stringify(base)).join(",\n")}\n],"changes":[\n${
  changes.map((change) => JSON.stringify(change)).join(",\n")}\n]}`);
