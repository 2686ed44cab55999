// All requests through the single route, as {method, params, body}.
const call = (it, envelope, options = {}) => it.http("POST", "/api/copilotkit", { setup: "single", body: envelope, ...options });

export const single = {
  "info": async (it) => it.see("info", await call(it, { method: "info" })),
  "run": async (it) => {
    const body = it.emptyRun();
    it.see("run", await call(it, { method: "agent/run", params: { agentId: "scripted" }, body }));
  },
  "a chat": async (it) => {
    it.see("run", await call(it, { method: "agent/run", params: { agentId: "default" }, body: it.input({ text: "say hello" }) }));
    it.see("connect", await call(it, { method: "agent/connect", params: { agentId: "default" }, body: it.input() }));
    it.see("stop", await call(it, { method: "agent/stop", params: { agentId: "default", threadId: it.thread } }));
  },
  "suggest": async (it) => {
    const body = it.emptyRun();
    it.see("suggest", await call(it, { method: "agent/suggest", params: { agentId: "scripted" }, body }));
  },
  "stopping a run": async (it) => {
    const body = it.input({ forwardedProps: { events: [{ type: "RUN_STARTED", threadId: it.thread, runId: "run-1" }, { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant" }, { hold: "h" }] } });
    const run = await it.open("POST", "/api/copilotkit", { setup: "single", body: { method: "agent/run", params: { agentId: "scripted" }, body } });
    await it.reached("h");
    it.see("stop", await call(it, { method: "agent/stop", params: { agentId: "scripted", threadId: it.thread } }));
    it.see("run", await run.whole());
  },
  "methods that don't exist": async (it) => {
    for (const method of ["walk", "threads/list", "threads/clear", "cpk-debug-events", "annotate", "INFO", "info ", "agent/walk", "constructor"]) {
      it.see(method, await call(it, { method }));
    }
  },
  "missing method": async (it) => {
    for (const [label, body] of Object.entries({ none: {}, empty: { method: "" }, null: { method: null }, number: { method: 7 }, list: [], text: '"info"' })) {
      it.see(label, await call(it, body, { headers: { "content-type": "application/json" } }));
    }
  },
  "a null envelope": async (it) => {
    it.see("null", await call(it, "null", { headers: { "content-type": "application/json" } }));
  },
  "missing parameters": async (it) => {
    for (const params of [undefined, {}, { agentId: "" }, { agentId: "  " }, { agentId: 3 }, { agentId: "nobody" }]) {
      const label = JSON.stringify(params) ?? "none";
      it.see(`run ${label}`, await call(it, { method: "agent/run", params, body: it.input() }));
      it.see(`stop ${label}`, await call(it, { method: "agent/stop", params: params && { ...params, threadId: "t" } }));
    }
    it.see("stop without a thread", await call(it, { method: "agent/stop", params: { agentId: "scripted" } }));
  },
  "missing body": async (it) => {
    for (const method of ["agent/run", "agent/connect", "agent/suggest", "transcribe"]) {
      it.see(method, await call(it, { method, params: { agentId: "scripted" } }));
      it.see(`${method} null`, await call(it, { method, params: { agentId: "scripted" }, body: null }));
    }
  },
  "a body as text": async (it) => {
    it.see("json in a string", await call(it, { method: "agent/run", params: { agentId: "scripted" }, body: JSON.stringify(it.emptyRun()) }));
    it.see("no json", await call(it, { method: "agent/run", params: { agentId: "scripted" }, body: "hello" }));
  },
  "wrong content type": async (it) => {
    const envelope = '{"method":"info"}';
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8", "application/problem+json", ""]) {
      it.see(type || "none", await call(it, envelope, { headers: type ? { "content-type": type } : {} }));
    }
  },
  "broken JSON": async (it) => {
    it.see("broken", await call(it, "{", { headers: { "content-type": "application/json" } }));
    it.see("empty", await call(it, "", { headers: { "content-type": "application/json" } }));
  },
  "other HTTP methods": async (it) => {
    for (const method of ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]) {
      it.see(method, await it.http(method, "/api/copilotkit", { setup: "single" }));
    }
  },
  "other paths": async (it) => {
    for (const path of ["/", "/api", "/api/copilotkit/", "/api/copilotkit/info", "/api/copilotkit/x", "/api/copilotkitty", "/x/api/copilotkit"]) {
      it.see(`GET ${path}`, await it.http("GET", path, { setup: "single" }));
      it.see(`POST ${path}`, await it.http("POST", path, { setup: "single", body: { method: "info" } }));
      it.see(`POST ${path} without a base path`, await it.http("POST", path, { setup: "single bare", body: { method: "info" } }));
    }
  },
  "transcribe": async (it) => {
    const body = { audio: Buffer.from("sound").toString("base64"), mimeType: "audio/webm", filename: "a.webm" };
    it.see("on", await call(it, { method: "transcribe", body }, { setup: "transcribe single" }));
    it.see("off", await call(it, { method: "transcribe", body }));
  },
  "inspector metadata": async (it) => it.see("answer", await call(it, { method: "inspector/metadata" })),
};
