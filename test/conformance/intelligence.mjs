// The reference runtime with threads that a managed platform keeps, as a driver for
// suites that start one: configured by CPK_CONFIG (JSON), it prints {"port"} in one line
// and serves /copilotkit until SIGTERM. Without CPK_CONFIG each line of the standard input
// configures one more runtime of this process.
//
// The agent is at agentUrl, or is the reference's own with the model at modelUrl. Who
// calls is what x-test-user-id and x-test-user-name say.
import "./quiet.mjs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import "./websocket.mjs";
import { HttpAgent } from "@ag-ui/client";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { BuiltInAgent, CopilotIntelligenceRuntime, CopilotKitIntelligence } from "@copilotkit/runtime/v2";
import { createCopilotNodeListener } from "@copilotkit/runtime/v2/node";

/** Serves a runtime as configured, and returns its port. */
function serve(config) {
  const options = {
    intelligence: new CopilotKitIntelligence({
      apiKey: config.apiKey,
      apiUrl: config.apiUrl,
      wsUrl: config.runnerUrl.replace(/\/runner$/, ""),
    }),
    agents: { default: agent(config) },
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
  for (const name of ["lockTtlSeconds", "lockHeartbeatIntervalSeconds", "lockKeyPrefix"]) {
    if (name in config) options[name] = config[name];
  }
  const runtime = new CopilotIntelligenceRuntime(options);
  const server = createServer(createCopilotNodeListener({ runtime, basePath: config.basePath ?? "/copilotkit", mode: config.mode ?? "multi-route" }));
  return new Promise((resolve) => server.listen(config.port ?? 0, "127.0.0.1", () => resolve(server.address().port)));
}

function agent({ agentUrl, modelUrl }) {
  if (agentUrl) return new HttpAgent({ url: agentUrl, description: "Conformance agent" });
  const model = createOpenAICompatible({ name: "openai", baseURL: modelUrl, apiKey: "test-key", includeUsage: true })("gpt-4o");
  return new BuiltInAgent({ model, maxRetries: 0 });
}

process.on("SIGTERM", () => process.exit(0));
if (process.env.CPK_CONFIG) {
  console.log(JSON.stringify({ port: await serve(JSON.parse(process.env.CPK_CONFIG)) }));
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify({ port: await serve(JSON.parse(line)) }));
  }
  process.exit(0);
}
