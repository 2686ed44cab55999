// Plays the scenes in headless Chromium: the built example app, with this runtime
// and a scripted model behind it. Exits with 1 if a scene fails.
//
//   node run.mjs [--only "part of a scene's name"] [--pictures] [--reference] [--slow 6]
//
// --pictures makes the documentation's pictures anew, of the scenes that are played.
// --reference plays them on the reference runtime instead, which shows whether a
// scene needs something that only this runtime has.
// --slow makes the pages' processor so many times slower, as on a busy machine.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { buildApp, folder } from "./app.mjs";
import { launch, Page } from "./browser.mjs";
import { all } from "./eventually.mjs";
import { lanes } from "./lanes.mjs";
import { cache, root } from "./runtimes.mjs";
import { serveSite } from "./site.mjs";

const { values: flags } = parseArgs({
  options: { only: { type: "string", default: "" }, pictures: { type: "boolean" }, reference: { type: "boolean" }, slow: { type: "string", default: "1" } },
});
const opening = {
  screenshots: join(cache, "screenshots"),
  pictures: flags.pictures ? join(root, "docs", "pictures") : undefined,
  slow: Number(flags.slow),
};
rmSync(opening.screenshots, { recursive: true, force: true });

const closing = [];
const failed = [];
try {
  const chosen = lanes
    .map((lane) => ({ ...lane, scenes: Object.entries(lane.scenes).filter(([name]) => name.includes(flags.only)) }))
    .filter(({ scenes }) => scenes.length > 0);
  // What one builds or starts is in nobody's way.
  const built = buildApp();
  const [browser, ...stages] = await all([startBrowser(), ...chosen.map((lane) => prepare(lane, built))]);
  await Promise.all(chosen.map((lane, i) => play(lane, { browser, ...stages[i] })));
} finally {
  await Promise.all(closing.map((close) => close()));
}
console.log(failed.length === 0 ? "All scenes passed." : `${failed.length} failed: ${failed.join(", ")}`);
console.log(`Screenshots: ${opening.screenshots}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function startBrowser() {
  const browser = await launch();
  closing.push(() => browser.close());
  return browser;
}

/** Starts what a lane is played on, and a site for each runtime. */
async function prepare({ start, reference }, built) {
  const stage = await (flags.reference ? reference : start)({ built, folder, closing });
  await built;
  const sites = {};
  for (const [name, { origin, serves }] of Object.entries(stage.runtimes)) {
    sites[name] = serves ? { url: `${origin}/` } : await serveSite(folder, origin);
    if (!serves) closing.push(() => sites[name].close());
  }
  await stage.completed?.(sites);
  return { ...stage, sites };
}

/** Plays the scenes of a lane, one after the other. */
async function play({ scenes }, stage) {
  for (const [name, scene] of scenes) await playScene(name, scene, stage);
}

async function playScene(name, play, { browser, model, sites, runtimes, stores = {}, platform }) {
  // Each page has its own thread, unless the scene names one.
  const fresh = (name) => sites[name] && `${sites[name].url}#${randomUUID()}`;
  const instances = async (name) => Number(await (await fetch(`${runtimes[name].origin}/instances`)).text());
  const pages = [];
  const began = Date.now();
  model.requests.length = 0;
  model.reset("runtime");
  try {
    await play({
      model,
      single: fresh("single"),
      lambda: (store) => fresh(`lambda on ${store}`),
      small: fresh("small"),
      tokens: fresh("tokens"),
      sessions: fresh("sessions"),
      foreign: runtimes.foreign?.origin,
      oneProcess: fresh("one process"),
      image: fresh("one process of the image"),
      oneProcessDraws: fresh("one process that draws"),
      instances: (store) => instances(`lambda on ${store}`),
      drawings: {
        url: fresh("drawings"),
        replaceInstances: () => fetch(`${runtimes.drawings.origin}/instances`, { method: "DELETE" }),
      },
      platform,
      managed: fresh,
      mortal: runtimes.mortal,
      lambdaInstances: () => instances("managed lambda"),
      release: (gate) => model.release("runtime", gate),
      async open({ url = fresh("local"), context, token } = {}) {
        const page = await Page.open(browser, url, { ...opening, context, token });
        pages.push(page);
        return page;
      },
    });
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
