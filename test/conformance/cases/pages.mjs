// Open Generative UI: the pages that a model writes by the arguments of a tool.
const message = (messageId, delta) => [
  { type: "TEXT_MESSAGE_START", messageId, role: "assistant" },
  { type: "TEXT_MESSAGE_CONTENT", messageId, delta },
  { type: "TEXT_MESSAGE_END", messageId },
];
const tool = { name: "generateSandboxedUi", description: "Draws a page", parameters: { type: "object", properties: { html: { type: "string" } } } };

const start = (id = "c") => ({ type: "TOOL_CALL_START", toolCallId: id, toolCallName: "generateSandboxedUi" });
const args = (delta, id = "c") => ({ type: "TOOL_CALL_ARGS", toolCallId: id, delta });
const end = (id = "c") => ({ type: "TOOL_CALL_END", toolCallId: id });
const whole = (it, events) => [
  { type: "RUN_STARTED", threadId: it.thread, runId: "run-1" },
  ...events,
  { type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" },
];

const later = (it) => ({
  runId: "run-2",
  forwardedProps: {
    events: [
      { type: "RUN_STARTED", threadId: it.thread, runId: "run-2" },
      ...message("m-2", "Gladly"),
      { type: "RUN_FINISHED", threadId: it.thread, runId: "run-2" },
    ],
  },
});

const show = (events, setup = "pages") => async (it) => it.see("run", await it.events(whole(it, events), {}, { setup }));
const page = (...deltas) => show([start(), ...deltas.map((delta) => args(delta)), end()]);

const everything = JSON.stringify({
  initialHeight: 480,
  placeholderMessages: ["One moment", "Almost there"],
  css: "p { color: red }",
  html: '<p class="a">Hi & "you"\n</p>',
  jsFunctions: "function f() {}",
  jsExpressions: ["f()", "g('x')"],
});

export const pages = {
  "a page in two parts": page('{"initialHeight":300,"html":"<p>He', 'llo</p>"}'),
  "all arguments at once": page(everything),
  "all arguments, byte by byte": page(...everything),
  "all arguments, in sevens": page(...everything.match(/.{1,7}/gs)),
  "a height after the first change": page('{"css":"a","initialHeight":3', '00}'),
  "a height that is text": page('{"initialHeight":"300"}'),
  "a height with a fraction": page('{"initialHeight":1.50e2}'),
  "nothing but the height": page('{"initialHeight":300}'),
  "null for all": page('{"initialHeight":null,"css":null,"html":null,"jsFunctions":null,"jsExpressions":null,"placeholderMessages":null}'),
  "nothing in all": page('{"css":"","html":"","jsFunctions":"","jsExpressions":[],"placeholderMessages":[]}'),
  "values of other kinds": page('{"css":5.0,"html":true,"jsFunctions":false,"jsExpressions":[1.0,null,true,"x"]}'),
  "keys of others": page('{"title":"x","deep":{"css":"no","list":["no"]},"html":"y","a":[[]],"n":1}'),
  "html twice": page('{"html":"a","html":"b"}'),
  "escapes that are cut": page('{"html":"a\\', "nb\\", "u", "00", '41"', "}"),
  "white space": page(' \n{ "css" \t: "a" , "html" : "b" \r\n } \n'),
  "no arguments": page(),
  "empty arguments": page("{}"),
  "arguments that are no JSON": page("I made you a page"),
  "a fence around the arguments": page('```json\n{"css":"a"}\n```'),
  "arguments that end too early": page('{"initialHeight":300,"css":"a","html":"<p>x'),
  "a comma too many": page('{"css":"a","html":"b",}'),
  "emoji as escapes": page('{"html":"\\ud83d\\ude00"}'),
  "a page of more than 64 KiB": async (it) => {
    const deltas = ['{"html":"', ..."x".repeat(150_000).match(/.{15000}/g), '","css":"a"}'];
    const { events } = await it.events(whole(it, [start(), ...deltas.map((delta) => args(delta)), end()]), {}, { setup: "pages" });
    const patches = events.flatMap(({ patch = [] }) => patch);
    it.see("html", patches.filter(({ path }) => path === "/html/-").map(({ value }) => value).join("").length);
    it.see("after it", patches.filter(({ path }) => !path.startsWith("/html/")));
  },
  "a page in chunks": show([
    { type: "TOOL_CALL_CHUNK", toolCallId: "c", toolCallName: "generateSandboxedUi", delta: '{"css":' },
    { type: "TOOL_CALL_CHUNK", toolCallId: "c", delta: '"a"}' },
  ]),
  "two pages at once": show([start("c"), start("d"), args('{"css":"d"}', "d"), args('{"css":', "c"), end("d"), args('"c"}', "c"), end("c")]),
  "a page and text": show([...message("m-1", "Look: "), start(), args('{"title":1,'), args('"css":"a"}'), end(), ...message("m-2", "Nice?")]),
  "a page and another tool": show([
    { type: "TOOL_CALL_START", toolCallId: "o", toolCallName: "other" },
    args('{"html":"x"}', "o"),
    end("o"),
    start(),
    args('{"html":"x"}'),
    end(),
  ]),
  "a page that nobody asked to show": show([start(), args('{"html":"x"}'), end()], "main"),
  "a page of an agent that may draw": show([start(), args('{"html":"x"}'), end()], "pages of one"),
  "a page of an agent that may not": async (it) => {
    it.see("run", await it.run("default", { text: "draw a page", tools: [tool] }, { setup: "pages of one" }));
  },
  "the built-in agent": async (it) => {
    it.see("run", await it.run("default", { text: "draw a page", tools: [tool] }, { setup: "pages" }));
    it.see("asked", it.asked());
  },
  "a suggestion": async (it) => {
    it.see("suggest", await it.events(whole(it, [start(), args('{"html":"x"}'), end()]), {}, { setup: "pages", route: "suggest" }));
  },
  "a page after a reload": async (it) => {
    await it.events(whole(it, [start(), args('{"initialHeight":300,"html":"<p>He'), args('llo</p>"}'), end()]), {}, { setup: "pages" });
    it.see("connect", await it.connect("scripted", {}, { setup: "pages" }));
    it.see("events", await it.get(`/threads/${encodeURIComponent(it.thread)}/events`, { setup: "pages" }));
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`, { setup: "pages" }));
  },
  "a page after a later run": async (it) => {
    await it.events(whole(it, [start(), args('{"html":"x"}'), end()]), {}, { setup: "pages" });
    await it.run("scripted", { messages: [{ id: "user-2", role: "user", content: "go on" }], ...later(it) }, { setup: "pages" });
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`, { setup: "pages" }));
  },
  "what /info says": async (it) => {
    for (const setup of ["main", "pages", "pages of one"]) it.see(setup, (await it.get("/info", { setup })).body.openGenerativeUIEnabled);
  },
};
