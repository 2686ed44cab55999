// Hooks and middleware: their order, and what they may answer, change and break.
const stages = ["onRequest", "beforeRequest", "onBeforeHandler"];

// Hooks that run after the answer may be late: wait until the trace is complete.
async function trace(it, setup, complete) {
  const seen = [];
  await it.becomes(async () => {
    seen.push(...(await it.trace(setup)));
    return seen.some((line) => line.startsWith(complete));
  });
  // The JSON at the end of a line is parsed, so that the ids in it can be compared.
  return seen.map((line) => {
    const [, at, json] = line.match(/^([^{]*)(\{.*\})?$/s);
    return json ? [at, JSON.parse(json)] : at;
  });
}

export const hooks = {
  "order for info": async (it) => {
    it.see("answer", (await it.get("/info", { setup: "hooks" })).status);
    it.see("trace", await trace(it, "hooks", "afterRequest"));
  },
  "order for a run": async (it) => {
    it.see("answer", await it.run("default", { text: "say hello" }, { setup: "hooks" }));
    it.see("trace", await trace(it, "hooks", "afterRequest"));
  },
  "what the middleware after a tool call sees": async (it) => {
    const tools = [{ name: "setColor", description: "", parameters: { type: "object" } }];
    await it.run("default", { text: "call setColor", tools }, { setup: "hooks" });
    it.see("trace", (await trace(it, "hooks", "afterRequest")).slice(-1));
  },
  "order for stop and threads": async (it) => {
    await it.stop("scripted", "nothing", { setup: "hooks" });
    it.see("stop", await trace(it, "hooks", "afterRequest"));
    await it.get("/threads?agentId=nobody", { setup: "hooks" });
    it.see("threads", await trace(it, "hooks", "afterRequest"));
    await it.get("/threads/t%20t/messages", { setup: "hooks" });
    it.see("messages", await trace(it, "hooks", "afterRequest"));
  },
  "order for connect": async (it) => {
    it.see("answer", await it.connect("scripted", {}, { setup: "hooks" }));
    it.see("trace", await trace(it, "hooks", "afterRequest"));
  },
  "order for an unknown route": async (it) => {
    it.see("answer", await it.get("/nothing", { setup: "hooks" }));
    it.see("trace", await trace(it, "hooks", "onResponse"));
  },
  "order for a wrong method": async (it) => {
    it.see("answer", await it.http("DELETE", "/api/copilotkit/info", { setup: "hooks" }));
    it.see("trace", await trace(it, "hooks", "onResponse"));
  },
  "order for an unknown agent": async (it) => {
    it.see("answer", await it.run("nobody", {}, { setup: "hooks" }));
    it.see("trace", await trace(it, "hooks", "afterRequest"));
  },
  "order for an invalid body": async (it) => {
    const { status, headers } = await it.http("POST", "/api/copilotkit/agent/scripted/run", { setup: "hooks", body: {} });
    it.see("answer", { status, headers });
    it.see("trace", await trace(it, "hooks", "afterRequest"));
  },
  "a preflight meets no hook": async (it) => {
    it.see("answer", await it.http("OPTIONS", "/api/copilotkit/info", { setup: "hooks", headers: { origin: "https://one.example" } }));
    it.see("trace", await it.trace("hooks"));
  },
  ...Object.fromEntries(
    stages.flatMap((stage) => [
      [
        `${stage} answers early`,
        async (it) => {
          it.see("info", await it.get("/info", { setup: "hooks", headers: { "x-act": `${stage} answers`, origin: "https://one.example" } }));
          it.see("trace", await it.trace("hooks"));
        },
      ],
      [
        `${stage} fails`,
        async (it) => {
          it.see("info", await it.get("/info", { setup: "hooks", headers: { "x-act": `${stage} fails` } }));
          it.see("trace", await it.trace("hooks"));
          it.see("run", await it.run("scripted", {}, { setup: "hooks", headers: { "x-act": `${stage} fails` } }));
          await it.trace("hooks");
        },
      ],
      [
        `${stage} fails and onError answers`,
        async (it) => {
          const headers = { "x-act": `${stage} fails`, "x-on-error": "answers", origin: "https://one.example" };
          it.see("info", await it.get("/info", { setup: "hooks", headers }));
          it.see("trace", await it.trace("hooks"));
        },
      ],
      [
        `${stage} changes the request`,
        async (it) => {
          await it.run("plain", {}, { setup: "hooks", headers: { "x-act": `${stage} changes` } });
          await trace(it, "hooks", "afterRequest");
          it.see("forwarded", it.forwarded().map(({ headers }) => headers["x-changed-by"]));
        },
      ],
    ]),
  ),
  "onError fails too": async (it) => {
    it.see("info", await it.get("/info", { setup: "hooks", headers: { "x-act": "onRequest fails", "x-on-error": "fails" } }));
    it.see("trace", await it.trace("hooks"));
  },
  "onResponse changes the answer": async (it) => {
    const { status, headers } = await it.get("/info", { setup: "hooks", headers: { "x-act": "onResponse changes" } });
    it.see("info", { status, headers });
    const run = await it.run("scripted", it.emptyRun(), { setup: "hooks", headers: { "x-act": "onResponse changes" } });
    it.see("run", run);
    await trace(it, "hooks", "afterRequest");
  },
  "onResponse fails": async (it) => {
    it.see("info", await it.get("/info", { setup: "hooks", headers: { "x-act": "onResponse fails" } }));
    it.see("trace", await it.trace("hooks"));
  },
  "order in single-route": async (it) => {
    it.see("answer", (await it.http("POST", "/api/copilotkit", { setup: "hooks single", body: { method: "info" } })).status);
    it.see("trace", await trace(it, "hooks single", "afterRequest"));
    const body = it.emptyRun();
    it.see("run", await it.http("POST", "/api/copilotkit", { setup: "hooks single", body: { method: "agent/run", params: { agentId: "scripted" }, body } }));
    it.see("trace of the run", await trace(it, "hooks single", "afterRequest"));
    it.see("bad method", await it.http("POST", "/api/copilotkit", { setup: "hooks single", body: { method: "walk" } }));
    it.see("trace of the bad method", await it.trace("hooks single"));
  },
};
