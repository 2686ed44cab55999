// The runtimes that the scenes are played against, each a process of its own.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cache = join(root, ".cache", "e2e");

/** Builds a command of this module once and gives its path. */
export function build(packagePath, name, ...flags) {
  mkdirSync(cache, { recursive: true });
  const binary = join(cache, name);
  const result = spawnSync("go", ["build", ...flags, "-o", binary, packagePath], { cwd: root, stdio: "inherit" });
  if (result.status !== 0) throw new Error(`go build ${packagePath} failed`);
  return binary;
}

/** Starts the local server with the given environment and waits until it answers. */
export async function startLocal(binary, env) {
  const port = await freePort();
  const runtime = run(binary, { PORT: String(port), ...env });
  runtime.origin = `http://127.0.0.1:${port}`;
  await runtime.answers(() => fetch(`${runtime.origin}/`));
  return runtime;
}

/** Starts a process whose log is kept; stop() asks it to end, and insists after five seconds. */
export function run(command, env, args = []) {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const log = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => log.push(text));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  return {
    child,
    exited,
    log: () => log.join(""),
    async answers(attempt) {
      for (let i = 0; i < 100; i++) {
        if (child.exitCode !== null) break;
        if (await attempt().then(() => true, () => false)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`${command} doesn't answer:\n${log.join("")}`);
    },
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await exited;
      clearTimeout(timer);
    },
  };
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
