// MCP Apps: tools of MCP servers that show a page, and the requests of such pages.
import { createHash } from "node:crypto";
import { assistant, call, user } from "../case.mjs";

const hashOf = (it, path = "/mcp", type = "http") =>
  createHash("md5").update(JSON.stringify({ type, url: it.side.apps.origin + path })).digest("hex");

// named returns a value with the word hash for the server's hash, which has its port.
const named = (it, value) => JSON.parse(JSON.stringify(value).replaceAll(hashOf(it), "hash"));

// ask sends a page's request, and sees the answer and what reached the server.
const ask = (request, { agent = "scripted", setup = "apps", whole } = {}) => async (it) => {
  const before = it.side.apps.sent(it.side.key).length;
  const asked = typeof request === "function" ? request(it) : request;
  const run = await it.run(agent, { forwardedProps: { __proxiedMCPRequest: asked, events: answered(it) } }, { setup });
  if (whole) it.see("run", named(it, run));
  else it.see("answer", { status: run.status, types: run.events.map((event) => event.type), result: run.events.at(-1)?.result });
  it.see("reached", it.side.apps.sent(it.side.key).slice(before).map(({ method, params, key }) => ({ method, params, key })));
  it.see("asked", it.asked());
};

const answered = (it) => [{ type: "RUN_STARTED", threadId: it.thread, runId: "run-1" }, { type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" }];

// offered returns the tools that a model was offered, but for those of the shared state.
const offered = ({ tools }) =>
  tools.map((tool) => [tool.function.name, tool.function.description]).filter(([name]) => !name.startsWith("AGUI")).sort();

// play runs the scripted agent with a call of a tool that it leaves open.
const play = (name, args = '{"q":"z"}', { setup = "apps", events = [], messages = [] } = {}) => async (it) => {
  const before = it.side.apps.sent(it.side.key).length;
  const finished = { type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" };
  const all = [
    { type: "RUN_STARTED", threadId: it.thread, runId: "run-1" },
    ...(name ? [
      { type: "TOOL_CALL_START", toolCallId: "call-1", toolCallName: name, parentMessageId: "a-1" },
      { type: "TOOL_CALL_ARGS", toolCallId: "call-1", delta: args },
      { type: "TOOL_CALL_END", toolCallId: "call-1" },
    ] : []),
    ...events,
    finished,
  ];
  it.see("run", named(it, await it.events(all, { messages }, { setup })));
  it.see("reached", it.side.apps.sent(it.side.key).slice(before).map(({ method, params, key }) => ({ method, params, key })));
};

const read = (it) => ({ serverHash: hashOf(it), serverId: "app", method: "resources/read", params: { uri: "ui://page" } });

export const mcpApps = {
  "discovered, executed and kept": async (it) => {
    it.see("run", await it.run("default", { text: "show the app", tools: [{ name: "own", description: "Own", parameters: { type: "object", properties: {} } }] }, { setup: "apps" }));
    it.see("asked", it.modelRequests().map(({ body }) => offered(body)));
    const messages = await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`, { setup: "apps" });
    it.see("messages", messages.body.messages);
    it.see("again", await it.connect("default", {}, { setup: "apps" }));
  },
  "a call with its card": play("show"),
  "a call without arguments": play("show", ""),
  "a call that answers with structure": play("structured"),
  "a call that fails": play("broken"),
  "a call that the server refuses": play("failing"),
  "a call with arguments that are no JSON": play("show", '{"q":'),
  "a call of another tool": play("other"),
  "a call of a tool for pages": play("for-app"),
  "a call that the agent has answered": play("show", "{}", { events: [{ type: "TOOL_CALL_RESULT", messageId: "r-1", toolCallId: "call-1", content: "done" }] }),
  "a call of an earlier run": play("", "", { messages: [user("u-1", "x"), assistant("a-0", "", [call("call-0", "show", '{"q":"old"}')])] }),
  "a call of an agent that the server isn't for": play("show", "{}", { setup: "apps of another agent" }),

  "a page is read": ask(read, { whole: true }),
  "a page is read of a thread that runs": async (it) => {
    // Its stream begins on the reference with the first event, or comment.
    const running = it.openRun("scripted", { forwardedProps: { events: [{ hold: "page" }, { type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" }] } }, { setup: "apps" });
    await it.reached("page");
    const asked = await it.run("scripted", { runId: "page-1", forwardedProps: { __proxiedMCPRequest: read(it) } }, { setup: "apps" });
    it.see("answer", { status: asked.status, result: asked.events?.at(-1)?.result });
    it.release("page");
    await (await running).whole();
  },
  "a page is read by its server's hash": ask((it) => ({ serverHash: hashOf(it), method: "resources/read", params: { uri: "ui://page" } })),
  "a page of an unknown id, with the hash": ask((it) => ({ ...read(it), serverId: "gone" })),
  "a resource that is no page": ask((it) => ({ ...read(it), params: { uri: "file:///notes" } })),
  "a page that isn't there": ask((it) => ({ ...read(it), params: { uri: "ui://none" } })),
  "a page calls a tool": ask((it) => ({ ...read(it), method: "tools/call", params: { name: "for-app", arguments: { q: "a" } } })),
  "a page calls a tool without a page": ask((it) => ({ ...read(it), method: "tools/call", params: { name: "plain", arguments: {} } })),
  "a page calls a tool for the model": ask((it) => ({ ...read(it), method: "tools/call", params: { name: "for-model", arguments: {} } })),
  "a page calls a tool for nobody": ask((it) => ({ ...read(it), method: "tools/call", params: { name: "for-nobody", arguments: {} } })),
  "a page calls a tool that fails": ask((it) => ({ ...read(it), method: "tools/call", params: { name: "failing", arguments: {} } })),
  "a page pings": ask((it) => ({ ...read(it), method: "ping", params: undefined })),
  "a page says something": ask((it) => ({ ...read(it), method: "notifications/message", params: { level: "info", data: "x" } })),
  "a page asks what it may not": ask((it) => ({ ...read(it), method: "tools/list" })),
  "a page asks nothing": ask((it) => ({ ...read(it), method: undefined })),
  "a page of an unknown server": ask({ serverId: "x", serverHash: "y", method: "ping" }),
  "a page of no server": ask({ method: "ping" }),
  "a page names another address": ask((it) => ({ ...read(it), url: "http://127.0.0.1:1/", type: "sse", headers: { "x-side": "nobody" } })),
  "a page of a server that is another agent's": ask(read, { setup: "apps of another agent" }),
  "no page": ask(null),

  "the first server at an address": ask((it) => ({ ...read(it), serverId: "first" }), { setup: "apps at one address" }),
  "the second server at an address": ask((it) => ({ ...read(it), serverId: "second" }), { setup: "apps at one address" }),
  "a server at an address that two have": ask((it) => ({ ...read(it), serverId: undefined }), { setup: "apps at one address" }),
  "an unknown server at an address that two have": ask((it) => ({ ...read(it), serverId: "third" }), { setup: "apps at one address" }),

  "published servers": async (it) => {
    it.see("run", await it.run("default", { text: "open both apps" }, { setup: "published apps" }));
    it.see("asked", it.modelRequests().map(({ body }) => offered(body)));
    for (const [serverId, uri] of [["budget", "ui://budget-allocator/mcp-app.html"], ["map", "ui://cesium-map/mcp-app.html"]]) {
      const page = await it.run("scripted", { runId: `page-${serverId}`, forwardedProps: { __proxiedMCPRequest: { serverId, method: "resources/read", params: { uri } }, events: [] } }, { setup: "published apps" });
      it.see(`the page of ${serverId}`, page.events.at(-1)?.result);
    }
  },
};
