import { agents } from "./agents.mjs";
import { clients } from "./clients.mjs";
import { connect } from "./connect.mjs";
import { cors } from "./cors.mjs";
import { edges } from "./edges.mjs";
import { headers } from "./headers.mjs";
import { hooks } from "./hooks.mjs";
import { inputs } from "./inputs.mjs";
import { managedMemories } from "./managed-memories.mjs";
import { managedRoutes } from "./managed-routes.mjs";
import { managedRuns } from "./managed-runs.mjs";
import { mcpApps } from "./mcpapps.mjs";
import { odd } from "./odd.mjs";
import { pages } from "./pages.mjs";
import { routes } from "./routes.mjs";
import { runs } from "./runs.mjs";
import { single } from "./single.mjs";
import { stop } from "./stop.mjs";
import { surfaces } from "./surfaces.mjs";
import { threads } from "./threads.mjs";
import { tools } from "./tools.mjs";
import { transcribe } from "./transcribe.mjs";

// The cases by subject. Each plays on one side and records what must be the same
// on the other. Those of a lane are played one after the other, on processes of their own.
const first = {
  routes,
  "single-route": single,
  cors,
  hooks,
  headers,
  inputs,
  runs,
  agents,
};

const second = {
  tools,
  stop,
  connect,
  threads,
  transcribe,
  surfaces,
  pages,
  odd,
  "mcp apps": mcpApps,
  edges,
  clients,
};

// Those of threads that the managed platform keeps.
const runsOfPlatform = { "managed runs": managedRuns };
const routesOfPlatform = { "managed memories": managedMemories, managed: managedRoutes };

export const lanes = [
  { name: "first", cases: first },
  { name: "second", cases: second },
  { name: "runs", cases: runsOfPlatform, managed: true },
  { name: "routes", cases: routesOfPlatform, managed: true },
];
