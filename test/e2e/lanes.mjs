// The scenes in lanes, which are played side by side. Each lane has a model and runtimes of its
// own, so that its scenes, one after the other, find only what they have asked themselves.
import { join } from "node:path";
import { ScriptedModel } from "../conformance/model.mjs";
import { drawingScenes } from "./drawings.mjs";
import { intelligenceScenes } from "./intelligence.mjs";
import { startManaged, startManagedReference } from "./managed.mjs";
import { build, root, startDynamoDB, startImage, startLambda, startLocal, startMCPApp, startPlatform, startRedis, unpackImage } from "./runtimes.mjs";
import { all } from "./eventually.mjs";
import { scenes } from "./scenes.mjs";
import { scripts } from "./scripts.mjs";
import { staticScenes } from "./static.mjs";

// One for the run, one for the requests about it, and more for streams that a page
// has left: Lambda doesn't report that, so they occupy an instance until the run ends.
const instances = 4;
const sessions = { COPILOTKIT_AUTH: "session", COPILOTKIT_SESSION_KEY: "a key of thirty-two bytes or more" };

/**
 * A lane's `start` gets a promise of the built app, the folder where it will be, and the list of
 * what has to be closed. It resolves to what the scenes are played on: the model, runtimes by
 * name (a site for each but those that serve the app themselves), and more where there is more.
 */
export const lanes = [
  { scenes, start: chats, reference: chatsReference },
  { scenes: { ...drawingScenes, ...staticScenes }, start: draws, reference: chatsReference },
  { scenes: intelligenceScenes, start: manages, reference: managesReference },
];

async function chats({ closing }) {
  const model = await startModel(closing);
  const env = open(model);
  const [binary, redis, dynamoDB] = await all([local(), kept(startRedis(), closing), kept(startDynamoDB(), closing)]);
  const runtimes = await together({
    local: startLocal(binary, env),
    single: startLocal(binary, { ...env, COPILOTKIT_ENDPOINT: "single-route" }),
    "lambda on Redis": startLambda(instances, { ...env, COPILOTKIT_STORE: redis.url }),
    "lambda on DynamoDB": startLambda(instances, { ...env, ...dynamoDB.env }),
    small: startLocal(binary, { ...env, COPILOTKIT_MAX_BODY_BYTES: "60000" }),
    tokens: startLocal(binary, { ...production(model), COPILOTKIT_AUTH: "token", COPILOTKIT_AUTH_TOKENS: "ann:anns-token,bob:bobs-token" }),
    sessions: startLocal(binary, { ...production(model), ...sessions }),
  }, closing);
  /** Starts a runtime that is another site to the pages of the one with sessions. */
  const completed = async (sites) => {
    const runtime = await kept(startLocal(binary, {
      ...production(model), ...sessions,
      COPILOTKIT_CORS_ORIGINS: new URL(sites.sessions.url).origin, COPILOTKIT_CORS_CREDENTIALS: "on", COPILOTKIT_SESSION_SAME_SITE: "none",
    }), closing);
    runtimes.foreign = { ...runtime, origin: runtime.origin.replace("127.0.0.1", "localhost") };
  };
  return { model, runtimes, stores: { redis, dynamoDB }, completed };
}

async function draws({ built, folder, closing }) {
  const model = await startModel(closing);
  const [binary, dynamoDB, budget, time] = await all([local(), kept(startDynamoDB(), closing), kept(startMCPApp("budget-allocator"), closing), kept(startMCPApp("basic-vanillajs"), closing)]);
  // It needs no key, and its model draws.
  const drawing = {
    COPILOTKIT_MODEL: "demo", COPILOTKIT_ENV: "production", COPILOTKIT_AUTH: "none", COPILOTKIT_PUBLIC_THREADS: "on",
    COPILOTKIT_OPEN_GENERATIVE_UI: "on",
    COPILOTKIT_MCP_APPS: `budget=${budget.url},time=${time.url}`,
  };
  const serves = async (starting) => ({ ...(await starting), serves: true });
  const runtimes = await together({
    local: startLocal(binary, open(model)),
    drawings: startLambda(2, { ...drawing, ...dynamoDB.env }),
    "one process": serves(built.then(() => startLocal(binary, { ...production(model), ...sessions, COPILOTKIT_STATIC: folder }))),
    "one process of the image": serves(all([unpackImage(), built]).then(([files]) => startImage(files, { ...production(model), ...sessions, COPILOTKIT_STATIC: "/site" }, { site: folder }))),
    "one process that draws": serves(built.then(() => startLocal(binary, { ...drawing, COPILOTKIT_STATIC: folder }))),
  }, closing);
  return { model, runtimes, stores: { dynamoDB } };
}

async function manages({ built, folder, closing }) {
  const [model, platform, binary] = await all([startModel(closing), managedPlatform(closing), local(), built]);
  return { model, platform, runtimes: await together(startManaged(binary, platform, production(model), { sessions, site: folder }), closing) };
}

async function managesReference({ closing }) {
  const [model, platform] = await all([startModel(closing), managedPlatform(closing)]);
  return { model, platform, runtimes: await together(startManagedReference(platform, model.base("runtime")), closing) };
}

async function chatsReference({ closing }) {
  const model = await startModel(closing);
  const { Side } = await import("../conformance/side.mjs");
  const side = await kept(Side.start("runtime", process.execPath, [join(root, "test", "conformance", "reference.mjs")], { model, remote: { origin: "http://127.0.0.1:1" }, apps: { origin: "http://127.0.0.1:1" }, published: {} }), closing);
  const runtime = (setup) => ({ origin: `http://127.0.0.1:${side.ports[setup]}`, log: () => side.log.join(""), status: () => "running" });
  return { model, runtimes: { local: runtime("main"), single: runtime("single") } };
}

async function startModel(closing) {
  const model = await new ScriptedModel(scripts).listen();
  closing.push(() => model.close());
  return model;
}

async function managedPlatform(closing) {
  const platform = await startPlatform();
  closing.push(() => platform.close());
  return platform;
}

const local = () => build("./cmd/copilotkit", "copilotkit");

function production(model) {
  return { OPENAI_API_KEY: "test-key", OPENAI_BASE_URL: model.base("runtime"), COPILOTKIT_MODEL: "openai/gpt-4o", COPILOTKIT_ENV: "production" };
}

/** Of a runtime that asks nobody who they are. */
function open(model) {
  return { ...production(model), COPILOTKIT_AUTH: "none", COPILOTKIT_PUBLIC_THREADS: "on" };
}

/** Resolves to what is started, which is stopped in the end. */
async function kept(starting, closing) {
  const started = await starting;
  closing.push(() => started.stop());
  return started;
}

/** Resolves to what is started, by its names, once all is. All of it is stopped in the end. */
async function together(starting, closing) {
  const started = await all(Object.values(starting).map((one) => kept(one, closing)));
  return Object.fromEntries(Object.keys(starting).map((name, i) => [name, started[i]]));
}
