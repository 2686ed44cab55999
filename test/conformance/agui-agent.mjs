// A remote AG-UI agent over HTTP. It answers a run with the events in the run's
// forwardedProps.events, or with a greeting if there are none, and records the
// headers and the input of each request.
import { createServer } from "node:http";

export class RemoteAgent {
  /** @param model the scripted model, which has the gates: one that is to drop its connection waits for "drop" */
  constructor(model) {
    this.requests = [];
    this.server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const [, runtime] = request.url.split("/");
      const input = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      const record = { runtime, headers: request.headers, input, closed: false };
      this.requests.push(record);
      response.once("close", () => (record.closed = !response.writableFinished));
      const props = input.forwardedProps ?? {};
      if (props.status) {
        response.writeHead(props.status, { "content-type": "application/json" });
        return response.end(JSON.stringify({ error: "the remote agent says no" }));
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of props.events ?? greeting(input)) {
        response.write(`data: ${JSON.stringify(event)}\n\n`);
      }
      if (props.drop) {
        await model.gate.pass(`${runtime} drop`);
        return response.destroy();
      }
      response.end();
    });
  }

  async listen() {
    this.server.keepAliveTimeout = 0; // as in model.mjs
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  /** Returns the requests of one runtime, oldest first. */
  sent(runtime) {
    return this.requests.filter((request) => request.runtime === runtime);
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

function greeting({ threadId, runId }) {
  return [
    { type: "RUN_STARTED", threadId, runId },
    { type: "TEXT_MESSAGE_START", messageId: "remote-message", role: "assistant" },
    { type: "TEXT_MESSAGE_CONTENT", messageId: "remote-message", delta: "Hello from afar" },
    { type: "TEXT_MESSAGE_END", messageId: "remote-message" },
    { type: "RUN_FINISHED", threadId, runId },
  ];
}
