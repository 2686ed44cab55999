// Sends the same requests to the reference runtime and to this one, and compares
// the answers. Exits with 1 if they differ other than differences.mjs says.
//
//   node run.mjs [--only "part of a case's name"] [--show] [--reference] [--record]
//
// --show prints the observations of each side, --reference only runs that side,
// --record pins the deliberate differences as they are now.
import { spawn } from "node:child_process";
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
import { Platform } from "./platform.mjs";
import { scripts } from "./scripts.mjs";
import { Side } from "./side.mjs";
import { lanes as allLanes } from "./cases/index.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: flags } = parseArgs({
  options: { only: { type: "string", default: "" }, show: { type: "boolean" }, reference: { type: "boolean" }, record: { type: "boolean" } },
});

if (flags.record && flags.only) throw new Error("--record is for all cases");

const model = await new ScriptedModel(scripts).listen();
const remote = await new RemoteAgent(model).listen();
const apps = await new AppServer().listen();
const binaries = join(here, "..", "..", ".cache", "conformance");
const [budget, map] = await Promise.all([PublishedServer.start("budget-allocator"), PublishedServer.start("map"), build()]);
const peers = { model, remote, apps, published: { budget: budget.url, map: map.url } };
const platforms = [];
const pins = { own: new Pins(join(here, "pins.json"), flags.record), managed: new Pins(join(here, "pins-managed.json"), flags.record) };
// Each lane has processes of its own, and is played beside the others.
const lanes = allLanes.filter(({ cases }) => chosen(cases).length > 0);
const sides = [];

const rows = deliberate.flatMap((entry) => entry.rows);
const tally = { same: 0, deliberate: 0, different: 0 };
const used = new Set();
await Promise.all(lanes.map(play));
const stale = flags.only || flags.reference ? [] : [...rows.filter((row) => !used.has(row)).map(({ at, in: cases }) => `${cases} ${at}`), ...Object.values(pins).flatMap((one) => one.unseen())];
for (const one of stale) console.log(`\nno longer differs: ${one}`);
if (stale.length > 0) console.log("\nTake it out of differences.mjs, or pin what is left with --record.");
for (const one of Object.values(pins)) one.save();
const outdated = !pageIsCurrent();
if (outdated) console.log("\ndocs/differences.md is not what differences.mjs says: npm run differences");
console.log(`\n${tally.same} the same, ${tally.deliberate} with a deliberate difference, ${tally.different} different`);

await Promise.all(sides.map((side) => side.stop()));
await Promise.all([model, remote, apps, budget, map, ...platforms].map((peer) => peer.close()));
process.exitCode = tally.different > 0 || stale.length > 0 || outdated ? 1 : 0;

/** Builds this runtime and the platform. */
function build() {
  const packages = ["./test/conformance/server", "./test/intelligencetest/serve"];
  const go = spawn("go", ["build", "-ldflags=-s -w", "-o", binaries + "/", ...packages], { cwd: dirname(dirname(here)), stdio: "inherit" });
  return new Promise((resolve) => go.once("exit", (code) => (code === 0 ? resolve() : process.exit(1))));
}

/** Returns the cases that are to be played, by group. */
function chosen(cases) {
  const all = Object.entries(cases).map(([group, members]) => [group, Object.entries(members).filter(([name]) => `${group}: ${name}`.includes(flags.only))]);
  return all.filter(([, members]) => members.length > 0);
}

/** Starts the processes of a lane: the reference and this runtime, or the former alone. */
async function start({ name: lane, managed }) {
  const side = async (name, command, args) => {
    const key = `${name}-${lane}`;
    if (!managed) return Side.start(name, command, args, peers, { key });
    const platform = await Platform.start(join(binaries, "serve"));
    platforms.push(platform);
    return Side.start(name, command, args, peers, { key, platform });
  };
  const started = [side("reference", process.execPath, [join(here, managed ? "reference-managed.mjs" : "reference.mjs")])];
  if (!flags.reference) started.push(side("ours", join(binaries, "server"), []));
  const pair = await Promise.all(started);
  sides.push(...pair);
  return pair;
}

/** Plays the cases of a lane, one after the other, and prints those of a group together. */
async function play(lane) {
  const pair = await start(lane);
  for (const [group, members] of chosen(lane.cases)) {
    const lines = ["", group];
    for (const [name, play] of members) {
      lines.push(...(await compareCase(pair, lane.managed ? pins.managed : pins.own, `${group}: ${name}`, name, play)));
    }
    console.log(lines.join("\n"));
  }
}

/** Plays a case on both sides. Returns what is to be printed of it. */
async function compareCase(sides, pins, fullName, name, play) {
  const seen = await Promise.all(sides.map((side) => observe(side, fullName, play)));
  const lines = flags.show ? sides.map((side, i) => `${side.name} ${inspect(seen[i], { depth: 12, breakLength: 160 })}`) : [];

  // A case that throws has compared nothing, even if both sides fail in the same way.
  const failed = seen.some((one) => one instanceof Error);
  const found = failed || sides.length === 1 ? [] : differences(...seen);
  const unexplained = found.filter((one) => !rows.some((row) => explains(row, pins, fullName, one)));
  const verdict = failed || unexplained.length > 0 ? "different" : found.length > 0 ? "deliberate" : "same";
  tally[verdict]++;
  lines.push(`  ${(failed ? "failed" : sides.length === 1 ? "ran" : verdict).padEnd(10)}  ${name}`);
  seen.forEach((one, i) => one instanceof Error && lines.push(`      ${sides[i].name}: ${one.stack}`));
  for (const one of unexplained.slice(0, 12)) {
    lines.push(`      ${one.at}\n        reference: ${short(one.reference)}\n        ours:      ${short(one.ours)}`);
  }
  if (unexplained.length > 12) lines.push(`      and ${unexplained.length - 12} more`);
  return lines;
}

function explains(row, pins, fullName, one) {
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
