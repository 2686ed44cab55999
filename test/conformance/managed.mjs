// What the cases of the managed platform have beside a case's own: the platform of their
// side, what goes wrong with it, and what it got.
import { user } from "./case.mjs";

const basePath = "/api/copilotkit";

/** Makes cases of functions that get a {@link Managed}. */
export function managed(cases) {
  return Object.fromEntries(
    Object.entries(cases).map(([name, play]) => [
      name,
      async (it) => {
        const m = await Managed.begin(it, name);
        try {
          await play(m);
          if (!m.seen) await m.see();
        } finally {
          await m.end();
        }
      },
    ]),
  );
}

class Managed {
  /** Begins a case whose user, who has the thread, has no other. */
  static async begin(it, name) {
    const m = new Managed();
    m.it = it;
    m.name = m.user = name.replace(/[^\w]+/g, "-");
    m.thread = it.thread;
    m.platform = it.side.platform;
    m.before = await m.platform.control("GET /counts");
    return m;
  }

  /** Sends a request in the user's name, and records the answer. Resolves to it. */
  async ask(label, method, path, { setup = "managed", user = this.user, headers = {}, ...options } = {}) {
    const answer = await this.it.http(method, basePath + path, {
      setup,
      headers: user ? { "x-user": user, ...headers } : headers,
      ...options,
    });
    this.it.see(label, answer);
    return answer;
  }

  /** Sends an envelope to the single route. */
  single(label, envelope, options) {
    return this.ask(label, "POST", "", { setup: "managed single", body: envelope, ...options });
  }

  /** Asks for a run of the scripted agent with the events, and records the answer. */
  run(events, { label = "run", runId = "run-1", agent = "scripted", messages, route = "run", ...options } = {}) {
    return this.ask(label, "POST", `/agent/${agent}/${route}`, { body: this.input(events, { runId, messages }), ...options });
  }

  /** Returns the id of one of the case's runs: the platform knows those of all cases. */
  id(runId) {
    return `${runId} of ${this.name}`;
  }

  input(events, { runId = "run-1", messages = [user("user-1", "Hello")] } = {}) {
    return this.it.input({ threadId: this.thread, runId: this.id(runId), messages, forwardedProps: events ? { events } : {} });
  }

  connect(label = "connect", options) {
    return this.run(undefined, { label, runId: "connect-1", messages: [], route: "connect", ...options });
  }

  stop(label, body, { agent = "scripted", thread = this.thread, ...options } = {}) {
    return this.ask(label, "POST", `/agent/${agent}/stop/${encodeURIComponent(thread)}`, { body, ...options });
  }

  /** Makes a call of the platform go wrong, by its route. */
  fault(route, fault) {
    return this.faults({ routes: { [route]: fault } });
  }

  faults(faults) {
    return this.platform.control("PATCH /faults", faults);
  }

  addThread(thread = this.thread, { user = this.user, agent = "scripted" } = {}) {
    return this.platform.control(`POST /threads?${new URLSearchParams({ id: thread, user, agent })}`);
  }

  /** Waits until a run has ended and its runner has left. */
  async ended(runId = "run-1") {
    await this.until(`the end of ${runId}`, () => this.left(runId));
  }

  /** Reports whether a run's runner has left. */
  async left(runId = "run-1") {
    const topic = `ingestion:${this.id(runId)}`;
    return (await this.frames()).some((frame) => frame.Topic === topic && frame.Event === "phx_leave");
  }

  /** Waits until the platform has so many events of a run. */
  async stored(count, runId = "run-1") {
    await this.until(`${count} events of ${runId}`, async () => events(await this.frames(), this.id(runId)).length >= count);
  }

  /** Waits for a call of the platform. */
  async called(route, count = 1) {
    await this.until(route, async () => (await this.requests()).filter((request) => request.Pattern === route).length >= count);
  }

  async until(what, condition) {
    if (!(await this.it.becomes(condition))) throw new Error(`the platform didn't see in time: ${what}`);
  }

  async requests() {
    return this.platform.control(`GET /requests?after=${this.before.requests}`);
  }

  /** Returns what runners have sent. */
  async frames() {
    const frames = await this.platform.control(`GET /frames?after=${this.before.frames}`);
    return frames.filter((frame) => frame.Runner && frame.Received && frame.Topic !== "phoenix");
  }

  /**
   * Records what the platform got until now: calls, how channels were joined and left,
   * events. That is done at a case's end, unless it was before.
   */
  async see() {
    this.seen = true;
    // What was called, and with what; in which order two different calls came, one case looks at.
    const calls = {};
    for (const { what, ...how } of (await this.requests()).map(call).filter(Boolean)) {
      if (calls[what] && what.startsWith("DELETE") && what.endsWith("/lock")) continue; // how often it is given back is a matter of time
      (calls[what] ??= []).push(how);
    }
    this.it.see("platform calls", calls);
    const frames = await this.frames();
    const channels = frames.filter(({ Event }) => Event !== "event" && Event !== "events");
    if (channels.length > 0) this.it.see("channels", channels.map(({ Topic, Event, Payload }) => ({ topic: Topic.replace(/:.*/, ""), event: Event, payload: Payload })));
    const runs = [...new Set(frames.map((frame) => frame.Topic))].map((topic) => topic.replace(/^ingestion:/, ""));
    if (runs.length > 0) this.it.see("pushed", runs.map((runId) => events(frames, runId)));
    this.it.see("violations", await this.platform.control("GET /violations"));
  }

  async end() {
    await this.platform.control("PUT /faults", {});
    await this.platform.control("GET /violations");
  }
}

/** Returns what matters of a call of the platform, nothing if nothing does. */
function call({ Method, Pattern, Path, Query, Header, Body }) {
  if (Path.endsWith("/websocket")) return undefined; // seen by what is sent there
  const query = Object.fromEntries(Object.entries(Query ?? {}).map(([name, values]) => [name, values.join()]));
  const headers = { authorization: Header.Authorization?.[0] };
  for (const [name, values] of Object.entries(Header)) {
    if (name.startsWith("X-Cpki-") || (name === "Content-Type" && Body)) headers[name.toLowerCase()] = values.join();
  }
  const seen = { what: `${Method} ${decodeURIComponent(Path).replace(/\bmemory-\d+$|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "…")}`, headers };
  if (Object.keys(query).length > 0) seen.query = query;
  const text = Body ? Buffer.from(Body, "base64").toString("utf8") : "";
  if (text) seen.body = JSON.parse(text);
  if (Pattern !== "/mcp") return seen;
  // Of MCP that is which tools are listed and called: the rest is the client's.
  const { method, params } = seen.body ?? {};
  if (method === "tools/list") return { ...seen, body: { method } };
  if (method === "tools/call") return { ...seen, body: { method, name: params.name, arguments: params.arguments } };
  return undefined;
}

/** Returns a run's events, each once, however they were sent. */
function events(frames, runId) {
  const seen = new Map();
  for (const { Topic, Event, Payload } of frames) {
    if (Topic !== `ingestion:${runId}` || (Event !== "event" && Event !== "events")) continue;
    for (const event of Event === "events" ? Payload.events : [Payload]) seen.set(event.metadata?.cpki_event_id, event);
  }
  return [...seen.values()];
}

export const runStarted = { type: "RUN_STARTED", threadId: "the agent's", runId: "the agent's" };
export const runFinished = { type: "RUN_FINISHED", threadId: "the agent's", runId: "the agent's" };
export const text = [
  { type: "TEXT_MESSAGE_START", messageId: "m-1", role: "assistant" },
  { type: "TEXT_MESSAGE_CONTENT", messageId: "m-1", delta: "Hello <&> ‹é›" },
  { type: "TEXT_MESSAGE_END", messageId: "m-1" },
];
/** A whole answer. */
export const hello = [runStarted, ...text, runFinished];
