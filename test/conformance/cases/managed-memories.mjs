// The routes of memories, which the managed platform keeps.
import { managed } from "../managed.mjs";

const json = { "content-type": "application/json" };
const tea = { content: "Likes tea", kind: "topical" };
const away = (status) => ({ status, body: '{"error":"away"}' });

/** Makes a case of bodies that are refused. */
const refused = (method, path, bodies) => async (m) => {
  for (const body of bodies) await m.ask(JSON.stringify(body) ?? "none", method, path, { body, headers: json });
};

/** Asks all routes. */
const all = async (m, { setup, user = m.user } = {}) => {
  const ask = (method, path, body) => m.ask(`${method} ${path}`, method, `/memories${path}`, { setup, user, body });
  await ask("GET", "");
  await ask("POST", "", tea);
  await ask("PATCH", "/no-memory", tea);
  await ask("DELETE", "/no-memory");
  await ask("POST", "/recall", { query: "tea" });
  await ask("POST", "/subscribe");
};

export const managedMemories = managed({
  "what becomes of one": async (m) => {
    const { body } = await m.ask("create", "POST", "/memories", { body: { ...tea, userId: "eve", sourceThreadIds: [] } });
    const path = `/memories/${body.id}`;
    await m.ask("of the project", "POST", "/memories", { body: { content: "Ships on Friday", kind: "operational", scope: "project", sourceThreadIds: ["t-1", "t-2"] } });
    await m.ask("list", "GET", "/memories");
    const { body: replaced } = await m.ask("replace", "PATCH", path, { body: { content: "Likes coffee", kind: "episodic", scope: "user" } });
    await m.ask("recall", "POST", "/memories/recall", { body: { query: "coffee", limit: 3, scope: "user" } });
    await m.ask("remove", "DELETE", `/memories/${replaced.id}`);
    await m.ask("list all", "GET", "/memories?includeInvalidated=true");
    await m.ask("list as before", "GET", "/memories?includeInvalidated=yes&userId=eve");
    await m.ask("of nobody else", "GET", "/memories", { user: "eve" });
    await m.ask("nobody else removes", "DELETE", path, { user: "eve" });
  },
  "subscribing": async (m) => {
    await m.ask("subscribe", "POST", "/memories/subscribe");
    await m.ask("with a body", "POST", "/memories/subscribe", { body: { userId: "eve" } });
  },
  "an id with a slash": (m) => m.ask("remove", "DELETE", "/memories/a%2Fb%20c"),
  "bodies that make no memory": refused("POST", "/memories", [
    undefined,
    "{",
    [],
    null,
    {},
    { content: "x" },
    { kind: "topical" },
    { content: 1, kind: "topical" },
    { content: "", kind: "topical", scope: "nobody" },
    { content: "x", kind: "other" },
    { ...tea, scope: 1 },
    { ...tea, scope: null },
    { ...tea, scope: "" },
    { ...tea, scope: "all" },
    { ...tea, sourceThreadIds: "t-1" },
    { ...tea, sourceThreadIds: null },
    { ...tea, sourceThreadIds: ["t-1", 2] },
    { ...tea, sourceThreadIds: [null] },
  ]),
  "an empty content": (m) => m.ask("create", "POST", "/memories", { body: { content: "", kind: "topical" } }),
  "bodies that replace no memory": refused("PATCH", "/memories/one", [undefined, "{", {}, { content: "x", kind: 1 }, { ...tea, scope: "all" }, { ...tea, sourceThreadIds: {} }]),
  "bodies that recall nothing": refused("POST", "/memories/recall", [
    undefined,
    "{",
    {},
    { query: 1 },
    { query: " \n" },
    { query: "x", limit: 0 },
    { query: "x", limit: -1 },
    { query: "x", limit: 1.5 },
    { query: "x", limit: "3" },
    { query: "x", limit: null },
    { query: "x", scope: 1 },
    { query: "x", scope: "all" },
  ]),
  "a limit of 3.0": (m) => m.ask("recall", "POST", "/memories/recall", { body: '{"query":"x","limit":3.0}', headers: json }),
  "every method": async (m) => {
    for (const path of ["/memories", "/memories/recall", "/memories/subscribe", "/memories/one"])
      for (const method of ["PUT", "GET", "POST", "PATCH", "DELETE"])
        if (!(path === "/memories" && method === "GET")) await m.ask(`${method} ${path}`, method, path, method === "GET" ? {} : { body: "{", headers: json });
  },
  "without a user": (m) => all(m, { user: null }),
  "a bad body without a user": (m) => m.ask("create", "POST", "/memories", { user: null, body: {} }),
  "hidden": async (m) => {
    await all(m, { setup: "managed without memories" });
    await m.ask("PUT", "PUT", "/memories", { setup: "managed without memories", body: {} });
  },
  "to be read": (m) => all(m, { setup: "managed with a policy", user: "grant:read:read" }),
  "to be read in part": (m) => all(m, { setup: "managed with a policy", user: "grant:read:none" }),
  "all granted": (m) => all(m, { setup: "managed with a policy", user: "grant:read-write:read-write" }),
  "none granted": (m) => all(m, { setup: "managed with a policy", user: "grant:none:none" }),
  "a null policy": (m) => all(m, { setup: "managed with a policy", user: "grant:null" }),
  "for agents alone": (m) => all(m, { setup: "managed with a policy", user: "grant:agents" }),
  "a policy that fails": (m) => all(m, { setup: "managed with a policy", user: "grant:throw" }),
  "a policy that grants what isn't there": (m) => all(m, { setup: "managed with a policy", user: "grant:all:none" }),
  "a policy that leaves the project out": (m) => m.ask("list", "GET", "/memories", { setup: "managed with a policy", user: "grant:read" }),
  "a platform that refuses": (m) => failing(m, away(409)),
  "a platform that fails": (m) => failing(m, away(500)),
  "a platform that breaks off": (m) => failing(m, { drop: true }),
  "a platform that answers with something else": async (m) => {
    await failing(m, { status: 200, body: '{"something":"else"}' });
  },
  "a platform that answers with nothing": (m) => failing(m, { status: 204 }),
  "over one route": async (m) => {
    const ask = (label, httpMethod, path, body) => m.single(label, { method: "resource/request", params: { path, httpMethod }, body });
    const { body } = await ask("create", "POST", "/memories", tea);
    await ask("list", "GET", "/memories?includeInvalidated=true");
    await ask("recall", "POST", "/memories/recall", { query: "tea" });
    await ask("subscribe", "POST", "/memories/subscribe");
    await ask("replace", "PATCH", `/memories/${body.id}`, { content: "Likes coffee", kind: "topical" });
    await ask("remove", "DELETE", `/memories/${body.id}`);
    await ask("bad body", "POST", "/memories", {});
    await ask("bad method", "PUT", "/memories", {});
  },
});

async function failing(m, fault) {
  for (const route of ["GET /api/memories", "POST /api/memories", "PATCH /api/memories/{id}", "DELETE /api/memories/{id}", "POST /api/memories/recall", "POST /api/memories/subscribe"])
    await m.fault(route, fault);
  await all(m);
}
