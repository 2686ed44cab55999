// The client of the runtime: JSON calls and event streams, in both endpoint modes.

import * as gateway from "./gateway.js";

const meta = (name) => document.querySelector(`meta[name="copilotkit-${name}"]`).content;

const base = meta("base-path").replace(/\/$/, "");
export const singleRoute = meta("endpoint") === "single-route";

/** The token that the user has signed in with, null without one. The tab forgets it when it is closed. */
export const token = () => sessionStorage.getItem("copilotkit-token");

export function setToken(value) {
  if (value) sessionStorage.setItem("copilotkit-token", value);
  else sessionStorage.removeItem("copilotkit-token");
}

/** Fetches /info: the agents, and which thread routes there are. */
export async function info() {
  return json(singleRoute ? await envelope("info") : await get("/info"));
}

/** Starts a run. Yields its events as they arrive. */
export function run(agentId, input, signal) {
  return stream("run", agentId, input, signal);
}

/** Yields the events of a thread: its history, then those of the live run until it ends. */
export function connect(agentId, input, signal) {
  return stream("connect", agentId, input, signal);
}

/** Asks the live run of a thread to stop. */
export async function stop(agentId, threadId) {
  const response = singleRoute
    ? await envelope("agent/stop", { agentId, threadId })
    : await post(`/agent/${encodeURIComponent(agentId)}/stop/${encodeURIComponent(threadId)}`, {});
  return json(response);
}

/** Fetches the threads of an agent, last updated first. */
export async function listThreads(agentId) {
  const { threads } = await json(await get(`/threads?agentId=${encodeURIComponent(agentId)}&limit=50`));
  return threads;
}

export async function renameThread(agentId, threadId, name) {
  return json(await post(`/threads/${encodeURIComponent(threadId)}`, { agentId, name }, "PATCH"));
}

export async function deleteThread(agentId, threadId) {
  return json(await post(`/threads/${encodeURIComponent(threadId)}`, { agentId }, "DELETE"));
}

async function* stream(what, agentId, input, signal) {
  const response = singleRoute
    ? await envelope(`agent/${what}`, { agentId }, input, signal)
    : await post(`/agent/${encodeURIComponent(agentId)}/${what}`, input, "POST", signal);
  if (!response.ok || response.headers.get("Content-Type")?.startsWith("application/json")) {
    yield* gateway.follow(await json(response), signal); // json throws if it isn't ok
  } else if (response.status !== 204) {
    yield* events(response.body);
  }
}

/** Yields the JSON data of Server-Sent Events. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const frames = (rest + value).split(/\r?\n\r?\n/);
      rest = frames.pop();
      for (const frame of frames) {
        const data = frame.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
        if (data) yield JSON.parse(data);
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // the page has left the stream
  }
}

function get(path) {
  return fetch(base + path, { headers: identity() });
}

function post(path, body, method = "POST", signal) {
  return fetch(base + path, {
    method, signal, body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/json", ...identity() },
  });
}

function identity() {
  return token() ? { Authorization: `Bearer ${token()}` } : {};
}

function envelope(method, params, body, signal) {
  return post(base ? "" : "/", { method, params, body }, "POST", signal);
}

async function json(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const error = new Error(body.message ?? body.error ?? `The server answered ${response.status}.`);
    throw Object.assign(error, { status: response.status });
  }
  return body;
}
