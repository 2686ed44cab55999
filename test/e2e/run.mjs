// Plays the scenes in headless Chromium: the built example app, with this runtime
// and a scripted model behind it. Exits with 1 if a scene fails.
//
//   node run.mjs [--only "part of a scene's name"] [--reference]
//
// --reference plays them on the reference runtime instead, which shows whether a
// scene needs something that only this runtime has.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { ScriptedModel } from "../conformance/model.mjs";
import { launch, Page } from "./browser.mjs";
import { build, cache, root, startLambda, startLocal, startRedis } from "./runtimes.mjs";
import { scenes } from "./scenes.mjs";
import { scripts } from "./scripts.mjs";
import { serveSite } from "./site.mjs";

const { values: flags } = parseArgs({ options: { only: { type: "string", default: "" }, reference: { type: "boolean" } } });
const app = join(root, "examples", "react-chat");
const screenshots = join(cache, "screenshots");
// One for the run, one for the requests about it, and more for streams that a page
// has left: Lambda doesn't report that, so they occupy an instance until the run ends.
const instances = 4;
rmSync(screenshots, { recursive: true, force: true });

const closing = [];
const failed = [];
try {
  buildApp();
  const model = await new ScriptedModel(scripts).listen();
  closing.push(() => model.close());
  const runtimes = flags.reference ? await reference(model) : await ours(model);
  const sites = {};
  for (const [name, { origin }] of Object.entries(runtimes)) {
    sites[name] = await serveSite(join(app, "dist"), origin);
    closing.push(() => sites[name].close());
  }
  const browser = await launch();
  closing.push(() => browser.close());

  for (const [name, play] of Object.entries(scenes)) {
    if (name.includes(flags.only)) await playScene(name, play, { browser, model, sites, runtimes });
  }
} finally {
  for (const close of closing.reverse()) await close();
}
console.log(failed.length === 0 ? "All scenes passed." : `${failed.length} failed: ${failed.join(", ")}`);
console.log(`Screenshots: ${screenshots}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function playScene(name, play, { browser, model, sites, runtimes }) {
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
      lambda: fresh(sites.lambda),
      instances: async () => Number(await (await fetch(`${runtimes.lambda.origin}/instances`)).text()),
      release: (gate) => model.release("runtime", gate),
      async open({ url = fresh(sites.local), context } = {}) {
        const page = await Page.open(browser, url, { screenshots, context });
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
    for (const runtime of Object.values(runtimes)) console.log(runtime.log().slice(-1500));
  } finally {
    for (const page of pages.reverse()) await page.close();
  }
}

function buildApp() {
  const result = spawnSync("npm", ["run", "build", "--silent"], { cwd: app, stdio: ["ignore", "ignore", "inherit"] });
  if (result.status !== 0) throw new Error("npm run build failed in examples/react-chat");
}

async function ours(model) {
  const binary = build("./cmd/copilotkit", "copilotkit");
  const env = { OPENAI_API_KEY: "test-key", OPENAI_BASE_URL: model.base("runtime"), COPILOTKIT_MODEL: "openai/gpt-4o", COPILOTKIT_ENV: "production", COPILOTKIT_AUTH: "none", COPILOTKIT_PUBLIC_THREADS: "on" };
  const redis = await startRedis();
  closing.push(() => redis.stop());
  const runtimes = {
    local: await startLocal(binary, env),
    single: await startLocal(binary, { ...env, COPILOTKIT_ENDPOINT: "single-route" }),
    lambda: await startLambda(instances, { ...env, COPILOTKIT_STORE: redis.url }),
  };
  for (const runtime of Object.values(runtimes)) closing.push(() => runtime.stop());
  return runtimes;
}

async function reference(model) {
  const { Side } = await import("../conformance/side.mjs");
  const side = await Side.start("runtime", process.execPath, [join(root, "test", "conformance", "reference.mjs")], { model, remote: { origin: "http://127.0.0.1:1" } });
  closing.push(() => side.stop());
  const runtime = (setup) => ({ origin: `http://127.0.0.1:${side.ports[setup]}`, log: () => side.log.join("") });
  return { local: runtime("main"), single: runtime("single") };
}
