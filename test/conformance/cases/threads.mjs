// The list of threads, and the routes of a thread.
const one = (it, thread, text, agent = "odd name/é") =>
  it.run(agent, {
    threadId: thread,
    messages: [{ id: `user of ${thread}`, role: "user", content: text }],
    forwardedProps: {
      events: [
        { type: "RUN_STARTED", threadId: thread, runId: "run-1" },
        { type: "TEXT_MESSAGE_START", messageId: `m of ${thread}`, role: "assistant" },
        { type: "TEXT_MESSAGE_CONTENT", messageId: `m of ${thread}`, delta: "Hello" },
        { type: "TEXT_MESSAGE_END", messageId: `m of ${thread}` },
        { type: "RUN_FINISHED", threadId: thread, runId: "run-1" },
      ],
    },
  });

const agentId = encodeURIComponent("odd name/é");
const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

export const threads = {
  "the list of an agent": async (it) => {
    it.see("none yet", await it.get("/threads?agentId=nobody"));
    await one(it, "list a", "hi");
    await pause();
    await one(it, "list b", "ho");
    await pause();
    await one(it, "list a", "hi again");
    const { body, ...head } = await it.get(`/threads?agentId=${agentId}`);
    it.see("head", head);
    it.see("threads", body.threads.filter(({ id }) => id.startsWith("list ")));
    it.see("cursor", body.nextCursor);
  },
  "a thread's name": async (it) => {
    await one(it, "name a", "What a long first message this is, much longer than any list of threads could show on a line of its own, really");
    await one(it, "name b", "");
    const { body } = await it.get(`/threads?agentId=${agentId}`);
    it.see("names", Object.fromEntries(body.threads.filter(({ id }) => id.startsWith("name ")).map(({ id, name }) => [id, name])));
  },
  "a page of the list": async (it) => {
    for (const id of ["page a", "page b", "page c"]) {
      await it.run("agent of pages", it.emptyRun({ threadId: id }), { setup: "one agent" });
      await pause();
    }
    const list = (query) => it.get(`/threads?agentId=agent%20of%20pages${query}`, { setup: "one agent" });
    const ids = ({ body }) => body.threads.map(({ id }) => id);
    const first = await list("&limit=2");
    it.see("first page", ids(first));
    it.see("is there more", first.body.nextCursor !== null);
    it.see("all", ids(await list("")));
  },
  "the list without users": async (it) => {
    const setup = "root";
    await one(it, "a secret id", "hi");
    it.see("list", await it.http("GET", "/threads?agentId=nobody", { setup }));
    it.see("what info says", (await it.http("GET", "/info", { setup })).body.threadEndpoints.list);
    it.see("a thread whose id is known", (await it.http("GET", "/threads/a%20secret%20id/messages", { setup })).status);
  },
  "clearing all": async (it) => {
    await it.run("default", { text: "say hello" });
    it.see("clear", await it.http("POST", "/api/copilotkit/threads/clear"));
    it.see("connect", (await it.connect("default")).events.map((event) => event.type));
  },
  "clearing all in development": async (it) => {
    const setup = "development";
    await it.run("default", { text: "say hello" }, { setup });
    it.see("clear", await it.http("POST", "/api/copilotkit/threads/clear", { setup }));
    it.see("connect", (await it.connect("default", {}, { setup })).events.map((event) => event.type));
  },
  "an unknown thread": async (it) => {
    for (const what of ["messages", "events", "state"]) it.see(what, await it.get(`/threads/unknown/${what}`));
  },
  "mutations": async (it) => {
    await one(it, "mutated", "hi");
    it.see("rename", await it.http("PATCH", "/api/copilotkit/threads/mutated", { body: { agentId: "odd name/é", name: "New name" } }));
    it.see("archive", await it.http("POST", "/api/copilotkit/threads/mutated/archive", { body: { agentId: "odd name/é" } }));
    it.see("delete", await it.http("DELETE", "/api/copilotkit/threads/mutated", { body: { agentId: "odd name/é" } }));
    it.see("subscribe", await it.http("POST", "/api/copilotkit/threads/subscribe", { body: {} }));
  },
  "messages of every kind": async (it) => {
    const thread = "every kind";
    await it.run("scripted", {
      threadId: thread,
      messages: [
        { id: "1", role: "system", content: "s" },
        { id: "2", role: "user", content: [{ type: "text", text: "parts" }] },
        { id: "3", role: "assistant", toolCalls: [{ id: "c-1", type: "function", function: { name: "f", arguments: '{"a":1}' } }] },
        { id: "4", role: "tool", toolCallId: "c-1", content: "r" },
        { id: "5", role: "activity", activityType: "PLAN", content: { steps: [] } },
        { id: "6", role: "reasoning", content: "because" },
        { id: "7", role: "user", content: "name", name: "ada" },
      ],
      forwardedProps: {
        events: [
          { type: "RUN_STARTED", threadId: thread, runId: "run-1" },
          { type: "REASONING_START", messageId: "r-1" },
          { type: "REASONING_MESSAGE_START", messageId: "r-1", role: "reasoning" },
          { type: "REASONING_MESSAGE_CONTENT", messageId: "r-1", delta: "hm" },
          { type: "REASONING_MESSAGE_END", messageId: "r-1" },
          { type: "REASONING_END", messageId: "r-1" },
          { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant" },
          { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "x" },
          { type: "TEXT_MESSAGE_END", messageId: "m-1" },
          { type: "TOOL_CALL_START", toolCallId: "c-2", toolCallName: "g", parentMessageId: "m-1" },
          { type: "TOOL_CALL_ARGS", toolCallId: "c-2", delta: "{}" },
          { type: "TOOL_CALL_END", toolCallId: "c-2" },
          { type: "TOOL_CALL_RESULT", messageId: "t-1", toolCallId: "c-2", content: "r", role: "tool" },
          { type: "RUN_FINISHED", threadId: thread, runId: "run-1" },
        ],
      },
    });
    it.see("messages", await it.get("/threads/every%20kind/messages"));
    it.see("state", await it.get("/threads/every%20kind/state"));
  },
};
