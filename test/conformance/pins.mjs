// A row of differences.mjs often covers many values with a pattern. What they
// were when somebody last looked is pinned in a file, so that no other change
// hides behind the pattern.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { differences } from "./compare.mjs";

export class Pins {
  #file;
  #record;
  #pinned;
  #seen = new Set();

  /** @param record take every difference as it is now, and write the file */
  constructor(file, record) {
    this.#file = file;
    this.#record = record;
    this.#pinned = !record && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  }

  /** Whether a difference of a case is the one that is pinned. */
  holds(name, { at, reference, ours }) {
    const now = { reference: digest(reference), ours: digest(ours) };
    if (this.#record) (this.#pinned[name] ??= {})[at] = now;
    this.#seen.add(`${name}: ${at}`);
    const pinned = this.#pinned[name]?.[at];
    return pinned !== undefined && differences(pinned, now).length === 0;
  }

  /** The pinned differences that have not been met. */
  unseen() {
    return Object.entries(this.#pinned).flatMap(([name, places]) =>
      Object.keys(places).map((at) => `${name}: ${at}`).filter((place) => !this.#seen.has(place)),
    );
  }

  save() {
    if (this.#record) writeFileSync(this.#file, JSON.stringify(this.#pinned, null, 1) + "\n");
  }
}

// Long values are pinned by their digest. Nothing and null are told apart.
function digest(value) {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length <= 160 ? text : `sha256 ${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
}
