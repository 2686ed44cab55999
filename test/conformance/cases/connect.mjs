// What a client sees that connects to a thread later.
import { assistant, joined, user } from "../case.mjs";

const text = (it, run, message, ...deltas) => [
  { type: "RUN_STARTED", threadId: it.thread, runId: run },
  { type: "TEXT_MESSAGE_START", messageId: message, role: "assistant" },
  ...deltas.map((delta) => (typeof delta === "string" ? { type: "TEXT_MESSAGE_CONTENT", messageId: message, delta } : delta)),
  { type: "TEXT_MESSAGE_END", messageId: message },
  { type: "RUN_FINISHED", threadId: it.thread, runId: run },
];

export const connect = {
  "a thread nobody knows": async (it) => it.see("connect", await it.connect()),
  "by GET": async (it) => {
    it.see("nothing", await it.get("/agent/scripted/connect"));
    it.see("a thread", await it.get("/agent/scripted/connect?threadId=t"));
  },
  "after one run": async (it) => {
    await it.run("default", { text: "say hello" });
    it.see("connect", await it.connect("default"));
  },
  "with another agent's name": async (it) => {
    await it.run("default", { text: "say hello" });
    it.see("connect", await it.connect("scripted"));
  },
  "after several runs": async (it) => {
    const first = [user("user-1", "hi")];
    await it.events(text(it, "run-1", "m-1", "a", "b"), { messages: first });
    const second = [...first, assistant("m-1", "ab"), user("user-2", "again")];
    await it.events(text(it, "run-2", "m-2", "c", "d"), { messages: second, runId: "run-2" });
    const third = [...second, assistant("m-2", "cd"), user("user-3", "and again")];
    await it.events(text(it, "run-3", "m-3", "e", "f"), { messages: third, runId: "run-3" });
    it.see("connect", await it.connect());
    it.see("events", await it.get(`/threads/${encodeURIComponent(it.thread)}/events`));
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`));
  },
  "what a run is told of earlier ones": async (it) => {
    await it.events(text(it, "run-1", "m-1", "a"), { messages: [user("user-1", "hi")] });
    it.see("second", await it.events(text(it, "run-2", "m-2", "b"), { runId: "run-2", messages: [user("user-1", "hi"), assistant("m-1", "a"), user("user-2", "more")], state: { a: 1 }, context: [{ description: "d", value: "v" }] }));
  },
  "during a run": async (it) => {
    const events = text(it, "run-1", "m-1", "a", "b", { hold: "middle" }, "c", "d");
    const run = await it.openRun("scripted", { messages: [user("user-1", "hi")], forwardedProps: { events } });
    await it.reached("middle");
    const follower = await it.openConnect();
    await follower.until((event) => event.delta === "b");
    it.see("so far", joined(follower).events);
    it.release("middle");
    it.see("follower", joined(await follower.whole()));
    it.see("run", await run.whole());
  },
  "during the second run": async (it) => {
    await it.events(text(it, "run-1", "m-1", "a", "b"), { messages: [user("user-1", "hi")] });
    const events = text(it, "run-2", "m-2", "c", { hold: "middle" }, "d");
    const run = await it.openRun("scripted", { runId: "run-2", messages: [user("user-1", "hi"), user("user-2", "ho")], forwardedProps: { events } });
    await it.reached("middle");
    const followers = await Promise.all([it.openConnect(), it.openConnect()]);
    for (const follower of followers) await follower.until((event) => event.delta === "c");
    it.release("middle");
    for (const [i, follower] of followers.entries()) it.see(`follower ${i}`, joined(await follower.whole()));
    await run.whole();
  },
  "while a stopped run ends": async (it) => {
    const events = text(it, "run-1", "m-1", "a", { hold: "middle" });
    const run = await it.openRun("scripted", { forwardedProps: { events } });
    await it.reached("middle");
    const follower = await it.openConnect();
    await follower.until((event) => event.delta === "a");
    await it.stop();
    it.see("follower", await follower.whole());
    it.see("run", await run.whole());
  },
  "interleaved messages and tool calls": async (it) => {
    await it.events([
      { type: "RUN_STARTED", threadId: it.thread, runId: "run-1" },
      { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "a" },
      { type: "TOOL_CALL_START", toolCallId: "c-1", toolCallName: "f", parentMessageId: "m-1" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "b" },
      { type: "TOOL_CALL_ARGS", toolCallId: "c-1", delta: "{" },
      { type: "CUSTOM", name: "between", value: null },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "c" },
      { type: "TOOL_CALL_ARGS", toolCallId: "c-1", delta: "}" },
      { type: "TEXT_MESSAGE_END", messageId: "m-1" },
      { type: "TOOL_CALL_END", toolCallId: "c-1" },
      { type: "TOOL_CALL_RESULT", messageId: "t-1", toolCallId: "c-1", content: "r" },
      { type: "STATE_SNAPSHOT", snapshot: { a: 1 } },
      { type: "STATE_DELTA", delta: [{ op: "add", path: "/b", value: 2 }] },
      { type: "STATE_DELTA", delta: [{ op: "remove", path: "/a" }] },
      { type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" },
    ]);
    it.see("connect", await it.connect());
    it.see("state", await it.get(`/threads/${encodeURIComponent(it.thread)}/state`));
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`));
  },
  "state of several runs": async (it) => {
    const run = (id, ...events) => [{ type: "RUN_STARTED", threadId: it.thread, runId: id }, ...events, { type: "RUN_FINISHED", threadId: it.thread, runId: id }];
    await it.events(run("run-1", { type: "STATE_SNAPSHOT", snapshot: { a: 1 } }));
    await it.events(run("run-2", { type: "STATE_DELTA", delta: [{ op: "add", path: "/b", value: 2 }] }), { runId: "run-2", state: { a: 1 } });
    it.see("connect", await it.connect());
    it.see("state", await it.get(`/threads/${encodeURIComponent(it.thread)}/state`));
  },
  "state that a run without any leaves alone": async (it) => {
    const run = (id, ...events) => [{ type: "RUN_STARTED", threadId: it.thread, runId: id }, ...events, { type: "RUN_FINISHED", threadId: it.thread, runId: id }];
    await it.events(run("run-1", { type: "STATE_SNAPSHOT", snapshot: { a: 1 } }, { type: "STATE_DELTA", delta: [{ op: "add", path: "/b", value: 2 }] }));
    await it.events(run("run-2"), { runId: "run-2", state: {} });
    it.see("connect", await it.connect());
    it.see("state", await it.get(`/threads/${encodeURIComponent(it.thread)}/state`));
    it.see("events", await it.get(`/threads/${encodeURIComponent(it.thread)}/events`));
  },
  "a resumption id is no mistake": async (it) => {
    await it.events(text(it, "run-1", "m-1", "a", "b"));
    it.see("null", await it.connect("scripted", { lastSeenEventId: null }));
    it.see("the second event", await it.connect("scripted", { lastSeenEventId: "2" }));
  },
};
