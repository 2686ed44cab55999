// Writes the table of docs/differences.md from differences.mjs (npm run
// differences). The comparison checks that it is up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deliberate } from "./differences.mjs";

const file = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "docs", "differences.md");
const begin = "<!-- written by `npm run differences` in test/conformance/ -->";
const end = "<!-- end of differences -->";

/** Returns the page with the current table. */
function page() {
  const current = readFileSync(file, "utf8");
  const [from, to] = [current.indexOf(begin), current.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/differences.md has no marks for the table: ${begin} … ${end}`);
  return current.slice(0, from) + table() + current.slice(to);
}

/** Reports whether the table is up to date. */
export function pageIsCurrent() {
  return readFileSync(file, "utf8") === page();
}

function table() {
  const rows = deliberate.map(({ what, why }) => `| ${what} | ${why} |`);
  return [begin, "", "| here | why |", "|---|---|", ...rows, "", ""].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, page());
