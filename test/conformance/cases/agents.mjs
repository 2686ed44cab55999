// The built-in agent, from the model's protocol to AG-UI, and a remote agent.
import { assistant, call, tool, user } from "../case.mjs";

const chat = (text, input = {}, agent = "default") => async (it) => {
  it.see("run", await it.run(agent, { text, ...input }));
  it.see("asked", it.asked());
};

export const agents = {
  "text": chat("say hello"),
  "text of all kinds": chat("say unicode"),
  "no text at all": chat("say nothing"),
  "many deltas": chat("say much"),
  "reasoning": chat("think first"),
  "the model refuses the key": chat("be refused"),
  "the model limits the rate": chat("be limited"),
  "the model breaks down": chat("break down"),
  "the model breaks off": async (it) => {
    // The reference forgets what it hasn't passed on by then.
    const run = await it.openRun("default", { text: "break off" });
    await run.until((event) => event.delta === "Half a ");
    it.release("drop");
    it.see("run", await run.whole());
    it.see("asked", it.asked());
  },
  "no messages": async (it) => {
    const run = await it.run("default", { messages: [] });
    it.see("run", { status: run.status, types: run.events.map((event) => event.type) });
  },
  "a conversation": async (it) => {
    it.see("first", await it.run("default", { text: "say hello" }));
    const messages = [user("user-1", "say hello"), assistant("a-1", "Hello there"), user("user-2", "say unicode")];
    it.see("second", await it.run("default", { messages, runId: "run-2" }));
    it.see("asked", it.asked());
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`));
  },
  "every role": async (it) => {
    const messages = [
      { id: "1", role: "system", content: "You are a system." },
      { id: "2", role: "developer", content: "You are developed." },
      user("3", "one"),
      assistant("4", "two"),
      { id: "5", role: "reasoning", content: "because" },
      { id: "6", role: "activity", activityType: "PLAN", content: { steps: [] } },
      user("7", [{ type: "text", text: "say " }, { type: "text", text: "hello" }]),
    ];
    it.see("run", (await it.run("default", { messages })).status);
    it.see("asked", it.asked());
  },
  "tool calls in the history": async (it) => {
    const messages = [
      user("1", "call setColor"),
      assistant("2", "Changing.", [call("call-1", "setColor", '{"color":"red"}')]),
      tool("3", "call-1", '{"done":true}'),
      assistant("4", undefined, [call("call-2", "setColor", "{}")]),
      tool("5", "call-2", "plain text"),
      user("6", "say hello"),
    ];
    it.see("run", (await it.run("default", { messages })).status);
    it.see("asked", it.asked());
  },
  "pictures": async (it) => {
    const messages = [
      user("1", [
        { type: "text", text: "say hello" },
        { type: "image", source: { type: "data", value: "iVBORw0KGgo=", mimeType: "image/png" } },
        { type: "binary", mimeType: "image/jpeg", data: "/9j/4AA=" },
      ]),
    ];
    it.see("run", (await it.run("default", { messages })).status);
    it.see("asked", it.asked());
  },
  "a prompt": chat("say hello", {}, "prompted"),
  "context": chat("say hello", { context: [{ description: "The page", value: "Settings" }, { description: "The user", value: '{"name":"Ada"}' }] }),
  "state for the model": chat("say hello", { state: { count: 1, list: ["a"], nested: { b: null } } }),
  "prompt, context and state": chat("say hello", { state: { count: 1 }, context: [{ description: "The page", value: "Settings" }] }, "prompted"),
  "settings that may be overridden": async (it) => {
    const settings = ["temperature", "max_tokens", "stop", "top_p", "seed"];
    await it.run("prompted", { text: "say hello" });
    await it.run("prompted", { text: "say hello", runId: "run-2", forwardedProps: { temperature: 0.1, maxOutputTokens: 50, stopSequences: ["x"], topP: 0.3, seed: 7 } });
    await it.run("prompted", { text: "say hello", runId: "run-3", forwardedProps: { temperature: "hot", stopSequences: [1], toolChoice: "sometimes" } });
    await it.run("default", { text: "say hello", threadId: "another thread for settings", forwardedProps: { temperature: 0.1 } });
    it.see("asked", it.asked(...settings));
  },
  "the choice of tools may be overridden": async (it) => {
    const tools = [{ name: "setColor", description: "Sets the color", parameters: { type: "object", properties: { color: { type: "string" } }, required: ["color"] } }];
    for (const [i, toolChoice] of ["auto", "required", "none", { type: "tool", toolName: "setColor" }].entries()) {
      await it.run("prompted", { text: "say hello", tools, runId: `run-${i}`, forwardedProps: { toolChoice } });
    }
    it.see("asked", it.asked());
  },
  "a remote agent": async (it) => {
    it.see("run", await it.run("plain", { text: "hi", state: { a: 1 }, context: [{ description: "d", value: "v" }] }));
    it.see("input", it.forwarded().map(({ input }) => input));
    it.see("connect", await it.connect("plain"));
  },
  "a remote agent that ends early": async (it) => {
    const events = [{ type: "RUN_STARTED", threadId: it.thread, runId: "run-1" }, { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant" }, { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "x" }];
    it.see("run", await it.run("plain", { forwardedProps: { events } }));
  },
  "a remote agent that says no": async (it) => {
    for (const status of [401, 500]) it.see(status, await it.run("plain", { runId: `run-${status}`, forwardedProps: { status } }));
  },
  "a remote agent that breaks off": async (it) => {
    const events = [{ type: "RUN_STARTED", threadId: it.thread, runId: "run-1" }, { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant" }];
    const run = await it.openRun("plain", { forwardedProps: { events, drop: true } });
    await run.until((event) => event.type === "TEXT_MESSAGE_START");
    it.release("drop");
    it.see("run", await run.whole());
  },
  "agents by request": async (it) => {
    const setup = "agents by request";
    it.see("info", await it.get("/info", { setup, headers: { "x-tenant": "a" } }));
    it.see("run", await it.run("of-a", it.emptyRun(), { setup, headers: { "x-tenant": "a" } }));
    it.see("another's", await it.run("of-a", {}, { setup, headers: { "x-tenant": "b" } }));
    it.see("it fails in info", await it.get("/info", { setup, headers: { "x-tenant": "broken" } }));
    it.see("it fails in run", await it.run("of-a", {}, { setup, headers: { "x-tenant": "broken" } }));
    it.see("it fails in stop", await it.stop("of-a", "t", { setup, headers: { "x-tenant": "broken" } }));
    it.see("it fails in connect", await it.connect("of-a", {}, { setup, headers: { "x-tenant": "broken" } }));
    it.see("it fails in suggest", await it.run("of-a", {}, { setup, route: "suggest", headers: { "x-tenant": "broken" } }));
  },
};
