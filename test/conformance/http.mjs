// An HTTP client that changes nothing: the path is sent as it is written, Host is
// the only added header, and only Server-Sent Events are decoded.
import { request as send } from "node:http";

// Headers of the connection, not of the answer; and the request's id, which one case
// compares for all.
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "date", "x-request-id"]);

/**
 * Sends a request. Resolves when the header of the answer has arrived, or with nothing if
 * it hasn't within so many milliseconds.
 * @returns {Promise<Answer | undefined>}
 */
export function open(port, method, path, { headers = {}, body, within } = {}) {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(body);
    const request = send({
      host: "127.0.0.1",
      port,
      method,
      path,
      agent: false,
      headers: bytes ? { "content-length": bytes.length, ...headers } : headers,
    });
    request.once("error", reject);
    if (within) {
      const timer = setTimeout(() => {
        resolve();
        request.destroy();
      }, within);
      request.once("response", () => clearTimeout(timer));
    }
    request.once("response", (response) => resolve(new Answer(request, response)));
    // With "expect: 100-continue" the body waits until the server wants it.
    if (headers.expect) request.once("continue", () => request.end(bytes)).flushHeaders();
    else request.end(bytes);
  });
}

class Answer {
  // In pieces, since an event may be of many chunks.
  #pieces = [];

  constructor(request, response) {
    this.request = request;
    this.response = response;
    this.status = response.statusCode;
    this.headers = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !hopByHop.has(name)));
    this.requestId = response.headers["x-request-id"];
    this.events = [];
    this.waiting = [];
    response.setEncoding("utf8");
    response.on("data", (chunk) => {
      const ends = chunk.includes("\n\n") || (chunk.startsWith("\n") && this.#pieces.at(-1)?.endsWith("\n"));
      this.#pieces.push(chunk);
      if (ends) this.#read();
    });
    this.ended = new Promise((resolve) => {
      response.once("end", () => resolve("complete"));
      response.once("error", () => resolve("broken"));
      response.once("close", () => resolve("broken"));
    }).then((how) => {
      this.end = how;
      for (const wake of this.waiting.splice(0)) wake();
      return how;
    });
  }

  /** What has come, without the frames that are events. */
  get text() {
    if (this.#pieces.length > 1) this.#pieces = [this.#pieces.join("")];
    return this.#pieces[0] ?? "";
  }

  get streams() {
    return (this.headers["content-type"] ?? "").startsWith("text/event-stream");
  }

  #read() {
    if (!this.streams) return;
    const frames = this.text.split("\n\n");
    this.#pieces = [frames.pop()];
    for (const frame of frames) {
      // Any other frame is kept as text, so that it differs.
      this.events.push(/^data: [^\n]*$/.test(frame) ? JSON.parse(frame.slice(6)) : { frame });
    }
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Resolves to the first event that matches. Rejects if the stream ends without one. */
  async until(matches) {
    for (;;) {
      const event = this.events.find(matches);
      if (event) return event;
      if (this.end) throw new Error(`stream ended without the awaited event: ${JSON.stringify(this.events)}`);
      await new Promise((resolve) => this.waiting.push(resolve));
    }
  }

  async #quiet(milliseconds) {
    for (let before; !this.end && before !== this.events.length; ) {
      before = this.events.length;
      await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, milliseconds))]);
    }
  }

  /** Closes the connection. */
  leave() {
    this.request.destroy();
  }

  /**
   * Waits for the end. Resolves to what a case compares. With a limit the answer need not
   * end: nothing more has come for so many milliseconds.
   */
  async whole({ within } = {}) {
    if (within) await this.#quiet(within);
    else await this.ended;
    const seen = { status: this.status, headers: this.headers };
    if (this.end !== "complete") seen.end = this.end ?? "never";
    if (this.streams) return this.text ? { ...seen, events: this.events, rest: this.text } : { ...seen, events: this.events };
    if ((this.headers["content-type"] ?? "").startsWith("application/json")) {
      try {
        return { ...seen, body: JSON.parse(this.text) };
      } catch {
        // Compared as text.
      }
    }
    return { ...seen, body: this.text };
  }
}
