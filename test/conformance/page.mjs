// The page docs/differences.md, made from differences.mjs. Run by itself (npm run
// differences) it writes the page's table; the comparison checks that it is up to
// date.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deliberate } from "./differences.mjs";

const file = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "docs", "differences.md");
const begin = "<!-- written by `npm run differences` in test/conformance/ -->";
const end = "<!-- end of differences -->";

/** The page as it should be. */
function page() {
  const current = readFileSync(file, "utf8");
  const [from, to] = [current.indexOf(begin), current.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/differences.md has no place for the differences: ${begin} … ${end}`);
  return current.slice(0, from) + table() + current.slice(to);
}

/** Whether the page shows the differences as they are. */
export function pageIsCurrent() {
  return readFileSync(file, "utf8") === page();
}

function table() {
  const rows = deliberate.map(({ what, why }) => `| ${what} | ${why} |`);
  return [begin, "", "| here | why |", "|---|---|", ...rows, "", ""].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, page());
