// How the runtime handles an agent's events.
const started = (it) => ({ type: "RUN_STARTED", threadId: it.thread, runId: "run-1" });
const finished = (it) => ({ type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" });
const message = (id, ...deltas) => [
  { type: "TEXT_MESSAGE_START", messageId: id, role: "assistant" },
  ...deltas.map((delta) => ({ type: "TEXT_MESSAGE_CONTENT", messageId: id, delta })),
  { type: "TEXT_MESSAGE_END", messageId: id },
];

// name -> the events of the agent
const streams = {
  "a whole run": (it) => [started(it), ...message("m-1", "Hel", "lo"), finished(it)],
  "nothing": () => [],
  "only RUN_STARTED": (it) => [started(it)],
  "no RUN_FINISHED": (it) => [started(it), ...message("m-1", "Hello")],
  "no RUN_STARTED": (it) => [...message("m-1", "Hello"), finished(it)],
  "an open message": (it) => [started(it), ...message("m-1", "Hello").slice(0, 2)],
  "an open tool call": (it) => [started(it), { type: "TOOL_CALL_START", toolCallId: "c-1", toolCallName: "f" }, { type: "TOOL_CALL_ARGS", toolCallId: "c-1", delta: "{" }],
  "a tool call without result": (it) => [started(it), { type: "TOOL_CALL_START", toolCallId: "c-1", toolCallName: "f" }, { type: "TOOL_CALL_END", toolCallId: "c-1" }],
  "an open step": (it) => [started(it), { type: "STEP_STARTED", stepName: "s" }],
  "open reasoning": (it) => [started(it), { type: "REASONING_START", messageId: "r-1" }, { type: "REASONING_MESSAGE_START", messageId: "r-1", role: "reasoning" }, { type: "REASONING_MESSAGE_CONTENT", messageId: "r-1", delta: "hm" }],
  "everything open at once": (it) => [
    started(it),
    { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant" },
    { type: "TOOL_CALL_START", toolCallId: "c-1", toolCallName: "f" },
    { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "x" },
    { type: "TOOL_CALL_START", toolCallId: "c-2", toolCallName: "g", parentMessageId: "m-1" },
    { type: "TOOL_CALL_END", toolCallId: "c-1" },
  ],
  "text chunks": (it) => [
    started(it),
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m-1", role: "assistant", delta: "Hel" },
    { type: "TEXT_MESSAGE_CHUNK", delta: "lo" },
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m-2", delta: "again" },
    finished(it),
  ],
  "text chunks to the end": (it) => [started(it), { type: "TEXT_MESSAGE_CHUNK", messageId: "m-1", delta: "Hello" }],
  "tool call chunks": (it) => [
    started(it),
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m-1", delta: "Call" },
    { type: "TOOL_CALL_CHUNK", toolCallId: "c-1", toolCallName: "f", parentMessageId: "m-1", delta: '{"a":' },
    { type: "TOOL_CALL_CHUNK", delta: "1}" },
    { type: "TOOL_CALL_CHUNK", toolCallId: "c-2", toolCallName: "g", delta: "{}" },
    finished(it),
  ],
  "reasoning chunks": (it) => [
    started(it),
    { type: "REASONING_START", messageId: "r-0" },
    { type: "REASONING_MESSAGE_CHUNK", messageId: "r-1", delta: "Let " },
    { type: "REASONING_MESSAGE_CHUNK", messageId: "r-1", delta: "me see" },
    { type: "REASONING_END", messageId: "r-0" },
    ...message("m-1", "Right."),
    finished(it),
  ],
  "a chunk with an empty delta": (it) => [started(it), { type: "TEXT_MESSAGE_CHUNK", messageId: "m-1", delta: "" }, { type: "TEXT_MESSAGE_CHUNK", messageId: "m-1", delta: "x" }, finished(it)],
  "a first chunk without id": (it) => [started(it), { type: "TEXT_MESSAGE_CHUNK", delta: "x" }, finished(it)],
  "a first tool call chunk without name": (it) => [started(it), { type: "TOOL_CALL_CHUNK", toolCallId: "c-1", delta: "x" }, finished(it)],
  "chunks with a custom event between": (it) => [
    started(it),
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m-1", delta: "a" },
    { type: "CUSTOM", name: "n", value: {} },
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m-1", delta: "b" },
    { type: "RAW", event: { x: 1 }, source: "s" },
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m-1", delta: "c" },
    { type: "STATE_SNAPSHOT", snapshot: {} },
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m-1", delta: "d" },
    finished(it),
  ],
  "reasoning": (it) => [
    started(it),
    { type: "REASONING_START", messageId: "r-1" },
    { type: "REASONING_MESSAGE_START", messageId: "r-1", role: "reasoning" },
    { type: "REASONING_MESSAGE_CONTENT", messageId: "r-1", delta: "Let me " },
    { type: "REASONING_MESSAGE_CONTENT", messageId: "r-1", delta: "see" },
    { type: "REASONING_MESSAGE_END", messageId: "r-1" },
    { type: "REASONING_ENCRYPTED_VALUE", subtype: "message", entityId: "r-1", encryptedValue: "xyz" },
    { type: "REASONING_END", messageId: "r-1" },
    ...message("m-1", "Right."),
    finished(it),
  ],
  "thinking, the older reasoning": (it) => [
    started(it),
    { type: "THINKING_START", title: "t" },
    { type: "THINKING_TEXT_MESSAGE_START" },
    { type: "THINKING_TEXT_MESSAGE_CONTENT", delta: "hm" },
    { type: "THINKING_TEXT_MESSAGE_END" },
    { type: "THINKING_END" },
    finished(it),
  ],
  "state": (it) => [
    started(it),
    { type: "STATE_SNAPSHOT", snapshot: { count: 1, list: [1] } },
    { type: "STATE_DELTA", delta: [{ op: "replace", path: "/count", value: 2 }, { op: "add", path: "/list/-", value: 2 }] },
    finished(it),
  ],
  "a snapshot of messages": (it) => [
    started(it),
    { type: "MESSAGES_SNAPSHOT", messages: [{ id: "user-1", role: "user", content: "hi" }, { id: "m-1", role: "assistant", content: "hello", toolCalls: [{ id: "c-1", type: "function", function: { name: "f", arguments: "{}" } }] }] },
    finished(it),
  ],
  "activities": (it) => [
    started(it),
    { type: "ACTIVITY_SNAPSHOT", messageId: "a-1", activityType: "PLAN", content: { steps: ["one"] } },
    { type: "ACTIVITY_DELTA", messageId: "a-1", activityType: "PLAN", patch: [{ op: "add", path: "/steps/-", value: "two" }] },
    { type: "ACTIVITY_SNAPSHOT", messageId: "a-1", activityType: "PLAN", content: { steps: [] }, replace: false },
    finished(it),
  ],
  "a tool call and its result": (it) => [
    started(it),
    { type: "TOOL_CALL_START", toolCallId: "c-1", toolCallName: "f", parentMessageId: "m-1" },
    { type: "TOOL_CALL_ARGS", toolCallId: "c-1", delta: '{"a"' },
    { type: "TOOL_CALL_ARGS", toolCallId: "c-1", delta: ":1}" },
    { type: "TOOL_CALL_END", toolCallId: "c-1" },
    { type: "TOOL_CALL_RESULT", messageId: "t-1", toolCallId: "c-1", content: '{"b":2}', role: "tool" },
    ...message("m-2", "Done."),
    finished(it),
  ],
  "two tool calls side by side": (it) => [
    started(it),
    { type: "TOOL_CALL_START", toolCallId: "c-1", toolCallName: "f" },
    { type: "TOOL_CALL_START", toolCallId: "c-2", toolCallName: "g" },
    { type: "TOOL_CALL_ARGS", toolCallId: "c-1", delta: "{" },
    { type: "TOOL_CALL_ARGS", toolCallId: "c-2", delta: "{" },
    { type: "TOOL_CALL_ARGS", toolCallId: "c-1", delta: "}" },
    { type: "TOOL_CALL_ARGS", toolCallId: "c-2", delta: "}" },
    { type: "TOOL_CALL_END", toolCallId: "c-1" },
    { type: "TOOL_CALL_END", toolCallId: "c-2" },
    finished(it),
  ],
  "steps, raw and custom events": (it) => [
    started(it),
    { type: "STEP_STARTED", stepName: "one" },
    { type: "RAW", event: { a: [1, null] }, source: "elsewhere" },
    { type: "CUSTOM", name: "ping", value: { a: 1 } },
    { type: "CUSTOM", name: "nothing" },
    { type: "STEP_FINISHED", stepName: "one" },
    finished(it),
  ],
  "subagents": (it) => [
    started(it),
    { type: "SUBAGENT_STARTED", subagentRunId: "s-1", name: "researcher" },
    { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant", subagentRunId: "s-1" },
    { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "found", subagentRunId: "s-1" },
    { type: "TEXT_MESSAGE_END", messageId: "m-1", subagentRunId: "s-1" },
    { type: "SUBAGENT_FINISHED", subagentRunId: "s-1", outcome: { type: "success" } },
    ...message("m-2", "Done."),
    finished(it),
  ],
  "fields nobody knows": (it) => [
    { ...started(it), extra: 1 },
    { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant", extra: { a: 1 }, name: "bot" },
    { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "x", extra: [1] },
    { type: "TEXT_MESSAGE_END", messageId: "m-1", extra: null },
    { type: "CUSTOM", name: "n", value: 1, extra: true },
    { ...finished(it), extra: "x" },
  ],
  "timestamps and raw events": (it) => [
    started(it),
    { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant", timestamp: 1700000000123, rawEvent: { x: 1 } },
    { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "x", timestamp: 1700000000124.5 },
    { type: "TEXT_MESSAGE_END", messageId: "m-1" },
    finished(it),
  ],
  "a result": (it) => [started(it), { ...finished(it), result: { answer: [42] } }],
  "an interrupt": (it) => [started(it), { ...finished(it), outcome: { type: "interrupt", interrupts: [{ id: "i-1", reason: "approval", message: "May I?", toolCallId: "c-1", responseSchema: { type: "object" } }] } }],
  "a success": (it) => [started(it), { ...finished(it), outcome: { type: "success" } }],
  "an error of the agent's own": (it) => [started(it), ...message("m-1", "x"), { type: "RUN_ERROR", message: "no luck", code: "luck" }],
  "an error in the middle of a message": (it) => [started(it), ...message("m-1", "x").slice(0, 2), { type: "RUN_ERROR", message: "no luck" }],
  "events after the end": (it) => [started(it), finished(it), ...message("m-1", "late")],
  "events after an error": (it) => [started(it), { type: "RUN_ERROR", message: "no luck" }, ...message("m-1", "late")],
  "two runs in one": (it) => [started(it), finished(it), { ...started(it), runId: "run-2" }, { ...finished(it), runId: "run-2" }],
  "RUN_STARTED twice": (it) => [started(it), started(it), finished(it)],
  "RUN_STARTED of another run": (it) => [{ ...started(it), runId: "run-other" }, { ...finished(it), runId: "run-other" }],
  "RUN_STARTED of another thread": (it) => [{ ...started(it), threadId: "another thread" }, { ...finished(it), threadId: "another thread" }],
  "RUN_STARTED with an input of its own": (it) => [{ ...started(it), input: { ...it.input(), state: { mine: true } } }, finished(it)],
  "content of a message that isn't open": (it) => [started(it), { type: "TEXT_MESSAGE_CONTENT", messageId: "m-9", delta: "x" }, finished(it)],
  "the end of a message that isn't open": (it) => [started(it), { type: "TEXT_MESSAGE_END", messageId: "m-9" }, finished(it)],
  "a message opened twice": (it) => [started(it), ...message("m-1", "a").slice(0, 2), ...message("m-1", "b"), finished(it)],
  "arguments of a call that isn't open": (it) => [started(it), { type: "TOOL_CALL_ARGS", toolCallId: "c-9", delta: "x" }, finished(it)],
  "finished with a message open": (it) => [started(it), ...message("m-1", "a").slice(0, 2), finished(it)],
  "finished with a step open": (it) => [started(it), { type: "STEP_STARTED", stepName: "s" }, finished(it)],
  "an unknown event": (it) => [started(it), { type: "SOMETHING_ELSE", x: 1 }, finished(it)],
  "it throws at once": () => [{ throw: "it went wrong" }],
  "it throws after RUN_STARTED": (it) => [started(it), { throw: "it went wrong" }],
  "it throws in the middle of a message": (it) => [started(it), ...message("m-1", "a").slice(0, 2), { throw: "it went wrong" }],
  "it throws after the end": (it) => [started(it), finished(it), { throw: "it went wrong" }],
};

const comments = (answer) => answer.events.filter(({ frame }) => frame === ": keep-alive").length;

export const runs = {
  ...Object.fromEntries(
    Object.entries(streams).map(([name, events]) => [
      name,
      async (it) => {
        it.see("run", await it.events(events(it), { messages: [{ id: "user-1", role: "user", content: "hi" }], state: { count: 0 } }));
        it.see("connect", await it.connect());
        it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`));
        it.see("events", await it.get(`/threads/${encodeURIComponent(it.thread)}/events`));
        it.see("state", await it.get(`/threads/${encodeURIComponent(it.thread)}/state`));
      },
    ]),
  ),
  "a second run in a minute where a user may begin one": async (it) => {
    const run = (runId) => it.open("POST", "/api/copilotkit/agent/scripted/run", { setup: "limited", body: it.emptyRun({ runId }) });
    await (await run("run-1")).whole();
    const { status, headers, body } = await (await run("run-2")).whole();
    it.see("second", { status, code: body?.code, "when to try again": headers["retry-after"] !== undefined, "may pages read it": headers["access-control-expose-headers"] });
    it.see("usage of nobody", await it.get("/usage", { setup: "limited" }));
  },
  "comments while nothing is said": async (it) => {
    const events = [started(it), ...message("m-1", "Hello"), { hold: "comments" }, finished(it)];
    const run = await it.openRun("scripted", { forwardedProps: { events } }, { setup: "impatient" });
    await it.reached("comments");
    const follow = await it.openConnect("scripted", {}, { setup: "impatient" });
    for (const [name, answer] of Object.entries({ run, follow })) {
      it.see(`${name} is told`, await it.becomes(() => comments(answer) > 1));
    }
    it.release("comments");
    await run.whole();
  },
  "no comments where they are off": async (it) => {
    const events = [started(it), ...message("m-1", "Hello"), { hold: "silence" }, finished(it)];
    const run = await it.openRun("scripted", { forwardedProps: { events } }, { setup: "silent" });
    await it.reached("silence");
    await new Promise((resolve) => setTimeout(resolve, 300));
    it.see("comments", comments(run));
    it.release("silence");
    await run.whole();
  },
  "an agent that thinks before it begins": async (it) => {
    const events = [{ hold: "think" }, started(it), ...message("m-1", "Hello"), finished(it)];
    // On the reference it doesn't even begin to answer.
    let run;
    const opening = it.openRun("scripted", { messages: [{ id: "user-1", role: "user", content: "hi" }], forwardedProps: { events } }).then((answer) => (run = answer));
    await it.reached("think");
    it.see("begun", await it.becomes(() => run?.events.some((event) => event.type), { neverOnReference: true }));
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`));
    it.release("think");
    await opening;
    const { events: sent, ...rest } = await run.whole();
    // A slow side has sent comments meanwhile.
    it.see("run", { ...rest, events: sent.filter((event) => event.type) });
  },
  "a state delta that doesn't fit": async (it) => {
    const events = [started(it), { type: "STATE_DELTA", delta: [{ op: "replace", path: "/no/where", value: 2 }] }, finished(it)];
    it.see("run", await it.events(events, {}, { endless: true }));
    it.see("next", await it.events([], { runId: "run-2" }, { endless: true }));
  },
  ...Object.fromEntries(
    ["a whole run", "no RUN_FINISHED", "no RUN_STARTED", "text chunks", "an open tool call", "nothing", "it throws at once", "it throws in the middle of a message"].map((name) => [
      `suggest with ${name}`,
      async (it) => {
        it.see("suggest", await it.events(streams[name](it), {}, { route: "suggest" }));
        it.see("connect", await it.connect());
        it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`));
      },
    ]),
  ),
};
