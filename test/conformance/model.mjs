// A model that answers by script, in the protocol of OpenAI's chat completions,
// so that two runtimes get the same answer in the same conversation. Each runtime
// calls it under its own name (`base(name)`), by which its requests are recorded.
//
// A script is a list of turns: the first answers the last user message, the
// second the results of the tools that the first called, and so on. A turn is a
// list of parts:
//
//   "text" or {text}      a text delta
//   {reasoning}           a reasoning delta
//   {call: {id, name, args}}   a tool call; args is text, or a list of pieces
//   {args}                more arguments of the last tool call
//   {hold: "name"}        nothing more until release(runtime, name)
//   {pause: 50}           nothing for so many milliseconds
//   {status, body}        the request fails; must be the only part
//   {drop: true}          the connection breaks
import { createServer } from "node:http";
import { Gate } from "./gate.mjs";

export class ScriptedModel {
  /** @param scripts by the text of the last user message; a function gets the request and returns turns */
  constructor(scripts) {
    this.scripts = scripts;
    this.requests = [];
    this.gate = new Gate();
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => {
        response.destroy(error);
      });
    });
    // Closing an idle connection meets the next request on it, on a busy machine.
    this.server.keepAliveTimeout = 0;
  }

  async listen(port = 0) {
    await new Promise((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  /** Returns the base URL of the model for a runtime, whose requests are recorded under its name. */
  base(runtime) {
    return `${this.origin}/${runtime}/v1`;
  }

  /** Returns the requests of one runtime, oldest first. */
  sent(runtime) {
    return this.requests.filter((request) => request.runtime === runtime);
  }

  /** Continues the turn that waits at {hold: name}, now or when it gets there. */
  release(runtime, name) {
    this.gate.open(`${runtime} ${name}`);
  }

  /** Resolves when a turn of the runtime waits at {hold: name}. */
  reached(runtime, name) {
    return this.gate.reached(`${runtime} ${name}`);
  }

  /** Closes all gates of a runtime. */
  reset(runtime) {
    this.gate.reset(`${runtime} `);
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(request, response) {
    const [, runtime, , ...rest] = new URL(request.url, "http://model").pathname.split("/");
    const path = "/" + rest.join("/");
    const raw = await text(request);
    if (path === "/hold") {
      await this.#hold(response, runtime, raw);
      return response.end();
    }
    if (path !== "/chat/completions") return fail(response, 404, { error: { message: "no such route" } });

    const body = JSON.parse(raw);
    const record = { runtime, path, headers: request.headers, body, closed: false };
    record.gone = new Promise((resolve) => {
      response.once("close", () => {
        record.closed = !response.writableFinished;
        resolve(record.closed);
      });
    });
    this.requests.push(record);

    const parts = this.#turn(body);
    const failure = parts.find((part) => part.status);
    if (failure) return fail(response, failure.status, failure.body, failure.headers);
    await this.#stream(response, runtime, body, parts);
  }

  #turn(body) {
    const messages = body.messages ?? [];
    const last = messages.findLastIndex((message) => message.role === "user");
    const prompt = last < 0 ? "" : plain(messages[last].content);
    const turns = messages.slice(last + 1).filter((message) => message.role === "assistant").length;
    let script = this.scripts[body.tools?.some(isSuggestion) ? "suggestions" : prompt];
    if (typeof script === "function") script = script(body);
    script ??= [[`You said: ${prompt}`]];
    return script[Math.min(turns, script.length - 1)];
  }

  async #stream(response, runtime, body, parts) {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    const send = (delta, finish = null) => {
      const chunk = {
        id: "chatcmpl-scripted",
        object: "chat.completion.chunk",
        created: 1700000000,
        model: body.model,
        choices: [{ index: 0, delta, finish_reason: finish }],
      };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    };
    send({ role: "assistant", content: "" });
    let calls = 0;
    for (const part of parts) {
      if (response.destroyed) return;
      if (typeof part === "string") send({ content: part });
      else if (part.text) send({ content: part.text });
      else if (part.reasoning) send({ reasoning_content: part.reasoning });
      else if (part.call) sendCall(send, part.call, calls++);
      else if (part.args) sendArguments(send, part.args, calls - 1);
      else if (part.pause) await sleep(part.pause);
      else if (part.hold) await this.#hold(response, runtime, part.hold);
      else if (part.drop) return response.destroy();
      else if (part.raw !== undefined) response.write(part.raw);
      else if (part.finish) send({}, part.finish);
      else if (part.end) return response.end();
    }
    if (response.destroyed) return;
    send({}, calls > 0 ? "tool_calls" : "stop");
    if (body.stream_options?.include_usage) {
      response.write(
        `data: ${JSON.stringify({
          id: "chatcmpl-scripted",
          object: "chat.completion.chunk",
          created: 1700000000,
          model: body.model,
          choices: [],
          usage: {
            prompt_tokens: 10,
            completion_tokens: 20,
            total_tokens: 30,
            prompt_tokens_details: { cached_tokens: 4 },
            completion_tokens_details: { reasoning_tokens: 6 },
          },
        })}\n\n`,
      );
    }
    response.end("data: [DONE]\n\n");
  }

  #hold(response, runtime, name) {
    const gone = new Promise((resolve) => response.once("close", resolve));
    return Promise.race([this.gate.pass(`${runtime} ${name}`), gone]);
  }
}

function sendCall(send, call, index) {
  send({ tool_calls: [{ index, id: call.id, type: "function", function: { name: call.name, arguments: "" } }] });
  sendArguments(send, call.args, index);
}

function sendArguments(send, args, index) {
  for (const piece of Array.isArray(args) ? args : [args]) {
    if (piece) send({ tool_calls: [{ index, function: { arguments: piece } }] });
  }
}

function isSuggestion(tool) {
  return tool.function?.name === "copilotkitSuggest";
}

function plain(content) {
  if (typeof content === "string") return content;
  return (content ?? []).filter((part) => part.type === "text").map((part) => part.text).join("");
}

function fail(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
