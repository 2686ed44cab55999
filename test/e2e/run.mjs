// Plays the scenes in headless Chromium: the built example app, with this runtime
// and a scripted model behind it. Exits with 1 if a scene fails.
//
//   node run.mjs [--only "part of a scene's name"] [--pictures] [--reference]
//
// --pictures makes the documentation's pictures anew, of the scenes that are played.
// --reference plays them on the reference runtime instead, which shows whether a
// scene needs something that only this runtime has.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { ScriptedModel } from "../conformance/model.mjs";
import { launch, Page } from "./browser.mjs";
import { intelligenceScenes } from "./intelligence.mjs";
import { startManaged, startManagedReference } from "./managed.mjs";
import { build, cache, root, startDynamoDB, startImage, startLambda, startLocal, startMCPApp, startPlatform, startRedis, unpackImage } from "./runtimes.mjs";
import { scenes } from "./scenes.mjs";
import { scripts } from "./scripts.mjs";
import { serveSite } from "./site.mjs";

const { values: flags } = parseArgs({ options: { only: { type: "string", default: "" }, pictures: { type: "boolean" }, reference: { type: "boolean" } } });
const app = join(root, "examples", "react-chat");
const screenshots = join(cache, "screenshots");
const pictures = flags.pictures ? join(root, "docs", "pictures") : undefined;
// One for the run, one for the requests about it, and more for streams that a page
// has left: Lambda doesn't report that, so they occupy an instance until the run ends.
const instances = 4;
const sessions = { COPILOTKIT_AUTH: "session", COPILOTKIT_SESSION_KEY: "a key of thirty-two bytes or more" };
rmSync(screenshots, { recursive: true, force: true });

const closing = [];
const stores = {};
const failed = [];
try {
  buildApp();
  const model = await new ScriptedModel(scripts).listen();
  closing.push(() => model.close());
  const chosen = (scenes) => Object.entries(scenes).filter(([name]) => name.includes(flags.only));
  const runtimes = {};
  if (chosen(scenes).length > 0) Object.assign(runtimes, flags.reference ? await reference(model) : await ours(model));
  const platform = chosen(intelligenceScenes).length > 0 ? await managed(model, runtimes) : undefined;
  const sites = {};
  for (const [name, { origin }] of Object.entries(runtimes)) {
    if (name.includes("one process")) {
      sites[name] = { url: `${origin}/` };
      continue;
    }
    sites[name] = await serveSite(join(app, "dist"), origin);
    closing.push(() => sites[name].close());
  }
  if (sites.sessions) await foreign(model, runtimes, sites);
  const browser = await launch();
  closing.push(() => browser.close());

  for (const [name, play] of chosen({ ...scenes, ...intelligenceScenes })) {
    await playScene(name, play, { browser, model, sites, runtimes, platform });
  }
} finally {
  for (const close of closing.reverse()) await close();
}
console.log(failed.length === 0 ? "All scenes passed." : `${failed.length} failed: ${failed.join(", ")}`);
console.log(`Screenshots: ${screenshots}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function playScene(name, play, { browser, model, sites, runtimes, platform }) {
  // Each page has its own thread, unless the scene names one.
  const fresh = (site) => site && `${site.url}#${randomUUID()}`;
  const pages = [];
  const began = Date.now();
  model.requests.length = 0;
  model.reset("runtime");
  try {
    await play({
      model,
      single: fresh(sites.single),
      lambda: (store) => fresh(sites[`lambda on ${store}`]),
      small: fresh(sites.small),
      tokens: fresh(sites.tokens),
      sessions: fresh(sites.sessions),
      foreign: runtimes.foreign?.origin,
      oneProcess: fresh(sites["one process"]),
      image: fresh(sites["one process of the image"]),
      oneProcessDraws: fresh(sites["one process that draws"]),
      instances: async (store) => Number(await (await fetch(`${runtimes[`lambda on ${store}`].origin}/instances`)).text()),
      drawings: {
        url: fresh(sites.drawings),
        replaceInstances: () => fetch(`${runtimes.drawings.origin}/instances`, { method: "DELETE" }),
      },
      platform,
      managed: (setup) => fresh(sites[setup]),
      mortal: runtimes.mortal,
      lambdaInstances: async () => Number(await (await fetch(`${runtimes["managed lambda"].origin}/instances`)).text()),
      release: (gate) => model.release("runtime", gate),
      async open({ url = fresh(sites.local), context, token } = {}) {
        const page = await Page.open(browser, url, { screenshots, pictures, context, token });
        pages.push(page);
        return page;
      },
    });
    for (const page of pages) await page.picture(`${name}${page === pages[0] ? "" : ` ${pages.indexOf(page) + 1}`}`);
    const problems = pages.flatMap((page) => page.problems);
    if (problems.length > 0) throw new Error(`the page reported: ${problems.join("; ")}`);
    console.log(`  passed  ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed.push(name);
    console.log(`  FAILED  ${name}\n${error.stack}\n`);
    for (const [i, page] of pages.entries()) await page.picture(`FAILED ${name} ${i + 1}`).catch(() => {});
    for (const [name, process] of Object.entries({ ...runtimes, ...stores })) console.log(`${name}: ${process.status()}\n${process.log().slice(-1500)}`);
  } finally {
    for (const page of pages.reverse()) await page.close();
  }
}

function buildApp() {
  const result = spawnSync("npm", ["run", "build", "--silent"], { cwd: app, stdio: ["ignore", "ignore", "inherit"] });
  if (result.status !== 0) throw new Error("npm run build failed in examples/react-chat");
}

function production(model) {
  return { OPENAI_API_KEY: "test-key", OPENAI_BASE_URL: model.base("runtime"), COPILOTKIT_MODEL: "openai/gpt-4o", COPILOTKIT_ENV: "production" };
}

async function ours(model) {
  const binary = build("./cmd/copilotkit", "copilotkit");
  const env = { ...production(model), COPILOTKIT_AUTH: "none", COPILOTKIT_PUBLIC_THREADS: "on" };
  const redis = (stores.redis = await startRedis());
  closing.push(() => redis.stop());
  const dynamoDB = (stores.dynamoDB = await startDynamoDB());
  closing.push(() => dynamoDB.stop());
  const apps = { budget: await startMCPApp("budget-allocator"), time: await startMCPApp("basic-vanillajs") };
  for (const app of Object.values(apps)) closing.push(() => app.stop());
  const runtimes = {
    local: await startLocal(binary, env),
    single: await startLocal(binary, { ...env, COPILOTKIT_ENDPOINT: "single-route" }),
    "lambda on Redis": await startLambda(instances, { ...env, COPILOTKIT_STORE: redis.url }),
    "lambda on DynamoDB": await startLambda(instances, { ...env, ...dynamoDB.env }),
    drawings: await startLambda(2, { ...drawing(apps), ...dynamoDB.env }),
    small: await startLocal(binary, { ...env, COPILOTKIT_MAX_BODY_BYTES: "60000" }),
    tokens: await startLocal(binary, { ...production(model), COPILOTKIT_AUTH: "token", COPILOTKIT_AUTH_TOKENS: "ann:anns-token,bob:bobs-token" }),
    sessions: await startLocal(binary, { ...production(model), ...sessions }),
    "one process": await startLocal(binary, { ...production(model), ...sessions, COPILOTKIT_STATIC: join(app, "dist") }),
    "one process of the image": await startImage(unpackImage({ site: join(app, "dist") }), { ...production(model), ...sessions, COPILOTKIT_STATIC: "/site" }),
    "one process that draws": await startLocal(binary, { ...drawing(apps), COPILOTKIT_STATIC: join(app, "dist") }),
  };
  for (const runtime of Object.values(runtimes)) closing.push(() => runtime.stop());
  return runtimes;
}

/** Starts a managed platform, and the runtimes whose threads it keeps. */
async function managed(model, runtimes) {
  const platform = await startPlatform();
  closing.push(() => platform.close());
  const started = flags.reference
    ? await startManagedReference(platform, model.base("runtime"))
    : await startManaged(platform, production(model), { sessions, site: join(app, "dist") });
  for (const runtime of Object.values(started)) closing.push(() => runtime.stop());
  Object.assign(runtimes, started);
  return platform;
}

/** The environment of a runtime that needs no key, and whose model draws. */
function drawing(apps) {
  return {
    COPILOTKIT_MODEL: "demo", COPILOTKIT_ENV: "production", COPILOTKIT_AUTH: "none", COPILOTKIT_PUBLIC_THREADS: "on",
    COPILOTKIT_OPEN_GENERATIVE_UI: "on",
    COPILOTKIT_MCP_APPS: Object.entries(apps).map(([name, { url }]) => `${name}=${url}`).join(","),
  };
}

/** Starts a runtime that is another site to the pages of the one with sessions. */
async function foreign(model, runtimes, sites) {
  const runtime = await startLocal(build("./cmd/copilotkit", "copilotkit"), {
    ...production(model), ...sessions,
    COPILOTKIT_CORS_ORIGINS: new URL(sites.sessions.url).origin, COPILOTKIT_CORS_CREDENTIALS: "on", COPILOTKIT_SESSION_SAME_SITE: "none",
  });
  closing.push(() => runtime.stop());
  runtimes.foreign = { ...runtime, origin: runtime.origin.replace("127.0.0.1", "localhost") };
}

async function reference(model) {
  const { Side } = await import("../conformance/side.mjs");
  const side = await Side.start("runtime", process.execPath, [join(root, "test", "conformance", "reference.mjs")], { model, remote: { origin: "http://127.0.0.1:1" } });
  closing.push(() => side.stop());
  const runtime = (setup) => ({ origin: `http://127.0.0.1:${side.ports[setup]}`, log: () => side.log.join("") });
  return { local: runtime("main"), single: runtime("single") };
}
