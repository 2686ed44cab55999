// The reference runtime with threads that a managed platform keeps, as a driver for
// suites that start one: configured by CPK_CONFIG (JSON), it prints {"port"} in one line
// and serves /copilotkit until SIGTERM.
//
// Who calls is what x-test-user-id and x-test-user-name say.
process.env.COPILOTKIT_TELEMETRY_DISABLED = "true";

import { createServer } from "node:http";
import { WebSocket } from "ws";

// Node.js has one from version 22 on. Without it the reference asks a long poll of the
// platform, which has none, and never answers a run.
globalThis.WebSocket ??= WebSocket;
const { HttpAgent } = await import("@ag-ui/client");
const { CopilotIntelligenceRuntime, CopilotKitIntelligence } = await import("@copilotkit/runtime/v2");
const { createCopilotNodeListener } = await import("@copilotkit/runtime/v2/node");

const config = JSON.parse(process.env.CPK_CONFIG);
const options = {
  intelligence: new CopilotKitIntelligence({
    apiKey: config.apiKey,
    apiUrl: config.apiUrl,
    wsUrl: config.runnerUrl.replace(/\/runner$/, ""),
  }),
  agents: { default: new HttpAgent({ url: config.agentUrl, description: "Conformance agent" }) },
  identifyUser: (request) => ({
    id: request.headers.get("x-test-user-id") ?? "test-user",
    name: request.headers.get("x-test-user-name") ?? "Test User",
  }),
  generateThreadNames: config.generateThreadNames ?? false,
  exposeMemoryRoutes: true,
  a2ui: config.a2ui,
  mcpApps: config.mcpApps,
};
if ("memoryGrant" in config) options.memory = { access: () => config.memoryGrant };
for (const name of ["lockTtlSeconds", "lockHeartbeatIntervalSeconds", "lockKeyPrefix", "maxReconnectMs", "maxRejoinMs"]) {
  if (name in config) options[name] = config[name];
}

const listener = createCopilotNodeListener({
  runtime: new CopilotIntelligenceRuntime(options),
  basePath: "/copilotkit",
  mode: config.mode ?? "multi-route",
});
const server = createServer(listener);
server.listen(config.port ?? 0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
process.on("SIGTERM", () => {
  server.closeAllConnections();
  server.close(() => process.exit(0));
});
