// Valid and invalid bodies of a run.
const run = "/api/copilotkit/agent/scripted/run";

const broken = {
  "an empty object": () => ({}),
  "a list": () => [],
  "null": () => null,
  "a text": () => "text",
  "no threadId": (input) => omit(input, "threadId"),
  "no runId": (input) => omit(input, "runId"),
  "no messages": (input) => omit(input, "messages"),
  "no tools": (input) => omit(input, "tools"),
  "no context": (input) => omit(input, "context"),
  "threadId is a number": (input) => ({ ...input, threadId: 1 }),
  "messages is an object": (input) => ({ ...input, messages: {} }),
  "a message without id": (input) => ({ ...input, messages: [{ role: "user", content: "x" }] }),
  "a message without role": (input) => ({ ...input, messages: [{ id: "1", content: "x" }] }),
  "a message of an unknown role": (input) => ({ ...input, messages: [{ id: "1", role: "cook", content: "x" }] }),
  "a user message without content": (input) => ({ ...input, messages: [{ id: "1", role: "user" }] }),
  "a user message whose content is a number": (input) => ({ ...input, messages: [{ id: "1", role: "user", content: 3 }] }),
  "a part of an unknown type": (input) => ({ ...input, messages: [{ id: "1", role: "user", content: [{ type: "smell" }] }] }),
  "a binary part without source": (input) => ({ ...input, messages: [{ id: "1", role: "user", content: [{ type: "binary", mimeType: "image/png" }] }] }),
  "a tool message without toolCallId": (input) => ({ ...input, messages: [{ id: "1", role: "tool", content: "x" }] }),
  "a tool call without function": (input) => ({ ...input, messages: [{ id: "1", role: "assistant", toolCalls: [{ id: "c", type: "function" }] }] }),
  "a tool without name": (input) => ({ ...input, tools: [{ description: "d", parameters: {} }] }),
  "a tool without description": (input) => ({ ...input, tools: [{ name: "n", parameters: {} }] }),
  "context without value": (input) => ({ ...input, context: [{ description: "d" }] }),
  "context with a value that is no text": (input) => ({ ...input, context: [{ description: "d", value: 1 }] }),
  "resume without status": (input) => ({ ...input, resume: [{ interruptId: "i" }] }),
  "resume with an unknown status": (input) => ({ ...input, resume: [{ interruptId: "i", status: "maybe" }] }),
};

const fine = {
  "no state": (input) => omit(input, "state"),
  "state null": (input) => ({ ...input, state: null }),
  "state is a list": (input) => ({ ...input, state: [1, { a: null }] }),
  "state is a text": (input) => ({ ...input, state: "s" }),
  "unknown fields": (input) => ({ ...input, unknown: { a: [1, 2.5, "x", null, true] } }),
  "a parentRunId": (input) => ({ ...input, parentRunId: "run-0" }),
  "a tool without parameters": (input) => ({ ...input, tools: [{ name: "n", description: "d" }] }),
  "messages of every role": (input) => ({
    ...input,
    messages: [
      { id: "1", role: "system", content: "s" },
      { id: "2", role: "developer", content: "d", name: "dev" },
      { id: "3", role: "user", content: "u", name: "bob" },
      { id: "4", role: "assistant", content: "a" },
      { id: "5", role: "assistant", toolCalls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }] },
      { id: "6", role: "tool", toolCallId: "c", content: "r" },
      { id: "7", role: "tool", toolCallId: "c", content: "r", error: "e" },
      { id: "8", role: "activity", activityType: "PLAN", content: { steps: [] } },
      { id: "9", role: "reasoning", content: "because" },
      { id: "10", role: "assistant", content: "", encryptedValue: "xyz" },
    ],
  }),
  "content in parts": (input) => ({
    ...input,
    messages: [
      {
        id: "1",
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image", source: { type: "url", value: "https://pictures.example/a.png" } },
          { type: "image", source: { type: "data", value: "AAAA", mimeType: "image/png" }, metadata: { x: 1 } },
          { type: "audio", source: { type: "data", value: "AAAA", mimeType: "audio/wav" } },
          { type: "document", source: { type: "url", value: "https://pictures.example/a.pdf", mimeType: "application/pdf" } },
          { type: "binary", mimeType: "image/png", url: "https://pictures.example/b.png" },
          { type: "binary", mimeType: "image/png", data: "AAAA", filename: "f.png" },
        ],
      },
    ],
  }),
  "resume": (input) => ({ ...input, resume: [{ interruptId: "i", status: "resolved", payload: { ok: true } }, { interruptId: "j", status: "cancelled" }] }),
};

export const inputs = {
  ...Object.fromEntries(
    Object.entries(broken).map(([name, change]) => [
      `refused: ${name}`,
      async (it) => {
        const body = change(it.input());
        for (const route of ["run", "connect", "suggest"]) {
          const { body: answer, ...head } = await it.http("POST", run.replace("run", route), { body: JSON.stringify(body), headers: { "content-type": "application/json" } });
          // The details are worded by the schema library.
          it.see(route, { ...head, body: { ...answer, details: typeof answer?.details } });
        }
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(fine).map(([name, change]) => [
      `taken: ${name}`,
      async (it) => {
        const input = change(it.emptyRun());
        it.see("run", await it.http("POST", run, { body: input }));
      },
    ]),
  ),
  "no forwardedProps": async (it) => {
    it.see("run", await it.http("POST", run.replace("scripted", "default"), { body: omit(it.input({ text: "say hello" }), "forwardedProps") }));
  },
  "an empty threadId": async (it) => {
    it.see("run", await it.run("default", { text: "say hello", threadId: "" }));
  },
  "no JSON": async (it) => {
    for (const [label, body] of Object.entries({ text: "hello", empty: "", open: '{"threadId":' })) {
      for (const type of ["application/json", "text/plain", ""]) {
        const { body: answer, ...head } = await it.http("POST", run, { body, headers: type ? { "content-type": type } : {} });
        it.see(`${label} as ${type || "nothing"}`, { ...head, body: { ...answer, details: typeof answer?.details } });
      }
    }
    const { body: answer, ...head } = await it.http("POST", run);
    it.see("nothing at all", { ...head, body: { ...answer, details: typeof answer?.details } });
  },
  "content types": async (it) => {
    const body = JSON.stringify(it.emptyRun());
    for (const [i, type] of ["text/plain", "application/octet-stream", "", "application/json; charset=utf-8"].entries()) {
      it.see(type || "none", await it.http("POST", run, { body: body.replaceAll("run-1", `run-${i}`), headers: type ? { "content-type": type } : {} }));
    }
  },
  "a body of 32 MiB": async (it) => {
    const { status } = await it.run("scripted", it.emptyRun({ state: "x".repeat(32 << 20) }));
    it.see("status", status);
  },
  "a body of 65 MiB": async (it) => {
    // The space is after the input, so that the answer isn't as large.
    const body = JSON.stringify(it.emptyRun()) + " ".repeat(65 << 20);
    const { status } = await it.http("POST", run, { body: Buffer.from(body), headers: { "content-type": "application/json", expect: "100-continue" } });
    it.see("status", status);
  },
  "a byte order mark": async (it) => {
    const body = "\ufeff" + JSON.stringify(it.emptyRun());
    const { status } = await it.http("POST", run, { body, headers: { "content-type": "application/json" } });
    it.see("status", status);
  },
};

function omit(object, key) {
  const { [key]: _, ...rest } = object;
  return rest;
}
