// The object that a case works with: it sends requests to one side's set-ups and
// keeps the observations.
import { open } from "./http.mjs";
import { normalize } from "./normalize.mjs";

const basePath = "/api/copilotkit";

export class Case {
  #sent = [];
  #seen = {};
  #open = [];

  constructor(side, name) {
    this.side = side;
    this.name = name;
    // Cases must not share threads; both sides get the same ids.
    this.thread = `thread of ${name}`;
    side.model.reset(side.key);
    this.requestsBefore = { model: side.model.sent(side.key).length, remote: side.remote.sent(side.key).length };
  }

  /** Sends a request. Resolves to the whole answer. */
  async http(method, path, options) {
    return (await this.open(method, path, options)).whole();
  }

  /**
   * Sends a request. Resolves when the answer begins, and on the reference with nothing
   * if it hasn't within so many milliseconds.
   */
  async open(method, path, { setup = "main", headers = {}, body, within } = {}) {
    if (body !== undefined && typeof body !== "string" && !Buffer.isBuffer(body)) {
      body = JSON.stringify(body);
      headers = { "content-type": "application/json", ...headers };
    }
    this.#sent.push(method, path, JSON.stringify(headers), String(body ?? ""));
    const port = this.side.ports[setup];
    if (!port) throw new Error(`no set-up ${setup} on ${this.side.name}`);
    const answer = await open(port, method, path, { headers, body, within: this.side.name === "reference" ? within : undefined });
    if (answer) this.#open.push(answer);
    return answer;
  }

  /** Returns the input of a run in this case's thread. */
  input({ text, messages, ...rest } = {}) {
    return {
      threadId: this.thread,
      runId: "run-1",
      state: {},
      messages: messages ?? (text === undefined ? [] : [user("user-1", text)]),
      tools: [],
      context: [],
      forwardedProps: {},
      ...rest,
    };
  }

  /** Runs an agent and waits for the end of its stream. If the case is endless, the reference's stream may have no end: it is over when nothing has come for a while. */
  async run(agent, input, { endless, ...options } = {}) {
    const within = endless && this.side.name === "reference" ? 3_000 : undefined;
    return (await this.openRun(agent, input, options)).whole({ within });
  }

  /** Runs an agent. Resolves when its stream begins. */
  openRun(agent, input, { route = "run", ...options } = {}) {
    return this.open("POST", `${basePath}/agent/${encodeURIComponent(agent)}/${route}`, { body: this.input(input), ...options });
  }

  /** Returns the input of a run that the scripted agent answers with an empty run. */
  emptyRun({ threadId = this.thread, runId = "run-1", ...rest } = {}) {
    const events = [
      { type: "RUN_STARTED", threadId, runId },
      { type: "RUN_FINISHED", threadId, runId },
    ];
    return this.input({ threadId, runId, ...rest, forwardedProps: { events } });
  }

  /** Runs the scripted agent with the events that it is to answer with. */
  events(events, input = {}, options) {
    return this.run("scripted", { ...input, forwardedProps: { events } }, options);
  }

  connect(agent = "scripted", input = {}, options = {}) {
    return this.run(agent, { runId: "connect-1", ...input }, { route: "connect", ...options });
  }

  openConnect(agent = "scripted", input = {}, options = {}) {
    return this.openRun(agent, { runId: "connect-1", ...input }, { route: "connect", ...options });
  }

  stop(agent = "scripted", thread = this.thread, options) {
    return this.http("POST", `${basePath}/agent/${agent}/stop/${encodeURIComponent(thread)}`, options);
  }

  get(path, options) {
    return this.http("GET", basePath + path, options);
  }

  release(name) {
    this.side.model.release(this.side.key, name);
  }

  reached(name) {
    return this.side.model.reached(this.side.key, name);
  }

  /**
   * Returns the requests to the model since the case began: the fields that decide
   * its answer. A field with the protocol's default counts as absent.
   */
  asked(...extra) {
    return this.modelRequests().map(({ body }) => {
      const messages = body.messages.map((message) => ({ ...message, content: message.content ?? null }));
      const asked = { messages, tools: body.tools?.map((tool) => tool.function.name).sort(), tool_choice: body.tool_choice ?? "auto" };
      for (const name of extra) asked[name] = body[name];
      return asked;
    });
  }

  modelRequests() {
    return this.side.model.sent(this.side.key).slice(this.requestsBefore.model);
  }

  /** Returns the requests to the remote agent since the case began. */
  forwarded() {
    return this.side.remote.sent(this.side.key).slice(this.requestsBefore.remote);
  }

  /** Returns what the hooks of a set-up have recorded, oldest first. */
  async trace(setup) {
    const answer = await open(this.side.ports[setup], "GET", "/trace");
    await answer.ended;
    return JSON.parse(answer.text);
  }

  /** Records an observation, which is compared with the other side's. */
  see(label, value) {
    if (Object.hasOwn(this.#seen, label)) throw new Error(`${this.name}: saw ${label} twice`);
    this.#seen[label] = value;
  }

  /**
   * Waits until something becomes true, and reports whether it did: for a minute, since the
   * machine may be busy, and for five seconds on the reference if it never does there.
   */
  async becomes(condition, { neverOnReference } = {}) {
    const patience = neverOnReference && this.side.name === "reference" ? 5_000 : 60_000;
    const deadline = Date.now() + patience;
    while (Date.now() < deadline) {
      if (await condition()) return true;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return false;
  }

  finish() {
    for (const answer of this.#open) answer.leave();
    const { url, gatewayUrl } = this.side.platform?.address ?? {};
    return normalize(this.#seen, this.#sent.join("\n"), url ? { [url]: "PLATFORM", [gatewayUrl]: "GATEWAY" } : {});
  }
}

export function user(id, content) {
  return { id, role: "user", content };
}

export function assistant(id, content, toolCalls) {
  return toolCalls ? { id, role: "assistant", content, toolCalls } : { id, role: "assistant", content };
}

export function call(id, name, args) {
  return { id, type: "function", function: { name, arguments: args } };
}

export function tool(id, toolCallId, content) {
  return { id, role: "tool", toolCallId, content };
}

// A follower that lags may get several deltas as one, depending on timing. What
// counts is that it gets each once.
export function joined({ events, ...rest }) {
  const whole = [];
  for (const event of events) {
    const last = whole.at(-1);
    if (event.type === "TEXT_MESSAGE_CONTENT" && last?.type === event.type && last.messageId === event.messageId) {
      whole[whole.length - 1] = { ...last, delta: last.delta + event.delta };
    } else {
      whole.push(event);
    }
  }
  return { ...rest, events: whole };
}
