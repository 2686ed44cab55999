// A2UI: the surfaces that a model draws by the arguments of a tool, or that a tool returns.
import { assistant, call, tool, user } from "../case.mjs";

const start = (id = "c", name = "render_a2ui") => ({ type: "TOOL_CALL_START", toolCallId: id, toolCallName: name });
const args = (delta, id = "c") => ({ type: "TOOL_CALL_ARGS", toolCallId: id, delta });
const end = (id = "c") => ({ type: "TOOL_CALL_END", toolCallId: id });
const result = (toolCallId, content) => ({ type: "TOOL_CALL_RESULT", messageId: `result of ${toolCallId}`, toolCallId, content: typeof content === "string" ? content : JSON.stringify(content) });
const whole = (it, events, ...last) => [
  { type: "RUN_STARTED", threadId: it.thread, runId: "run-1" },
  ...events,
  ...(last.length > 0 ? last : [{ type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" }]),
];
const made = (deltas, id, name) => [start(id, name), ...deltas.map((delta) => args(delta, id)), end(id)];

const show = (events, setup = "surfaces", input = {}) => async (it) => it.see("run", await it.events(whole(it, events), input, { setup }));
const drawing = (...deltas) => show(made(deltas));
const ofTools = (content, before = []) => show([start("o", "search"), end("o"), ...before, result("o", content), ...made([text("late")], "late")]);

const text = (surfaceId, more = {}) => JSON.stringify({ surfaceId, components: [{ id: "root", component: "Text", text: "Hello" }], ...more });
const list = JSON.stringify({
  surfaceId: "prices",
  components: [
    { id: "root", component: "Column", children: { componentId: "row", path: "/rows" } },
    { id: "row", component: "Text", text: { path: "name" } },
  ],
  data: { rows: [{ name: "Äpfel 🍎" }, { name: 'a "quoted" } name' }, { name: "c", more: [1, { d: null }] }], total: 3 },
});
const refused = (components, setup) => show(made([JSON.stringify({ surfaceId: "s", components })]), setup);
const invalid = text("s").replace('"root"', '"other"');
const operations = [{ version: "v0.9", createSurface: { surfaceId: "q", catalogId: "k" } }, { version: "v0.9", updateComponents: { surfaceId: "q", components: [] } }];

const description = "A2UI Component Schema — available components for generating UI surfaces. Use these component names and properties when creating A2UI operations.";
const front = (catalogId) => ({ context: [{ description, value: JSON.stringify({ catalogId, components: { Text: {} } }) }, { description: "The page", value: "Settings" }] });
const action = { name: "confirm", surfaceId: "card", sourceComponentId: "button", context: { selected: 2, note: 'a "b"' } };

// What a remote agent gets, but for the words of the guide.
const given = (input, setup = "surfaces") => async (it) => {
  it.see("run", await it.run("plain", input, { setup }));
  it.see("input", it.forwarded().map(({ input }) => input));
};

// What a client has in the end: of the snapshots of each activity the last.
const settled = ({ events, ...rest }) => ({
  ...rest,
  events: events.filter((event, i) => !events.slice(i + 1).some((later) => event.type === "ACTIVITY_SNAPSHOT" && later.type === event.type && later.messageId === event.messageId)),
});

export const surfaces = {
  "a surface in three parts": drawing('{"surfaceId":"s","comp', 'onents":[{"id":"root","component":"Text","text":"Hi"}]', "}"),
  "a list at once": drawing(list),
  "a list, letter by letter": drawing(...list),
  "a list, in sevens": drawing(...list.match(/.{1,7}/gsu)),
  "components at once, data as it comes": drawing(
    '{"surfaceId":"card","components":[{"id":"root","component":"Column","children":["text"]},',
    '{"id":"text","component":"Text","text":"Hello"}],"data":{"items":[{"name":"one"},',
    '{"name":"two"}]}}',
  ),
  "ids after the components": drawing(
    '{"components":[{"id":"root","component":"Column","children":["text"]},{"id":"text","component":"Text","text":"Hello"}]',
    ',"surfaceId":"late-surface"',
    ',"catalogId":"late-catalog","data":{"items":[{"name":"one"},',
    '{"name":"two"}]}}',
  ),
  "a catalog that is named after the surface was drawn": drawing(text("s").slice(0, -1), ',"catalogId":"late","data":{"n":1}}'),
  "data before components": drawing('{"surfaceId":"s","data":{"items":[{"a":1}],"n":2},', '"components":[{"id":"root","component":"Text","text":"x"}]}'),
  "data that is no list": drawing(text("s", { data: { form: { name: "Ada" } } })),
  "data that is no object": drawing(text("s", { data: [1, 2] })),
  "an empty list": drawing(text("s", { data: { items: [] } })),
  "a list of numbers": drawing(text("s").slice(0, -1), ',"data":{"items":[1,', "2,", '"x"', ",[3],{}", "]}}"),
  "members of other objects": drawing(JSON.stringify({ x: { surfaceId: "no" }, surfaceId: "s", components: [{ id: "root", component: "Chart", data: { items: [1] } }] })),
  "members twice": drawing('{"surfaceId":"s","surfaceId":"t","components":[{"id":"root","component":"Text"}],"components":[],"data":{"n":1},"data":{"n":2}}'),
  "escapes that are cut": drawing('{"surfaceId":"\\u00e', '9\\ud83d', '\\ude00","components":[{"id":"root","component":"Text"}]}'),
  "arguments after empty ones": drawing("{}", text("s")),
  "arguments that are an array": drawing(`[${text("s")}]`),
  "arguments that are no JSON": drawing("I can't \"draw\" that}"),
  "arguments that never end": drawing(text("s").slice(0, -1), ',"data":{"items":[{"a":1},{"b"'),
  "no arguments": drawing(),
  "no components": drawing('{"surfaceId":"s","components":[]}'),
  "components without a type": drawing('{"surfaceId":"s","components":[{"id":"root","component":"Text"},{"id":"a"}]}'),
  "no id": drawing('{"surfaceId":"","components":[{"id":"root","component":"Text"}]}'),
  "an item that is no JSON": drawing(text("s").slice(0, -1), ',"data":{"items":[{"a":1},', '{"a":nope},{"b":2}', "]}}"),
  "a component within itself": refused([{ id: "root", component: "Column", children: ["root"] }]),
  "components within one another": refused([{ id: "root", component: "Column", children: ["child"] }, { id: "child", component: "Column", children: ["root"] }]),
  "a component twice": refused([{ id: "root", component: "Text", text: "One" }, { id: "root", component: "Text", text: "Two" }]),
  "everything wrong": refused([{ component: "Nope", child: "gone" }, { id: "a", component: "Modal", trigger: "gone", children: ["a", { componentId: "gone" }] }, { id: "b", component: "Tabs", tabs: [{ child: "gone" }] }], "surfaces with a catalog"),
  "what a catalog asks for": refused([{ id: "root", component: "Text" }], "surfaces with a catalog"),
  "a refused surface that goes on": show(made([invalid.slice(0, -1), `,"note":"${"x".repeat(300)}"`, "}"])),
  "attempts within a call": show([
    start("o", "generate_a2ui"), end("o"),
    ...made([invalid], "c1"), ...made([invalid], "c2"), ...made([text("s")], "c3"),
    result("o", { a2ui_operations: [{ version: "v0.9", createSurface: { surfaceId: "s", catalogId: "c" } }] }),
    ...made([text("t")], "c4"),
  ], "surfaces with a catalog"),
  "attempts that are given up": show([
    start("o", "generate_a2ui"), end("o"), ...made([invalid], "c1"),
    result("o", { code: "a2ui_recovery_exhausted", error: "No luck", attempts: [{ n: 1 }, { n: 2 }] }),
    start("p", "generate_a2ui"), end("p"), result("p", { code: "a2ui_recovery_exhausted" }),
  ]),
  "a surface in chunks": show([
    { type: "TOOL_CALL_CHUNK", toolCallId: "c", toolCallName: "render_a2ui", delta: text("s").slice(0, 40) },
    { type: "TOOL_CALL_CHUNK", toolCallId: "c", delta: text("s").slice(40) },
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m", role: "assistant", delta: "There." },
  ]),
  "two surfaces at once": show([
    start("c"), start("d"), args(text("one").slice(0, 30), "c"), args(text("two").slice(0, 30), "d"),
    args(text("two").slice(30), "d"), end("d"), args(text("one").slice(30), "c"), end("c"),
  ]),
  "the same surface twice": show([...made([text("s")], "c"), ...made([text("s", { data: { n: 1 } })], "d")]),
  "a surface that has a result": show([...made([text("s")]), result("c", "shown")]),
  "a surface of another tool's result": ofTools({ a2ui_operations: operations }),
  "several surfaces of a result": ofTools({ a2ui_operations: [null, 5, [], ...operations, { createSurface: { surfaceId: "z" } }, { odd: true }] }),
  "a result that is encoded twice": ofTools(JSON.stringify(JSON.stringify({ a2ui_operations: operations }))),
  "a result with what was drawn already": ofTools({ a2ui_operations: [...operations, { createSurface: { surfaceId: "drawn" } }] }, made([text("drawn")], "d")),
  "a result after a surface of its own": show([...made([text("s")]), ...made([], "x", "search"), result("x", { a2ui_operations: operations })]),
  "a result without operations": ofTools({ a2ui_operations: [] }),
  "a result that mentions them": ofTools("a2ui_operations are fine"),
  "text with operations": show([
    { type: "TEXT_MESSAGE_START", messageId: "m", role: "assistant" },
    { type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: JSON.stringify({ a2ui_operations: operations }) },
    { type: "TEXT_MESSAGE_END", messageId: "m" },
  ]),
  "another tool with the arguments of a surface": show(made([text("s")], "c", "other")),
  "the tool that tells actions": show(made([text("s")], "c", "log_a2ui_event")),
  "a tool of another name": show([...made([text("s")], "c", "draw"), ...made([text("t")], "d"), ...made([text("u")], "e", "paint")], "surfaces by another tool"),
  "a tool of another name, of an agent that may not": async (it) => {
    it.see("run", await it.run("plain", { forwardedProps: { events: whole(it, made([text("s")], "c", "draw")) } }, { setup: "surfaces by another tool" }));
    it.see("tools", it.forwarded().map(({ input }) => input.tools));
  },
  "unanswered calls of earlier runs": show([], "surfaces", {
    messages: [assistant("a", "", [call("old", "render_a2ui", "{}"), call("done", "render_a2ui", "{}"), call("x", "other", "{}")]), tool("b", "done", "ok")],
  }),
  "a run that fails": async (it) => {
    it.see("run", await it.events(whole(it, made([text("s")]), { type: "RUN_ERROR", message: "No", code: "no" }), {}, { setup: "surfaces" }));
  },
  "the catalog of the front end": show(made([text("s")]), "surfaces", front("front")),
  "the catalog of the server": show(made([text("s")]), "surfaces with a catalog", front("front")),
  "a catalog that the model names": show(made([text("s", { catalogId: "streamed" })])),
  "no surfaces, where nobody has a catalog": show(made([text("s")]), "main"),
  "surfaces, where a front end has one": async (it) => {
    it.see("run", await it.run("scripted", { forwardedProps: { a2uiCatalogAvailable: true, events: whole(it, made([text("s")])) } }));
  },
  "no surfaces, where they are off": async (it) => {
    it.see("run", await it.run("scripted", { forwardedProps: { a2uiCatalogAvailable: true, events: whole(it, made([text("s")])) } }, { setup: "surfaces off" }));
  },
  "what an agent is given": given({ text: "hi", tools: [{ name: "render_a2ui", description: "mine", parameters: {} }, { name: "b", description: "b", parameters: {} }], ...front("front") }, "surfaces with a catalog"),
  "what an agent is given without the tool": given({ text: "hi", ...front("front") }),
  "what an agent is given for a catalog": given({ text: "hi", forwardedProps: { a2uiCatalogAvailable: true, other: 1 } }),
  "an action": given({ messages: [user("u", "hi")], forwardedProps: { a2uiAction: { userAction: action } } }),
  "an action without anything": given({ messages: [user("u", "hi")], forwardedProps: { a2uiAction: { userAction: {} } } }),
  "the built-in agent": async (it) => {
    it.see("run", await it.run("default", { text: "draw a surface", forwardedProps: { a2uiCatalogAvailable: true } }, { setup: "surfaces" }));
    it.see("asked", it.asked());
    it.see("tool", it.modelRequests().map(({ body }) => {
      const { description, parameters } = body.tools.find((one) => one.function.name === "render_a2ui").function;
      return { description, parameters };
    }));
  },
  "an action for the built-in agent": async (it) => {
    it.see("run", await it.run("default", { text: "say hello", forwardedProps: { a2uiAction: { userAction: action } } }, { setup: "surfaces" }));
    it.see("asked", it.asked());
  },
  "a suggestion": async (it) => {
    it.see("suggest", await it.events(whole(it, made([text("s")])), {}, { setup: "surfaces", route: "suggest" }));
  },
  "a surface after a reload": async (it) => {
    await it.events(whole(it, made([text("s").slice(0, -1), ',"data":{"items":[{"a":1}', ',{"a":2}', "]}}"])), {}, { setup: "surfaces" });
    it.see("connect", settled(await it.connect("scripted", {}, { setup: "surfaces" })));
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`, { setup: "surfaces" }));
  },
  "what /info says": async (it) => {
    for (const setup of ["main", "surfaces", "surfaces by another tool", "surfaces off"]) {
      const { a2uiEnabled, a2ui } = (await it.get("/info", { setup })).body;
      it.see(setup, { a2uiEnabled, a2ui });
    }
  },
};
