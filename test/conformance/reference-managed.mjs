// The reference runtime with threads that the managed platform keeps, in each set-up of
// those cases; server/managed.go is the same in Go.
//
// Environment: MODEL (the address of the scripted model, which has the gates), REMOTE (that
// of the remote agent), PLATFORM (what the platform's process says of itself). Prints
// {"ports"} as reference.mjs does.
import "./quiet.mjs";
import "./websocket.mjs";
import { HttpAgent } from "@ag-ui/client";
import { CopilotIntelligenceRuntime, CopilotKitIntelligence } from "@copilotkit/runtime/v2";
import { ScriptedAgent } from "./scripted-agent.mjs";
import { serve } from "./serve.mjs";

const { MODEL, REMOTE } = process.env;
const { url, gatewayUrl, key } = JSON.parse(process.env.PLATFORM);
const basePath = "/api/copilotkit";
process.env.NODE_ENV = "production";

// Who calls is what x-user says; "broken" can't be told.
function identifyUser(request) {
  const id = request.headers.get("x-user");
  if (id === "broken") throw new Error("the users are away");
  return { id, name: "A user" };
}

// What a user may do with memories is in the id: "grant:read:none", "grant:null", …
function access({ user, consumer }) {
  const [, ...scopes] = user.id.split(":");
  if (scopes[0] === "throw") throw new Error("the policy broke");
  if (scopes[0] === "null") return null;
  if (scopes[0] === "agents") return consumer === "agent" ? { user: "read", project: "read" } : null;
  return { user: scopes[0], project: scopes[1] };
}

// The learning container is in the id, too: "of:a-container", "of:throw".
function getLearningContainerId({ user }) {
  const container = user.id.split(":")[1];
  if (container === "throw") throw new Error("the containers are away");
  return container || undefined;
}

function managed({ platform, mode, ...options } = {}) {
  return {
    runtime: new CopilotIntelligenceRuntime({
      intelligence: new CopilotKitIntelligence({ apiKey: key, apiUrl: url, wsUrl: gatewayUrl, ...platform }),
      agents: {
        scripted: new ScriptedAgent(MODEL, { description: "Answers with the events it is told to" }),
        remote: new HttpAgent({ url: REMOTE }),
      },
      identifyUser,
      generateThreadNames: false,
      ...options,
    }),
    basePath,
    mode,
  };
}

const setups = {
  managed: managed({ exposeMemoryRoutes: true }),
  "managed single": managed({ exposeMemoryRoutes: true, mode: "single-route" }),
  "managed without memories": managed(),
  "managed with a policy": managed({ memory: { access } }),
  "managed with names": managed({ generateThreadNames: true }),
  "managed with containers": managed({ platform: { getLearningContainerId } }),
  "managed with a lock": managed({ lockTtlSeconds: 30, lockKeyPrefix: "mine" }),
  "with another key": managed({ platform: { apiKey: "cpk-42_not-the-key" } }),
};
// What the project may use is kept for a while: each case has a runtime of its own.
for (let n = 1; n <= 12; n++) setups[`entitlements ${n}`] = managed();

await serve(setups);
