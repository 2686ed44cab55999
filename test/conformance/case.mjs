// What a case is given to work with: requests to one side's set-ups, and
// a place for what it saw.
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
    // Threads of different cases must not meet; both sides get the same ids.
    this.thread = `thread of ${name}`;
    side.model.reset(side.name);
    this.requestsBefore = { model: side.model.sent(side.name).length, remote: side.remote.sent(side.name).length };
  }

  /** Sends a request and waits for the whole answer. */
  async http(method, path, options) {
    return (await this.open(method, path, options)).whole();
  }

  /** Sends a request and returns when the answer begins. */
  async open(method, path, { setup = "main", headers = {}, body } = {}) {
    if (body !== undefined && typeof body !== "string" && !Buffer.isBuffer(body)) {
      body = JSON.stringify(body);
      headers = { "content-type": "application/json", ...headers };
    }
    this.#sent.push(method, path, JSON.stringify(headers), String(body ?? ""));
    const port = this.side.ports[setup];
    if (!port) throw new Error(`no set-up ${setup} on ${this.side.name}`);
    const answer = await open(port, method, path, { headers, body });
    this.#open.push(answer);
    return answer;
  }

  /** The input of a run in this case's thread. */
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

  /** Runs an agent and waits for the end of its stream, which the reference's may not have if the case is endless. */
  async run(agent, input, { endless, ...options } = {}) {
    const within = endless && this.side.name === "reference" ? 3_000 : undefined;
    return (await this.openRun(agent, input, options)).whole({ within });
  }

  /** Runs an agent and returns when its stream begins. */
  openRun(agent, input, { route = "run", ...options } = {}) {
    return this.open("POST", `${basePath}/agent/${encodeURIComponent(agent)}/${route}`, { body: this.input(input), ...options });
  }

  /** The input of a run that the scripted agent answers with a whole run and nothing in it. */
  emptyRun({ threadId = this.thread, runId = "run-1", ...rest } = {}) {
    const events = [
      { type: "RUN_STARTED", threadId, runId },
      { type: "RUN_FINISHED", threadId, runId },
    ];
    return this.input({ threadId, runId, ...rest, forwardedProps: { events } });
  }

  /** Runs the agent that answers with the events it is told to. */
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
    this.side.model.release(this.side.name, name);
  }

  reached(name) {
    return this.side.model.reached(this.side.name, name);
  }

  /**
   * What the model was asked since the case began: the parts that decide its
   * answer. What the protocol has as the default is the same as being absent.
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
    return this.side.model.sent(this.side.name).slice(this.requestsBefore.model);
  }

  /** What the remote agent was sent since the case began. */
  forwarded() {
    return this.side.remote.sent(this.side.name).slice(this.requestsBefore.remote);
  }

  /** What the hooks of a set-up have seen, oldest first. */
  async trace(setup) {
    const answer = await open(this.side.ports[setup], "GET", "/trace");
    await answer.ended;
    return JSON.parse(answer.text);
  }

  /** Keeps what is to be compared. */
  see(label, value) {
    if (Object.hasOwn(this.#seen, label)) throw new Error(`${this.name}: saw ${label} twice`);
    this.#seen[label] = value;
  }

  /**
   * Whether something becomes true. Of the reference, where it may never, it is
   * asked for five seconds; of this runtime for a minute, on a busy machine too.
   */
  async becomes(condition) {
    const deadline = Date.now() + (this.side.name === "reference" ? 5_000 : 60_000);
    while (Date.now() < deadline) {
      if (await condition()) return true;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return false;
  }

  finish() {
    for (const answer of this.#open) answer.leave();
    return normalize(this.#seen, this.#sent.join("\n"));
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

// A follower that lags may get several deltas as one, and which ones is a matter
// of time: what counts is that it gets each once.
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
