// What front ends and models send at the protocol's edges.
import { assistant, call, tool, user } from "../case.mjs";

const history = (...messages) => async (it) => {
  it.see("run", await it.run("default", { messages: [...messages, user("last", "say hello")] }));
  it.see("asked", it.asked());
};

const answered = (text, input) => async (it) => {
  it.see("run", await it.run("default", { text, ...input }));
};

const part = (content) => async (it) => {
  it.see("run", await it.run("default", { messages: [user("1", [{ type: "text", text: "say hello" }, content])] }));
  it.see("asked", it.asked());
};

const setColor = { name: "setColor", description: "Sets the color", parameters: { type: "object", properties: { color: { type: "string" } }, required: ["color"] } };
const data = (text) => Buffer.from(text).toString("base64");

export const edges = {
  "the choice of tools, of an agent that leaves it to the provider": async (it) => {
    it.see("run", await it.run("bundled", { text: "say hello", tools: [setColor], forwardedProps: { toolChoice: "required" } }));
    it.see("asked", it.asked());
  },
  "a parentRunId": answered("say hello", { parentRunId: "run-0" }),
  "an interrupt that nobody asked": async (it) => {
    it.see("run", await it.run("interrupts", { text: "say hello", resume: [{ interruptId: "nobody", status: "resolved", payload: { approved: true } }] }));
    it.see("asked", it.asked());
  },
  "a tool call without result in the history": history(user("1", "call setColor"), assistant("2", "Changing.", [call("call-1", "setColor", '{"color":"red"}')])),
  "a tool's result without call in the history": history(user("1", "call setColor"), tool("2", "call-0", "done")),
  "an assistant's message without anything": history(user("1", "hi"), assistant("2", "")),
  "a failed tool's result in the history": history(user("1", "call setColor"), assistant("2", "Changing.", [call("call-1", "setColor", '{"color":"red"}')]), { ...tool("3", "call-1", ""), error: "no paint" }),
  "a text file as a document": part({ type: "document", source: { type: "data", value: data("some notes"), mimeType: "text/plain" } }),
  "a PDF as a document": part({ type: "document", source: { type: "data", value: data("%PDF-1.4"), mimeType: "application/pdf" } }),
  "a recording": part({ type: "audio", source: { type: "data", value: data("RIFF"), mimeType: "audio/wav" } }),
  "a PDF as a binary part": part({ type: "binary", mimeType: "application/pdf", data: data("%PDF-1.4"), filename: "a.pdf" }),
  "a stream without finish reason and [DONE]": answered("end without a reason"),
  "a stream without [DONE]": answered("end without done"),
  "an answer that is garbage": async (it) => {
    const run = await it.openRun("default", { text: "send garbage" });
    await run.until((event) => event.delta === "Half a ");
    it.release("garbage");
    it.see("run", await run.whole());
  },
  "an answer that is a page": answered("send a page"),
  "text after a tool call": answered("call and go on", { tools: [setColor] }),
  "an unknown event of a remote agent": async (it) => {
    const run = { threadId: it.thread, runId: "run-1" };
    it.see("run", await it.run("plain", { forwardedProps: { events: [{ type: "RUN_STARTED", ...run }, { type: "FROM_THE_FUTURE", value: 1 }, { type: "RUN_FINISHED", ...run }] } }));
  },
};
