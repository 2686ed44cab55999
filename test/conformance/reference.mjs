// The reference runtime, in each set-up of the cases. Every set-up listens on its
// own port; server/ is the same in Go.
//
// Environment: MODEL (the address of the scripted model), REMOTE (the address of
// the remote agent), SIDE (what the MCP server knows this runtime by), APPS (its address),
// PUBLISHED (those of published servers). Prints one line of JSON, {"ports": {set-up: port}}, when it listens.
import "./quiet.mjs";
import { HttpAgent } from "@ag-ui/client";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { BuiltInAgent, CopilotRuntime, InMemoryAgentRunner, defineTool } from "@copilotkit/runtime/v2";
import { z } from "zod";
import { ScriptedAgent } from "./scripted-agent.mjs";
import { serve } from "./serve.mjs";

const { MODEL, REMOTE, SIDE, APPS } = process.env;
const published = JSON.parse(process.env.PUBLISHED);
const model = createOpenAICompatible({ name: "openai", baseURL: MODEL, apiKey: "test-key", includeUsage: true })("gpt-4o");

const weather = defineTool({
  name: "weather",
  description: "The weather in a city",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, degrees: 21 }),
});
const broken = defineTool({
  name: "broken",
  description: "Always fails",
  parameters: z.object({}),
  execute: async () => {
    throw new Error("the tool broke");
  },
});
const approve = defineTool({
  name: "approve",
  description: "Asks a human",
  parameters: z.object({ what: z.string() }),
  interrupt: true,
  interruptReason: "approval",
  interruptMessage: "Shall we?",
});

function agents() {
  return {
    default: new BuiltInAgent({ model, maxRetries: 0 }),
    prompted: new BuiltInAgent({
      model,
      maxRetries: 0,
      prompt: "You are terse.",
      temperature: 0.5,
      overridableProperties: ["temperature", "toolChoice", "maxOutputTokens", "stopSequences"],
    }),
    bundled: new BuiltInAgent({ model, maxRetries: 0 }),
    tools: new BuiltInAgent({ model, maxRetries: 0, maxSteps: 3, tools: [weather, broken] }),
    onestep: new BuiltInAgent({ model, maxRetries: 0, maxSteps: 1, tools: [weather] }),
    anysteps: new BuiltInAgent({ model, maxRetries: 0, tools: [weather] }),
    interrupts: new BuiltInAgent({ model, maxRetries: 0, tools: [approve] }),
    scripted: new ScriptedAgent(MODEL, { description: "Answers with the events it is told to" }),
    remote: new HttpAgent({
      url: REMOTE,
      description: "Somewhere else",
      headers: { Authorization: "Bearer of-the-server", "X-Server": "yes" },
    }),
    plain: new HttpAgent({ url: REMOTE }),
    trusted: new HttpAgent({ url: REMOTE }),
    "odd name/é": new ScriptedAgent(MODEL, { description: "Has an odd name" }),
  };
}

class Transcriber {
  async transcribeFile({ audioFile, mimeType, size }) {
    if (audioFile.name.startsWith("fail-")) {
      throw new Error(
        { "fail-rate.webm": "429 Too Many Requests", "fail-auth.webm": "401 Unauthorized", "fail-long.webm": "audio too long" }[
          audioFile.name
        ] ?? "the provider broke",
      );
    }
    const bytes = Buffer.from(await audioFile.arrayBuffer());
    return `${audioFile.name} ${mimeType} ${size} ${bytes.toString("utf8")}`;
  }
}

// What the hooks of a set-up have recorded, until the case asks for it.
const trace = [];

function act(request, stage) {
  const wanted = request.headers.get("x-act") ?? "";
  if (wanted === `${stage} answers`) {
    throw new Response(JSON.stringify({ early: stage }), {
      status: 418,
      headers: { "Content-Type": "application/json", "X-Early": stage },
    });
  }
  if (wanted === `${stage} fails`) throw new Error(`${stage} failed`);
  if (wanted === `${stage} changes`) {
    const headers = new Headers(request.headers);
    headers.set("x-changed-by", stage);
    return new Request(request, { headers });
  }
}

const hooks = {
  onRequest({ request, path }) {
    trace.push(`onRequest ${request.method} ${path}`);
    return act(request, "onRequest");
  },
  onBeforeHandler({ request, route }) {
    trace.push(`onBeforeHandler ${JSON.stringify(route)}`);
    return act(request, "onBeforeHandler");
  },
  onResponse({ request, response, route }) {
    trace.push(`onResponse ${route.method} ${response.status}`);
    const wanted = request.headers.get("x-act");
    if (wanted === "onResponse fails") throw new Error("onResponse failed");
    const headers = new Headers(response.headers);
    headers.set("x-hooked", "yes");
    return new Response(response.body, { status: wanted === "onResponse changes" ? 202 : response.status, headers });
  },
  onError({ request, route }) {
    trace.push(`onError ${route?.method ?? "no route"}`);
    const wanted = request.headers.get("x-act");
    if (request.headers.get("x-on-error") === "answers") {
      return new Response(JSON.stringify({ handled: wanted }), { status: 503, headers: { "Content-Type": "application/json" } });
    }
    if (request.headers.get("x-on-error") === "fails") throw new Error("onError failed");
  },
};

const middleware = {
  beforeRequestMiddleware({ request, path }) {
    trace.push(`beforeRequest ${request.method} ${path}`);
    return act(request, "beforeRequest");
  },
  afterRequestMiddleware({ path, messages, threadId, runId }) {
    trace.push(`afterRequest ${path} ${JSON.stringify({ messages, threadId, runId })}`);
  },
};

const basePath = "/api/copilotkit";

// The components of the set-ups with a catalog; server/ has the same.
const catalog = {
  catalogId: "of the server",
  components: {
    Text: { required: ["text"] },
    Column: {},
    Modal: { properties: { trigger: { format: "componentRef" } } },
    Tabs: { properties: { tabs: { type: "array", items: { type: "object", properties: { child: { format: "componentRef" } } } } } },
  },
};

// The runtime reads NODE_ENV in its constructor, and again in each request.
function runtime(options = {}, environment = "production") {
  process.env.NODE_ENV = environment;
  return new CopilotRuntime({ agents: agents(), runner: new InMemoryAgentRunner(), ...options });
}

const app = (server) => ({ type: "http", url: `${APPS}/mcp`, ...server, headers: { "X-Side": SIDE, ...server.headers } });
const withApps = (...servers) => ({ runtime: runtime({ mcpApps: { servers } }), basePath });

const setups = {
  main: { runtime: runtime(), basePath },
  slash: { runtime: runtime(), basePath: "/api/copilotkit/" },
  root: { runtime: runtime(), basePath: "/" },
  suffix: { runtime: runtime() },
  single: { runtime: runtime(), basePath, mode: "single-route" },
  "single bare": { runtime: runtime(), mode: "single-route" },
  "cors any": { runtime: runtime(), basePath, cors: true },
  "cors one": { runtime: runtime(), basePath, cors: { origin: "https://one.example" } },
  "cors list": { runtime: runtime(), basePath, cors: { origin: ["https://one.example", "https://two.example"] } },
  "cors function": {
    runtime: runtime(),
    basePath,
    cors: { origin: (origin) => (origin.endsWith(".example") ? origin : null) },
  },
  "cors credentials": {
    runtime: runtime(),
    basePath,
    cors: { origin: ["https://one.example"], credentials: true },
  },
  "cors all": {
    runtime: runtime(),
    basePath,
    cors: {
      origin: "https://one.example",
      credentials: true,
      allowMethods: ["GET", "POST"],
      allowHeaders: ["content-type", "x-one"],
      exposeHeaders: ["x-two", "x-three"],
      maxAge: 600,
    },
  },
  "cors single": { runtime: runtime(), basePath, mode: "single-route", cors: true },
  hooks: { runtime: runtime(middleware), basePath, hooks, cors: true },
  "hooks single": { runtime: runtime(middleware), basePath, hooks, mode: "single-route" },
  "headers allow": { runtime: runtime({ forwardHeaders: { allow: ["X-One", "x-forwarded-for", "X-Two"], deny: ["x-two"] } }), basePath },
  "headers deny": { runtime: runtime({ forwardHeaders: { deny: ["Authorization"], denyPrefixes: ["X-Internal-"] } }), basePath },
  "headers open": { runtime: runtime({ forwardHeaders: { useDefaultDenylist: false } }), basePath },
  transcribe: { runtime: runtime({ transcriptionService: new Transcriber() }), basePath },
  "transcribe single": { runtime: runtime({ transcriptionService: new Transcriber() }), basePath, mode: "single-route" },
  "agents by request": {
    runtime: runtime({
      agents: ({ request }) => {
        const tenant = request.headers.get("x-tenant");
        if (tenant === "broken") throw new Error("no such tenant");
        return { [`of-${tenant}`]: new ScriptedAgent(MODEL, { description: `Of ${tenant}` }) };
      },
    }),
    basePath,
  },
  "one agent": { runtime: runtime({ agents: { "agent of pages": new ScriptedAgent(MODEL) } }), basePath },
  surfaces: { runtime: runtime({ a2ui: {} }), basePath },
  "surfaces with a catalog": {
    runtime: runtime({ a2ui: { injectA2UITool: true, schema: catalog, defaultCatalogId: "server", recovery: { debugExposure: "verbose", maxAttempts: 2, showProgressTokens: false } } }),
    basePath,
  },
  "surfaces by another tool": { runtime: runtime({ a2ui: { injectA2UITool: "draw", agents: ["scripted"], a2uiToolNames: ["paint"] } }), basePath },
  "surfaces off": { runtime: runtime({ a2ui: { enabled: false } }), basePath },
  debug: { runtime: runtime({ debug: true }), basePath },
  impatient: { runtime: runtime({ sseKeepAliveIntervalSeconds: 0.05 }), basePath },
  silent: { runtime: runtime({ sseKeepAliveIntervalSeconds: 0 }), basePath },
  pages: { runtime: runtime({ openGenerativeUI: true }), basePath },
  "pages of one": { runtime: runtime({ openGenerativeUI: { agents: ["scripted"] } }), basePath },
  apps: withApps(app({ serverId: "app" })),
  "apps of another agent": withApps(app({ serverId: "app", agentId: "plain" })),
  "apps at one address": withApps(app({ serverId: "first", headers: { "X-Key": "1" } }), app({ serverId: "second", headers: { "X-Key": "2" } })),
  "published apps": withApps(
    { type: "http", url: published.budget, serverId: "budget" },
    { type: "http", url: published.map, serverId: "map" },
  ),
  limited: { runtime: runtime(), basePath },
  supersede: { runtime: runtime({ runner: new InMemoryAgentRunner({ onConcurrentRun: "supersede" }) }), basePath },
  development: { runtime: runtime({}, "development"), basePath, environment: "development" },
};

await serve(setups, trace);
