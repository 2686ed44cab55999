// Sends the same requests to the reference runtime and to this one, and compares
// the answers. Exits with 1 if they differ other than differences.mjs says.
//
//   node run.mjs [--only "part of a case's name"] [--show] [--reference] [--record]
//
// --show prints the observations of each side, --reference only runs that side,
// --record pins the deliberate differences as they are now.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect, parseArgs } from "node:util";
import { RemoteAgent } from "./agui-agent.mjs";
import { Case } from "./case.mjs";
import { differences, fits, isLiteral } from "./compare.mjs";
import { deliberate } from "./differences.mjs";
import { AppServer, PublishedServer } from "./mcp-server.mjs";
import { ScriptedModel } from "./model.mjs";
import { Pins } from "./pins.mjs";
import { pageIsCurrent } from "./page.mjs";
import { scripts } from "./scripts.mjs";
import { Side } from "./side.mjs";
import { cases } from "./cases/index.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: flags } = parseArgs({
  options: { only: { type: "string", default: "" }, show: { type: "boolean" }, reference: { type: "boolean" }, record: { type: "boolean" } },
});

if (flags.record && flags.only) throw new Error("--record is for all cases");

const model = await new ScriptedModel(scripts).listen();
const remote = await new RemoteAgent().listen();
const apps = await new AppServer().listen();
const [budget, map] = await Promise.all([PublishedServer.start("budget-allocator"), PublishedServer.start("map")]);
const peers = { model, remote, apps, published: { budget: budget.url, map: map.url } };
const sides = [await Side.start("reference", process.execPath, [join(here, "reference.mjs")], peers)];
if (!flags.reference) sides.push(await Side.start("ours", build(), [], peers));

const pins = new Pins(join(here, "pins.json"), flags.record);
const rows = deliberate.flatMap((entry) => entry.rows);
const tally = { same: 0, deliberate: 0, different: 0 };
const used = new Set();
for (const [group, members] of Object.entries(cases)) {
  const chosen = Object.entries(members).filter(([name]) => `${group}: ${name}`.includes(flags.only));
  if (chosen.length === 0) continue;
  console.log(`\n${group}`);
  for (const [name, play] of chosen) await compareCase(`${group}: ${name}`, name, play);
}
const stale = flags.only || flags.reference ? [] : [...rows.filter((row) => !used.has(row)).map(({ at, in: cases }) => `${cases} ${at}`), ...pins.unseen()];
for (const one of stale) console.log(`\nno longer differs: ${one}`);
if (stale.length > 0) console.log("\nTake it out of differences.mjs, or pin what is left with --record.");
pins.save();
const outdated = !pageIsCurrent();
if (outdated) console.log("\ndocs/differences.md is not what differences.mjs says: npm run differences");
console.log(`\n${tally.same} the same, ${tally.deliberate} with a deliberate difference, ${tally.different} different`);

await Promise.all(sides.map((side) => side.stop()));
await Promise.all([model, remote, apps, budget, map].map((peer) => peer.close()));
process.exitCode = tally.different > 0 || stale.length > 0 || outdated ? 1 : 0;

function build() {
  const binary = join(here, "..", "..", ".cache", "conformance-server");
  const result = spawnSync("go", ["build", "-ldflags=-s -w", "-o", binary, "./test/conformance/server"], { cwd: dirname(dirname(here)), stdio: "inherit" });
  if (result.status !== 0) process.exit(1);
  return binary;
}

async function compareCase(fullName, name, play) {
  const seen = await Promise.all(sides.map((side) => observe(side, fullName, play)));
  if (flags.show) sides.forEach((side, i) => console.log(side.name, inspect(seen[i], { depth: 12, breakLength: 160 })));

  // A case that throws has compared nothing, even if both sides fail in the same way.
  const failed = seen.some((one) => one instanceof Error);
  const found = failed || sides.length === 1 ? [] : differences(...seen);
  const unexplained = found.filter((one) => !rows.some((row) => explains(row, fullName, one)));
  const verdict = failed || unexplained.length > 0 ? "different" : found.length > 0 ? "deliberate" : "same";
  tally[verdict]++;
  console.log(`  ${(failed ? "failed" : sides.length === 1 ? "ran" : verdict).padEnd(10)}  ${name}`);
  seen.forEach((one, i) => one instanceof Error && console.log(`      ${sides[i].name}: ${one.stack}`));
  for (const one of unexplained.slice(0, 12)) {
    console.log(`      ${one.at}\n        reference: ${short(one.reference)}\n        ours:      ${short(one.ours)}`);
  }
  if (unexplained.length > 12) console.log(`      and ${unexplained.length - 12} more`);
}

function explains(row, fullName, one) {
  if (!row.in.test(fullName) || !row.at.test(one.at) || !fits(one.reference, row.reference) || !fits(one.ours, row.ours)) return false;
  used.add(row);
  return isLiteral(row) || pins.holds(fullName, row.worded ? { at: one.at, reference: typeof one.reference, ours: typeof one.ours } : one);
}

async function observe(side, name, play) {
  const it = new Case(side, name);
  let timer;
  const tooLong = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("not over after 10 minutes")), 600_000)));
  try {
    await Promise.race([play(it), tooLong]);
    return it.finish();
  } catch (error) {
    it.finish();
    return error;
  } finally {
    clearTimeout(timer);
  }
}

function short(value) {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 400 ? text.slice(0, 400) + "…" : text;
}
