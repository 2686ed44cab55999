// Every route with every method, unknown routes, base paths, suffixes.
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const paths = [
  "/info",
  "/agent/scripted/run",
  "/agent/scripted/connect",
  "/agent/scripted/suggest",
  "/agent/scripted/stop/nothing-runs-here",
  "/transcribe",
  "/threads",
  "/threads/clear",
  "/threads/subscribe",
  "/threads/no-such-thread",
  "/threads/no-such-thread/archive",
  "/threads/no-such-thread/messages",
  "/threads/no-such-thread/events",
  "/threads/no-such-thread/state",
  "/memories",
  "/memories/recall",
  "/memories/subscribe",
  "/memories/m1",
  "/annotate",
  "/inspector-metadata",
  "/inspector-learning",
  "/cpk-debug-events",
  "/",
  "",
  "/nothing",
  "/agent",
  "/agent/scripted",
  "/agent/scripted/walk",
  "/agent/nobody/run",
  "/agent/nobody/connect",
  "/agent/nobody/suggest",
  "/agent/nobody/stop/t",
  "/info/",
  "//info",
  "/x/info",
  "/x/y/agent/scripted/stop/t",
  "/agent/%ZZ/run",
  "/agent/scripted/stop/%E0%A4%A",
  "/threads/%ZZ/messages",
  "/threads/%ZZ",
];

const byPath = Object.fromEntries(
  paths.map((path) => [
    `every method on ${path || "the base path itself"}`,
    async (it) => {
      for (const method of methods) {
        const headers = method === "POST" || method === "PATCH" ? { "content-type": "application/json" } : {};
        const body = method === "POST" || method === "PATCH" || method === "DELETE" ? "{}" : undefined;
        it.see(method, await it.http(method, `/api/copilotkit${path}`, { headers, body }));
      }
    },
  ]),
);

const elsewhere = ["/info", "/api/info", "/api/copilotkitty/info", "/api/copilotkit", "/api/copilotkit/info", "/x/api/copilotkit/info", "/API/copilotkit/info"];

export const routes = {
  "info says what there is": async (it) => {
    it.see("info", await it.get("/info"));
    it.see("with a query", await it.get("/info?x=1"));
  },
  "info with a body's content type": async (it) => {
    it.see("info", await it.get("/info", { headers: { "content-type": "application/json" } }));
  },
  ...byPath,
  ...Object.fromEntries(
    [
      ["main", "a base path"],
      ["slash", "a base path with a slash at its end"],
      ["root", "the root as base path"],
      ["suffix", "no base path"],
    ].map(([setup, name]) => [
      `where info answers with ${name}`,
      async (it) => {
        for (const path of elsewhere) {
          const { status, headers, body } = await it.http("GET", path, { setup });
          it.see(path, { status, type: headers["content-type"], body: status === 200 ? "info" : body });
        }
      },
    ]),
  ),
  "a run without a base path": async (it) => {
    const body = it.emptyRun();
    it.see("run", await it.http("POST", "/whatever/is/before/agent/scripted/run", { setup: "suffix", body }));
  },
  "ids in the path are percent-decoded": async (it) => {
    const body = it.emptyRun();
    it.see("run", await it.http("POST", "/api/copilotkit/agent/odd%20name%2F%C3%A9/run", { body }));
    it.see("stop", await it.stop("scripted", "a/b c?d#é%"));
    it.see("messages", await it.get("/threads/a%2Fb%20c/messages"));
  },
  "a single-route envelope at a multi-route runtime": async (it) => {
    for (const method of ["info", "agent/run", "agent/connect", "transcribe", "agent/walk"]) {
      it.see(method, await it.http("POST", "/api/copilotkit", { body: { method } }));
    }
    it.see("with a charset", await it.http("POST", "/api/copilotkit/", { headers: { "content-type": "application/json; charset=utf-8" }, body: '{"method":"info"}' }));
    it.see("as text", await it.http("POST", "/api/copilotkit", { headers: { "content-type": "text/plain" }, body: '{"method":"info"}' }));
    it.see("by GET", await it.http("GET", "/api/copilotkit"));
    it.see("broken JSON", await it.http("POST", "/api/copilotkit", { headers: { "content-type": "application/json" }, body: "{" }));
    it.see("null", await it.http("POST", "/api/copilotkit", { headers: { "content-type": "application/json" }, body: "null" }));
    it.see("without a base path", await it.http("POST", "/", { setup: "suffix", body: { method: "info" } }));
  },
  "debug events of a run": async (it) => {
    const bus = await it.open("GET", "/api/copilotkit/cpk-debug-events", { setup: "development" });
    await it.events([{ type: "RUN_STARTED", threadId: it.thread, runId: "run-1" }, { type: "CUSTOM", name: "n", value: 1 }, { type: "RUN_FINISHED", threadId: it.thread, runId: "run-1" }], {}, { setup: "development" });
    const mine = (event) => event.threadId === it.thread;
    await bus.until((event) => mine(event) && event.event.type === "RUN_FINISHED");
    it.see("head", { status: bus.status, headers: bus.headers });
    it.see("first frame", bus.events[0]);
    it.see("events", bus.events.filter(mine));
  },
  "debug events in production, where debug is on": async (it) => {
    const bus = await it.open("GET", "/api/copilotkit/cpk-debug-events", { setup: "debug" });
    it.see("status", bus.status);
    bus.leave();
    it.see("info", (await it.get("/info", { setup: "debug" })).body);
  },
  "no debug events in production": async (it) => {
    it.see("answer", await it.get("/cpk-debug-events"));
    it.see("other methods", await it.http("POST", "/api/copilotkit/cpk-debug-events", { body: {} }));
  },
};
