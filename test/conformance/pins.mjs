// A row of differences.mjs often covers many values with a pattern. The values at
// the last review are pinned in a file, so that no other change hides behind the
// pattern.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { differences } from "./compare.mjs";

export class Pins {
  #file;
  #record;
  #pinned;
  #seen = new Set();

  /** @param record accept every difference as it is now, and write the file */
  constructor(file, record) {
    this.#file = file;
    this.#record = record;
    this.#pinned = !record && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  }

  /** Reports whether a difference of a case is pinned. */
  holds(name, { at, reference, ours }) {
    const now = { reference: digest(reference), ours: digest(ours) };
    if (this.#record) (this.#pinned[name] ??= {})[at] = now;
    this.#seen.add(`${name}: ${at}`);
    const pinned = this.#pinned[name]?.[at];
    return pinned !== undefined && differences(pinned, now).length === 0;
  }

  /** Returns the pinned differences that haven't occurred. */
  unseen() {
    return Object.entries(this.#pinned).flatMap(([name, places]) =>
      Object.keys(places).map((at) => `${name}: ${at}`).filter((place) => !this.#seen.has(place)),
    );
  }

  save() {
    if (this.#record) writeFileSync(this.#file, JSON.stringify(this.#pinned, null, 1) + "\n");
  }
}

// Long values are pinned by their digest. Absent values differ from null.
function digest(value) {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length <= 160 ? text : `sha256 ${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
}
