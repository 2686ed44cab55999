// The example app, built once for as long as what it is made of stays the same.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache, command, root } from "./runtimes.mjs";

const source = join(root, "examples", "react-chat");
const stamp = join(cache, "app.sha256");

/** The folder of the built app. */
export const folder = join(cache, "app");

/** Builds the app, unless the folder has what these sources and packages make. */
export async function buildApp() {
  const wanted = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(stamp, { force: true });
  // Compressing all, only to tell its size, would take half of the time.
  await command("npm", ["run", "build", "--silent", "--", "--logLevel=warn", `--outDir=${folder}`, "--emptyOutDir"], source);
  writeFileSync(stamp, wanted);
}

/** Returns the hash of the app's files, of the list of the installed packages, and of what builds it. */
function fingerprint() {
  const sum = createHash("sha256").update(process.version);
  const outside = ["node_modules", "dist"];
  const own = readdirSync(source).filter((name) => !outside.includes(name)).flatMap((name) => {
    const path = join(source, name);
    return statSync(path).isDirectory() ? readdirSync(path, { recursive: true }).map((below) => join(name, below)) : [name];
  });
  for (const name of [...own.sort(), join("node_modules", ".package-lock.json")]) {
    const path = join(source, name);
    if (!statSync(path).isDirectory()) sum.update(`\0${name}\0`).update(readFileSync(path));
  }
  return sum.digest("hex");
}
