// The built example app and the runtime at the same origin, as in a deployment:
// files from a folder, and a proxy for /api/copilotkit.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, request as send } from "node:http";
import { extname, join, normalize } from "node:path";

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".json": "application/json" };

/** Serves `folder`, and proxies to the runtime at the origin `runtime`. */
export async function serveSite(folder, runtime) {
  const { hostname, port } = new URL(runtime);
  const server = createServer((request, response) => {
    if (request.url.startsWith("/api/copilotkit")) return pass(request, response, hostname, port);
    const path = normalize(new URL(request.url, "http://site").pathname);
    let file = join(folder, path);
    if (!existsSync(file) || statSync(file).isDirectory()) file = join(folder, "index.html");
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(request, response, hostname, port) {
  const onward = send({ hostname, port, method: request.method, path: request.url, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}
