// Stopping a run, a second run meanwhile, and clients that disconnect.
import { joined } from "../case.mjs";

const held = (it, ...more) => ({
  messages: [{ id: "user-1", role: "user", content: "hi" }],
  forwardedProps: {
    events: [
      { type: "RUN_STARTED", threadId: it.thread, runId: "run-1" },
      { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "begin " },
      ...more,
      { hold: "middle" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "end" },
      { type: "TEXT_MESSAGE_END", messageId: "m-1" },
      { type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" },
    ],
  },
});

export const stop = {
  "nothing to stop": async (it) => it.see("stop", await it.stop()),
  "an unknown agent": async (it) => it.see("stop", await it.stop("nobody")),
  "another agent's name will do": async (it) => {
    const run = await it.openRun("scripted", held(it));
    await it.reached("middle");
    await run.until((event) => event.delta);
    it.see("stop", await it.stop("default"));
    it.see("run", await run.whole());
  },
  "a run in the middle of a message": async (it) => {
    const run = await it.openRun("scripted", held(it));
    await it.reached("middle");
    await run.until((event) => event.delta);
    it.see("stop", await it.stop());
    it.see("run", await run.whole());
    it.see("again", await it.stop());
    it.see("connect", await it.connect());
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`));
  },
  "a run with a tool call open": async (it) => {
    const open = [
      { type: "TOOL_CALL_START", toolCallId: "c-1", toolCallName: "f", parentMessageId: "m-1" },
      { type: "TOOL_CALL_ARGS", toolCallId: "c-1", delta: "{" },
    ];
    const run = await it.openRun("scripted", held(it, ...open));
    await it.reached("middle");
    await run.until((event) => event.delta);
    it.see("stop", await it.stop());
    it.see("run", await run.whole());
    it.see("connect", await it.connect());
  },
  "the model's connection closes": async (it) => {
    const run = await it.openRun("default", { text: "hold on" });
    await run.until((event) => event.delta === "gin ");
    it.see("stop", await it.stop("default"));
    it.see("run", await run.whole());
    const [asked] = it.modelRequests();
    it.see("closed", await it.becomes(() => asked.closed));
  },
  "a body is not needed": async (it) => {
    it.see("none", await it.http("POST", "/api/copilotkit/agent/scripted/stop/t"));
    it.see("broken", await it.http("POST", "/api/copilotkit/agent/scripted/stop/t", { headers: { "content-type": "application/json" }, body: "{" }));
  },
  "a body that names the run": async (it) => {
    const run = await it.openRun("scripted", held(it));
    await it.reached("middle");
    await run.until((event) => event.delta);
    const bodies = ['{"runId":"run-2"}', '{"runId":" "}', '{"runId":1}', '{"runId":null}', '{"run":"run-1"}', '{"runId":"run-1","x":1}', "[]", "null", "1", '"run-1"'];
    for (const body of bodies) it.see(body, await it.stop("scripted", it.thread, { headers: { "content-type": "application/json" }, body }));
    it.see("the run", await it.stop("scripted", it.thread, { body: { runId: "run-1" } }));
    it.see("again", await it.stop("scripted", it.thread, { body: { runId: "run-1" } }));
    await run.whole();
  },
  "the next run after a stop": async (it) => {
    const run = await it.openRun("scripted", held(it));
    await run.until((event) => event.delta);
    await it.stop();
    await run.whole();
    const events = [{ type: "CUSTOM", name: "n", value: 1 }, { type: "RUN_FINISHED", threadId: it.thread, runId: "run-2" }];
    it.see("next", await it.run("scripted", { runId: "run-2", forwardedProps: { events: [{ type: "RUN_STARTED", threadId: it.thread, runId: "run-2" }, ...events] } }));
  },
  "a second run on a busy thread": async (it) => {
    const run = await it.openRun("scripted", held(it));
    await it.reached("middle");
    it.see("second", await it.run("scripted", it.emptyRun({ runId: "run-2" })));
    it.release("middle");
    it.see("first", await run.whole());
    it.see("connect", await it.connect());
  },
  "a second run that supersedes the first": async (it) => {
    const run = await it.openRun("scripted", held(it), { setup: "supersede" });
    await it.reached("middle");
    const events = [{ type: "RUN_STARTED", threadId: it.thread, runId: "run-2" }, { type: "RUN_FINISHED", threadId: it.thread, runId: "run-2" }];
    it.see("second", await it.run("scripted", { runId: "run-2", forwardedProps: { events } }, { setup: "supersede" }));
    it.see("first", await run.whole());
  },
  "the client leaves and the run goes on": async (it) => {
    const run = await it.openRun("scripted", held(it));
    await it.reached("middle");
    run.leave();
    it.release("middle");
    let seen;
    it.see("over", await it.becomes(async () => {
      seen = await it.connect();
      return seen.events.some((event) => event.type === "RUN_FINISHED");
    }));
    it.see("connect", joined(seen));
  },
  "the client of a suggestion leaves": async (it) => {
    const suggestion = await it.openRun("default", { text: "hold on" }, { route: "suggest" });
    await it.reached("middle");
    suggestion.leave();
    const [asked] = it.modelRequests();
    it.see("closed", await it.becomes(() => asked.closed));
  },
};
