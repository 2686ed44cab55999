// The README's "Differences from the reference", made from differences.mjs.
// Run by itself (npm run readme) it writes the section; the comparison checks
// that it is up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deliberate } from "./differences.mjs";

const file = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "README.md");
const begin = "<!-- differences: written by `npm run readme` in test/conformance/ -->";
const end = "<!-- end of differences -->";

/** The README as it should be. */
export function readmeWithDifferences() {
  const readme = readFileSync(file, "utf8");
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no place for the differences: ${begin} … ${end}`);
  return readme.slice(0, from) + section() + readme.slice(to);
}

/** Whether the README shows the differences as they are. */
export function readmeIsCurrent() {
  return readFileSync(file, "utf8") === readmeWithDifferences();
}

function section() {
  const rows = deliberate.map(({ what, why }) => `| ${what} | ${why} |`);
  return [begin, "", "| here | why |", "|---|---|", ...rows, "", ""].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, readmeWithDifferences());
