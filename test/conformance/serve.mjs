// Serves a reference runtime in each of its set-ups, until the end of the standard input.
import { createServer } from "node:http";
import { createCopilotNodeListener } from "@copilotkit/runtime/v2/node";

/**
 * Listens on a port for each set-up, and prints one line of JSON, {"ports": {set-up: port}}.
 * @param setups the options by name; NODE_ENV is `environment`, in each request
 * @param trace what hooks have recorded, which /trace takes
 */
export async function serve(setups, trace = []) {
  const ports = {};
  for (const [name, { environment = "production", ...options }] of Object.entries(setups)) {
    const listener = createCopilotNodeListener(options);
    const server = createServer((request, response) => {
      if (request.url === "/trace") return response.end(JSON.stringify(trace.splice(0)));
      process.env.NODE_ENV = environment;
      listener(request, response);
    });
    server.keepAliveTimeout = 0; // as in model.mjs
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports[name] = server.address().port;
  }
  process.on("unhandledRejection", (error) => console.error("unhandled:", error?.message));
  console.log(JSON.stringify({ ports }));
  process.stdin.resume().on("end", () => process.exit(0));
}
