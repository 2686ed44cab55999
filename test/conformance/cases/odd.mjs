// Unicode, large values, unusual ids.
import { assistant, user } from "../case.mjs";

const ids = ["", " ", "a/b", "a?b#c", "ünïcödé", "👋🏽", "..", "%2F", "null", "__proto__", "x".repeat(500), 'quote" back\\slash', "line\nbreak"];

export const odd = {
  "one very long delta": async (it) => {
    it.see("run", await it.run("default", { text: "say one long thing" }));
    it.see("connect", await it.connect("default"));
  },
  "Unicode everywhere": async (it) => {
    const text = "Grüße 👋🏽 日本語 \u2028\u2029 \u0000\u001f \"\\/ <script>&amp; \ud800 half";
    const events = [
      { type: "RUN_STARTED", threadId: it.thread, runId: "run-1" },
      { type: "TEXT_MESSAGE_START", messageId: "é", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "é", delta: text },
      { type: "TEXT_MESSAGE_END", messageId: "é" },
      { type: "CUSTOM", name: text, value: { [text]: text } },
      { type: "STATE_SNAPSHOT", snapshot: { [text]: [text] } },
      { type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" },
    ];
    it.see("run", await it.events(events, { messages: [user("ü", text)], state: { text } }));
    it.see("connect", await it.connect());
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`));
  },
  "numbers of all kinds": async (it) => {
    const value = [0, -0.5, 1e21, 1e-7, 123456789012345, 0.1, 1.5e300, true, null];
    const run = { threadId: it.thread, runId: "run-1" };
    it.see("run", await it.events([{ type: "RUN_STARTED", ...run }, { type: "CUSTOM", name: "n", value }, { type: "RUN_FINISHED", ...run }], { state: { value } }));
  },
  "a history of 1,000 messages": async (it) => {
    const messages = Array.from({ length: 1000 }, (_, i) => (i % 2 ? assistant(`m-${i}`, `answer ${i}`) : user(`m-${i}`, `question ${i}`)));
    messages.push(user("last", "say hello"));
    const run = await it.run("default", { messages });
    it.see("started", run.events[0].input.messages.length);
    it.see("rest", run.events.slice(1));
    it.see("asked", it.modelRequests()[0].body.messages.length);
    const connected = await it.connect("default");
    it.see("connect", connected.events.map((event) => event.type));
    const { body } = await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`);
    it.see("messages", body.messages.length);
  },
  ...Object.fromEntries(
    ids.map((id, i) => [
      `thread id number ${i}: ${JSON.stringify(id).slice(0, 24)}`,
      async (it) => {
        const thread = `odd ${i} ${id}`;
        const events = [
          { type: "RUN_STARTED", threadId: thread, runId: id || "r" },
          { type: "TEXT_MESSAGE_START", messageId: `m ${id}`, role: "assistant" },
          { type: "TEXT_MESSAGE_CONTENT", messageId: `m ${id}`, delta: "x" },
          { type: "TEXT_MESSAGE_END", messageId: `m ${id}` },
          { type: "RUN_FINISHED", threadId: thread, runId: id || "r" },
        ];
        it.see("run", await it.run("scripted", { threadId: thread, runId: id || "r", messages: [user(`u ${id}`, "x")], forwardedProps: { events } }));
        it.see("connect", await it.connect("scripted", { threadId: thread }));
        it.see("stop", await it.stop("scripted", thread));
        it.see("messages", await it.get(`/threads/${encodeURIComponent(thread)}/messages`));
      },
    ]),
  ),
};
