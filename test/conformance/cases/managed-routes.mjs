// The routes other than runs and memories, where the managed platform keeps threads.
import { hello, managed, runFinished, runStarted, text } from "../managed.mjs";

const json = { "content-type": "application/json" };
const away = (status) => ({ status, body: '{"error":"away"}' });
const entitlementsRoute = "GET /api/entitlements/runtime";
const active = { active: true, source: "managedOrgSubscription", features: { threads: true }, limits: { runs: 3.5 }, planCode: "team" };
let entitled = 0;

/** Makes a case of what /info says of the project, given what the platform answers. */
const info = (fault) => {
  const setup = `entitlements ${++entitled}`;
  return async (m) => {
    await m.fault(entitlementsRoute, fault);
    await m.ask("info", "GET", "/info", { setup });
    await m.ask("again", "GET", "/info", { setup }); // from memory
  };
};
const answers = (body) => info({ status: 200, body: JSON.stringify(body) });

const run = async (m, events = hello) => {
  await m.run(events);
  await m.ended();
};
const of = (m, suffix = "") => `/threads/${encodeURIComponent(m.thread)}${suffix}`;
const metadata = (body) => async (m) => {
  await m.fault("GET /api/inspector/metadata", typeof body === "object" && "status" in body ? body : { status: 200, body: JSON.stringify(body) });
  await m.ask("metadata", "GET", "/inspector-metadata");
};
const identity = { organizationName: "Org", projectName: " Project " };

export const managedRoutes = managed({
  "info": (m) => m.ask("info", "GET", "/info"),
  "info without a user": (m) => m.ask("info", "GET", "/info", { user: null }),
  "info without memories": (m) => m.ask("info", "GET", "/info", { setup: "managed without memories" }),
  "info of one route": (m) => m.single("info", { method: "info" }),
  "info with containers": (m) => m.ask("info", "GET", "/info", { setup: "managed with containers" }),
  "info of another project's key": (m) => m.ask("info", "GET", "/info", { setup: "with another key" }),
  "info: entitled": answers({ status: "ready", entitlement: active }),
  "info: not entitled any more": answers({ status: "ready", entitlement: { ...active, active: false } }),
  "info: entitled by a licence": answers({ ...active, source: "selfHostedDeploymentLicense", organizationId: "org" }),
  "info: a source that nobody knows": answers({ status: "ready", entitlement: { ...active, source: "gift" } }),
  "info: more than is known": answers({ status: "ready", entitlement: active, more: 1 }),
  "info: degraded": answers({ status: "degraded", error: { code: "slow", message: "It is slow", retryable: true, requestId: "r", traceId: "t" } }),
  "info: misconfigured": answers({ status: "misconfigured", error: { code: "x", message: "y", retryable: false } }),
  "info: the platform is away": info(away(503)),
  "info: the platform refuses": info(away(403)),
  "info: the platform breaks off": info({ drop: true }),
  "info: the platform takes its time": info({ delay: 5_000_000_000 }),
  "info: no JSON": info({ status: 200, body: "<html>" }),

  "connect to no thread": (m) => m.connect(),
  "connect to a thread that has ended": async (m) => {
    await run(m);
    await m.connect();
    await m.connect("by another user", { user: "eve" });
  },
  "connect to a live run": async (m) => {
    await m.run([runStarted, { hold: "held" }, runFinished]);
    await m.it.reached("held");
    await m.stored(1);
    await m.connect();
    m.it.release("held");
    await m.ended();
  },
  "connect that is refused": async (m) => {
    for (const status of [400, 401, 402, 403, 404, 409, 429, 500, 503]) {
      await m.fault("POST /api/threads/{id}/connect", away(status));
      await m.connect(`${status}`);
    }
  },
  "connect that breaks off": async (m) => {
    await m.fault("POST /api/threads/{id}/connect", { drop: true });
    await m.connect();
  },
  "connect of an unknown agent": (m) => m.connect("connect", { agent: "nobody" }),
  "connect with a bad body": (m) => m.ask("connect", "POST", "/agent/scripted/connect", { body: "{", headers: json }),
  "connect without a user": (m) => m.connect("connect", { user: null }),
  "connect over one route": async (m) => {
    await m.single("none", { method: "agent/connect", params: { agentId: "scripted" }, body: m.input() });
    await m.addThread();
    await m.single("one", { method: "agent/connect", params: { agentId: "scripted" }, body: m.input() });
  },

  "stop with bad bodies": async (m) => {
    await m.addThread();
    for (const body of ["[]", "x", "null", '"run-1"', '{"other":1}', '{"runId":"run-1","other":1}', '{"runId":1}', '{"runId":" "}', '{"runId":null}'])
      await m.stop(body, body, { headers: { ...json, "x-user": m.user } });
  },
  "stop of nothing": async (m) => {
    await m.addThread();
    await m.stop("no body");
    await m.stop("empty", {});
    await m.stop("a run", { runId: "run-1" });
  },
  "stop of no thread": (m) => m.stop("stop", {}),
  "stop without a user": (m) => m.stop("stop", {}, { user: null }),
  "stop where the platform fails": async (m) => {
    await m.addThread();
    for (const status of [403, 429, 500]) {
      await m.fault("GET /api/threads/{id}", away(status));
      await m.stop(`${status}`, {});
    }
    await m.fault("GET /api/threads/{id}", { drop: true });
    await m.stop("breaks off", {});
    await m.fault("GET /api/threads/{id}", { status: 200, body: '{"thread":{"id":" "}}' });
    await m.stop("no thread", {});
    await m.fault("GET /api/threads/{id}", { status: 200, body: '{"thread":{"id":"t-1"}}' });
    await m.stop("no agent", {});
  },
  "stop over one route": async (m) => {
    await m.addThread();
    const stop = (label, body, agentId = "scripted") => m.single(label, { method: "agent/stop", params: { agentId, threadId: m.thread }, body });
    await stop("nothing");
    await stop("another agent's", {}, "remote");
    await stop("bad", { other: 1 });
    await m.single("run", { method: "agent/run", params: { agentId: "scripted" }, body: m.input([runStarted, { hold: "held" }]) });
    await m.it.reached("held");
    await m.stored(1);
    await stop("a run", { runId: m.id("run-1") });
    await m.ended();
  },

  "a thread": async (m) => {
    await run(m, [runStarted, { type: "STATE_SNAPSHOT", snapshot: { a: [1] } }, ...text, runFinished]);
    await m.ask("list", "GET", "/threads?agentId=scripted");
    await m.ask("messages", "GET", of(m, "/messages"));
    await m.ask("events", "GET", of(m, "/events"));
    await m.ask("state", "GET", of(m, "/state"));
    await m.ask("rename", "PATCH", of(m), { body: { agentId: "scripted", name: "A name", userId: "eve", endUserId: "eve", end_user_id: "eve" } });
    await m.ask("no name", "PATCH", of(m), { body: { agentId: "scripted", name: null } });
    await m.ask("archive", "POST", of(m, "/archive"), { body: { agentId: "scripted", name: "not this" } });
    await m.ask("bring back", "PATCH", of(m), { body: { agentId: "scripted", archived: false } });
    await m.ask("change nothing", "PATCH", of(m), { body: { agentId: "scripted" } });
    await m.ask("delete", "DELETE", of(m), { body: { agentId: "scripted" } });
    await m.ask("delete again", "DELETE", of(m), { body: { agentId: "scripted" } });
    await m.ask("messages of none", "GET", of(m, "/messages"));
  },
  "a state that isn't there": async (m) => {
    await run(m);
    await m.ask("state", "GET", of(m, "/state"));
  },
  "a state that can't be read": async (m) => {
    await m.addThread();
    for (const body of ['{"kind":"snapshot-decode-error"}', '{"kind":"snapshot","state":null,"skippedDeltas":0}', '{"kind":"snapshot","state":[1],"skippedDeltas":2}', "{}"]) {
      await m.fault("GET /api/_inspect/threads/{id}/state", { status: 200, body });
      await m.ask(body, "GET", of(m, "/state"));
    }
  },
  "the list": async (m) => {
    for (const n of [1, 2, 3]) await m.addThread(`${m.thread} ${n}`);
    await m.ask("pages", "GET", "/threads?agentId=scripted&limit=2&includeArchived=true");
    await m.ask("next", "GET", `/threads?agentId=scripted&limit=2&cursor=${encodeURIComponent(`${m.thread} 2`)}`);
    await m.ask("of another", "GET", "/threads?agentId=scripted&userId=eve&includeArchived=yes");
    await m.ask("no agent", "GET", "/threads");
    await m.ask("an empty agent", "GET", "/threads?agentId=");
    await m.ask("an agent that isn't one", "GET", "/threads?agentId=a%20b");
    await m.ask("an unknown agent", "GET", "/threads?agentId=nobody");
    await m.ask("a bad limit", "GET", "/threads?agentId=scripted&limit=many");
    await m.ask("no limit", "GET", "/threads?agentId=scripted&limit=");
    await m.ask("no user", "GET", "/threads?agentId=scripted", { user: null });
    await m.ask("no user and no agent", "GET", "/threads", { user: null });
  },
  "a thread of another user": async (m) => {
    await m.addThread();
    const eve = { user: "eve" };
    for (const what of ["messages", "events", "state"]) await m.ask(what, "GET", of(m, `/${what}`), eve);
    await m.ask("rename", "PATCH", of(m), { ...eve, body: { agentId: "scripted", name: "Eve's" } });
    await m.ask("archive", "POST", of(m, "/archive"), { ...eve, body: { agentId: "scripted" } });
    await m.ask("delete", "DELETE", of(m), { ...eve, body: { agentId: "scripted" } });
  },
  "bodies that change no thread": async (m) => {
    await m.addThread();
    for (const body of ["x", "[]", "null", '"x"', "{}", '{"agentId":1}', '{"agentId":""}', '{"agentId":"a b"}']) {
      await m.ask(`rename ${body}`, "PATCH", of(m), { body, headers: { ...json, "x-user": m.user } });
      await m.ask(`archive ${body}`, "POST", of(m, "/archive"), { body, headers: { ...json, "x-user": m.user } });
      await m.ask(`delete ${body}`, "DELETE", of(m), { body, headers: { ...json, "x-user": m.user } });
    }
  },
  "a change without a user": async (m) => {
    await m.ask("rename", "PATCH", of(m), { user: null, body: { agentId: "scripted", name: "x" } });
    await m.ask("messages", "GET", of(m, "/messages"), { user: null });
  },
  "every method on a thread": async (m) => {
    const others = { "": ["PUT", "GET", "POST"], "/archive": ["PUT", "GET", "DELETE"], "/messages": ["PUT", "DELETE"], "/events": ["POST"], "/state": ["POST"] };
    for (const [path, methods] of Object.entries(others)) for (const method of methods) await m.ask(`${method} ${path}`, method, of(m, path));
    await m.ask("PUT /threads", "PUT", "/threads");
    await m.ask("GET /threads/subscribe", "GET", "/threads/subscribe");
  },
  "subscribing and clearing": async (m) => {
    await m.addThread();
    await m.ask("subscribe", "POST", "/threads/subscribe", { body: { userId: "eve" } });
    await m.ask("without a body", "POST", "/threads/subscribe");
    await m.ask("without a user", "POST", "/threads/subscribe", { user: null });
    await m.ask("clear", "POST", "/threads/clear");
    await m.ask("is it there", "GET", of(m, "/messages"));
  },
  "a platform that fails": async (m) => {
    await m.addThread();
    const routes = ["GET /api/threads", "PATCH /api/threads/{id}", "DELETE /api/threads/{id}", "POST /api/threads/subscribe", "GET /api/threads/{id}/messages", "GET /api/_inspect/threads/{id}/events", "GET /api/_inspect/threads/{id}/state"];
    for (const [how, fault] of Object.entries({ 404: away(404), 502: away(502), "breaks off": { drop: true } })) {
      for (const route of routes) await m.fault(route, fault);
      await m.ask(`list ${how}`, "GET", "/threads?agentId=scripted");
      await m.ask(`rename ${how}`, "PATCH", of(m), { body: { agentId: "scripted", name: "x" } });
      await m.ask(`archive ${how}`, "POST", of(m, "/archive"), { body: { agentId: "scripted" } });
      await m.ask(`delete ${how}`, "DELETE", of(m), { body: { agentId: "scripted" } });
      await m.ask(`subscribe ${how}`, "POST", "/threads/subscribe", { body: {} });
      for (const what of ["messages", "events", "state"]) await m.ask(`${what} ${how}`, "GET", of(m, `/${what}`));
    }
  },
  "an id that is strange": async (m) => {
    m.thread = "a/b c?é#%";
    await run(m);
    await m.ask("messages", "GET", of(m, "/messages"));
    await m.ask("rename", "PATCH", of(m), { body: { agentId: "scripted", name: "x" } });
    await m.stop("stop", {});
    await m.connect();
  },
  "threads over one route": async (m) => {
    const ask = (label, httpMethod, path, body) => m.single(label, { method: "resource/request", params: { path, httpMethod }, body });
    await m.addThread();
    await ask("list", "GET", "/threads?agentId=scripted&limit=5");
    await ask("subscribe", "POST", "/threads/subscribe", {});
    for (const what of ["messages", "events", "state"]) await ask(what, "GET", of(m, `/${what}`));
    await ask("rename", "PATCH", of(m), { agentId: "scripted", name: "A name" });
    await ask("archive", "POST", of(m, "/archive"), { agentId: "scripted" });
    await ask("no agent", "PATCH", of(m), { name: "A name" });
    await ask("wrong method", "PUT", of(m), {});
    await ask("clear", "POST", "/threads/clear");
    await ask("delete", "DELETE", of(m), { agentId: "scripted" });
    await ask("info", "GET", "/info");
    await ask("annotate", "POST", "/annotate", { type: "user_action", threadId: m.thread, clientEventId: "event-of-one-route" });
  },

  "annotations": async (m) => {
    const annotate = (label, body, options) => m.ask(label, "POST", "/annotate", { body, ...options });
    const action = { type: "user_action", threadId: m.thread };
    await annotate("whole", { ...action, payload: { title: "x" }, clientEventId: "event 1/é", occurredAt: "2026-01-01T00:00:00Z", userId: "eve" });
    await annotate("again", { ...action, payload: { title: "x" }, clientEventId: "event 1/é" });
    await annotate("of another type", { ...action, type: "set_learning_containers", payload: { containers: ["a"] }, clientEventId: "event 2" });
    await annotate("empty", { ...action, clientEventId: "", occurredAt: "" });
    await annotate("wrong types", { ...action, clientEventId: 1, occurredAt: 2, payload: null });
    await annotate("no thread", { type: "user_action" });
    await annotate("an empty thread", { type: "user_action", threadId: "" });
    await annotate("no type", { threadId: m.thread });
    await annotate("a type that is no text", { threadId: m.thread, type: 1 });
    await annotate("neither", {});
    await annotate("null", "null", { headers: { ...json, "x-user": m.user } });
    await annotate("no JSON", "{", { headers: { ...json, "x-user": m.user } });
    await annotate("no user", action, { user: null });
    await m.ask("GET", "GET", "/annotate");
  },
  "annotations that fail": async (m) => {
    const body = { type: "user_action", threadId: m.thread, clientEventId: "one" };
    for (const [label, fault] of Object.entries({ 403: away(403), 404: away(404), 429: away(429), 500: away(500), nothing: { status: 200 }, null: { status: 200, body: "null" }, "breaks off": { drop: true } })) {
      await m.fault("PUT /connector/annotate/{id}", fault);
      await m.ask(label, "POST", "/annotate", { body });
    }
  },

  "inspector metadata": async (m) => {
    await m.ask("as the platform has it", "GET", "/inspector-metadata");
    await m.ask("without a user", "GET", "/inspector-metadata", { user: null });
    await m.single("over one route", { method: "inspector/metadata" });
    await m.ask("POST", "POST", "/inspector-metadata", { body: {} });
  },
  "inspector metadata that is whole": metadata({
    schemaVersion: 1,
    identity,
    plan: { code: "team", label: "Team" },
    license: { state: "expired" },
    action: { kind: "renew", url: "https://cloud.copilotkit.ai/plan" },
    usage: { used: 3, limit: { kind: "finite", value: 10 }, expiringSoonCount: 1 },
    more: { secret: 1 },
  }),
  "inspector metadata that is right in part": metadata({
    schemaVersion: 1,
    identity: { ...identity, more: 1 },
    plan: { code: "team" },
    license: { state: "unheard of" },
    action: { kind: "renew", url: "http://cloud.copilotkit.ai/plan" },
    usage: { used: -1, limit: { kind: "unlimited" } },
  }),
  "inspector metadata with odd addresses": async (m) => {
    for (const url of ["http://localhost:3000/x", "http://127.0.0.1/x", "http://[::1]/x", "https://user@host/x", "https://host/x?y", "https://host/x#y", "javascript:1", " https://host/x ", 1, ""]) {
      await m.fault("GET /api/inspector/metadata", { status: 200, body: JSON.stringify({ schemaVersion: 1, identity, action: { kind: "manage_plan", url } }) });
      await m.ask(`${url}`, "GET", "/inspector-metadata");
    }
  },
  "inspector metadata with odd numbers": async (m) => {
    for (const usage of [{ used: 1.5 }, { used: 2 ** 53 }, { used: 1, limit: { kind: "finite", value: 0 } }, { used: 1, limit: { kind: "unknown" } }, { used: 1, limit: { kind: "unlimited" }, expiringSoonCount: -1 }, { used: 0, limit: { kind: "unlimited" }, expiringSoonCount: 0 }, { used: 1 }]) {
      await m.fault("GET /api/inspector/metadata", { status: 200, body: JSON.stringify({ schemaVersion: 1, usage }) });
      await m.ask(JSON.stringify(usage), "GET", "/inspector-metadata");
    }
  },
  "inspector metadata of another version": metadata({ schemaVersion: 2, identity }),
  "inspector metadata with nothing in it": metadata({ schemaVersion: 1 }),
  "inspector metadata that isn't there": metadata({ status: 204 }),
  "inspector metadata that nobody has": metadata({ status: 404, body: "{}" }),
  "inspector metadata that fails": metadata({ status: 500, body: "{}" }),
  "inspector metadata that isn't JSON": metadata({ status: 200, body: "<html>" }),
  "inspector learning": async (m) => {
    await m.ask("learning", "GET", "/inspector-learning?agentId=scripted");
    await m.single("over one route", { method: "inspector/learning", params: { agentId: "scripted" } });
  },
  "other routes": async (m) => {
    await m.ask("unknown", "GET", "/nothing");
    await m.ask("debug events", "GET", "/cpk-debug-events");
    await m.ask("an envelope", "POST", "", { body: { method: "info" } });
    await m.single("unknown method", { method: "agent/dance" });
    await m.ask("GET run", "GET", "/agent/scripted/run");
  },
});
