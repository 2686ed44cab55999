// An MCP server with applications, over streamable HTTP, which records what each
// runtime asks of it. A runtime is told apart by its header X-Side.
import { createServer } from "node:http";

const page = "text/html;profile=mcp-app";
const ui = (visibility) => ({ ui: { resourceUri: "ui://page", ...(visibility && { visibility }) } });

// The tools by their names; text is what a call answers.
const tools = {
  show: { _meta: ui() },
  structured: { _meta: ui(), content: [], structuredContent: { x: 1 } },
  broken: { _meta: ui(), isError: true },
  failing: { _meta: ui(), fails: { code: -32000, message: "boom at db.internal" } },
  "for-model": { _meta: ui(["model"]) },
  "for-app": { _meta: ui(["app"]) },
  "for-both": { _meta: ui(["model", "app"]) },
  "for-nobody": { _meta: ui([]) },
  "in-the-older-place": { _meta: { "ui/resourceUri": "ui://page" } },
  "in-both-places": { _meta: { ...ui(), "ui/resourceUri": "ui://old" } },
  plain: {},
};

export class AppServer {
  constructor() {
    this.requests = [];
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => response.destroy(error));
    });
    this.server.keepAliveTimeout = 0; // as in model.mjs
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  /** Returns what one runtime has asked with a method of its cases: their parameters, oldest first. */
  sent(runtime) {
    return this.requests.filter((request) => request.side === runtime && /^(tools\/call|resources\/read)$/.test(request.method));
  }

  /** Returns how many requests one runtime has sent. */
  count(runtime) {
    return this.requests.filter((request) => request.side === runtime).length;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const side = request.headers["x-side"];
    if (request.method !== "POST") {
      response.writeHead(request.method === "DELETE" ? 200 : 405);
      return response.end();
    }
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    this.requests.push({ side, method, params: { ...params, _meta: undefined }, key: request.headers["x-key"] });
    if (id === undefined) {
      response.writeHead(202);
      return response.end();
    }
    const answer = this.#result(method, params);
    response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "one" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  }

  #result(method, params) {
    switch (method) {
      case "initialize":
        return { result: { protocolVersion: "2025-06-18", capabilities: { tools: {}, resources: {} }, serverInfo: { name: "apps", version: "1" } } };
      case "tools/list":
        return {
          result: {
            tools: Object.entries(tools).map(([name, { _meta }]) => ({
              name,
              description: `The tool ${name}`,
              inputSchema: { type: "object", properties: { q: { type: "string" } } },
              _meta,
            })),
          },
        };
      case "tools/call": {
        const tool = tools[params.name];
        if (!tool) return { error: { code: -32602, message: `no tool ${params.name}` } };
        if (tool.fails) return { error: tool.fails };
        const { content = [{ type: "text", text: `<${params.name}>` }, { type: "text", text: "& more" }], structuredContent, isError } = tool;
        return { result: { content, structuredContent, isError } };
      }
      case "resources/read":
        if (params.uri !== "ui://page" && params.uri !== "file:///notes") return { error: { code: -32002, message: "no such resource" } };
        return { result: { contents: [{ uri: params.uri, mimeType: page, text: "<b>&</b>", _meta: { ui: { csp: { resourceDomains: ["https://a.example"] } } } }] } };
      case "ping":
        return { result: {} };
    }
    return { error: { code: -32601, message: "no such method" } };
  }
}

// Published servers, as test/tools/mcpapps serves them.
export class PublishedServer {
  static async start(name) {
    const { spawn } = await import("node:child_process");
    const { createInterface } = await import("node:readline");
    const { fileURLToPath } = await import("node:url");
    const published = new PublishedServer();
    published.process = spawn(process.execPath, [fileURLToPath(new URL("../tools/mcpapps/serve.mjs", import.meta.url)), name], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    published.exited = new Promise((resolve) => published.process.once("exit", resolve));
    published.url = await Promise.race([
      new Promise((resolve) => createInterface({ input: published.process.stdout }).once("line", resolve)),
      published.exited.then((code) => {
        throw new Error(`the MCP server ${name} ended with ${code}`);
      }),
    ]);
    return published;
  }

  async close() {
    this.process.stdin.end();
    await this.exited;
  }
}
