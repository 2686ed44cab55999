// The runtimes that the scenes are played on, each a separate process.
import { execFile, spawn } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Platform } from "../conformance/platform.mjs";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const cache = join(root, ".cache", "e2e");

const architecture = { x64: "amd64", arm64: "arm64" }[process.arch];
const builds = new Map();

/** Builds a command of this module, once. Resolves to its path. */
export function build(packagePath, name) {
  if (!builds.has(name)) builds.set(name, compile(packagePath, name));
  return builds.get(name);
}

async function compile(packagePath, name) {
  const binary = join(cache, name);
  await command("go", ["build", "-ldflags=-s -w", "-o", binary, packagePath]); // without the symbols of debuggers, half of the linking
  return binary;
}

/** Runs a program to its end. Resolves to its output; its errors are shown. */
export function command(program, args, cwd = root) {
  mkdirSync(cache, { recursive: true });
  return new Promise((resolve, reject) => {
    // Go puts a program in its place at once if it has made it in the same file system: another suite may start it.
    const env = { ...process.env, GOTMPDIR: cache };
    const child = execFile(program, args, { cwd, env, encoding: "utf8", maxBuffer: Infinity }, (error, output) =>
      error ? reject(new Error(`${program} ${args.join(" ")} failed\n${output}`)) : resolve(output),
    );
    child.stderr.pipe(process.stderr, { end: false });
  });
}

/** Starts the local server with an environment, at a free port unless one is given. Resolves when it answers. */
export async function startLocal(binary, env, port = 0) {
  return listening(run(binary, { PORT: String(port), ...env }));
}

/** Resolves to a server once it answers at the port that it has chosen and logged. */
async function listening(runtime) {
  await runtime.answers(async () => {
    const [, shown, logged] = runtime.log().match(/runtimeUrl +http:\/\/127\.0\.0\.1:(\d+)\/|"listening","address":"[^"]*:(\d+)"/);
    runtime.origin = `http://127.0.0.1:${shown ?? logged}`;
    await fetch(`${runtime.origin}/`);
  });
  return runtime;
}

/** Builds the container image for this machine. Resolves to a folder with its files. */
export async function unpackImage() {
  const archive = join(cache, "image.tar");
  const files = join(cache, "image");
  rmSync(files, { recursive: true, force: true });
  mkdirSync(files, { recursive: true });
  await command("go", ["run", ".", "-arch", architecture, "-output", archive], join(root, "scripts", "image"));
  const [{ Layers }] = JSON.parse(await command("tar", ["-xOf", archive, "manifest.json"]));
  for (const layer of Layers) {
    await command("sh", ["-c", 'tar -xOf "$0" "$1" | tar -xz -C "$2"', archive, layer, files]);
  }
  return files;
}

/** Starts the entry point of an unpacked image, where nothing else is but folders by the paths at which a container would mount them, as the image's user. */
export async function startImage(files, env, mounts) {
  for (const [path, source] of Object.entries(mounts)) cpSync(source, join(files, path), { recursive: true });
  const shut = process.getuid() === 0 ? ["chroot", "--userspec=65532:65532"] : ["unshare", "--map-root-user", "chroot"];
  return listening(run(shut[0], { PORT: "0", ...env }, [...shut.slice(1), files, "/copilotkit", "serve"]));
}

/** Starts a Redis server without persistence. */
export async function startRedis() {
  const port = await freePort();
  const redis = run("redis-server", {}, ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no"]);
  redis.url = `redis://127.0.0.1:${port}`;
  await redis.answers(() => connects(port));
  return redis;
}

/** Starts an implementation of DynamoDB's API. Its env is that of a runtime that keeps threads there. */
export async function startDynamoDB() {
  const dynamoDB = run(process.execPath, {}, [join(root, "test", "tools", "dynamodb", "server.mjs")]);
  await dynamoDB.answers(async () => {
    dynamoDB.url = new URL(dynamoDB.log().split("\n")[0]).origin;
  });
  dynamoDB.env = {
    COPILOTKIT_STORE: "dynamodb://threads?create=true", AWS_ENDPOINT_URL_DYNAMODB: dynamoDB.url,
    AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test",
  };
  return dynamoDB;
}

/** Starts a managed platform for tests. Its env is that of a runtime whose threads it keeps. */
export async function startPlatform() {
  const platform = await Platform.start(await build("./test/intelligencetest/serve", "intelligence-platform"));
  const { url, gatewayUrl, key } = platform.address;
  platform.env = { CPK_INTELLIGENCE_API_KEY: key, COPILOTKIT_INTELLIGENCE_API_URL: url, COPILOTKIT_INTELLIGENCE_WS_URL: gatewayUrl };
  return platform;
}

/** Starts a published server of an MCP App. */
export async function startMCPApp(name) {
  const app = run(process.execPath, {}, [join(root, "test", "tools", "mcpapps", "serve.mjs"), name]);
  await app.answers(async () => {
    [app.url] = app.log().match(/^http:.*(?=\n)/m); // among warnings
  });
  return app;
}

/** Starts the packaged Lambda function behind one HTTP address, on a limited number of instances. */
export async function startLambda(instances, env) {
  packaged ??= packageLambda();
  const [bootstrap, program] = await packaged;
  const front = run(program, { BOOTSTRAP: bootstrap, INSTANCES: String(instances), ...env });
  await front.answers(async () => {
    front.origin = JSON.parse(front.log().split("\n")[0]).origin;
  });
  return front;
}

let packaged;

/** Resolves to the paths of the function, and of the program that serves it. */
function packageLambda() {
  return Promise.all([
    command("go", ["run", "./scripts/packagelambda", "-arch", architecture, cache]).then(() => join(cache, `lambda-${architecture}`, "bootstrap")),
    build("./test/e2e/lambda", "lambda-front"),
  ]);
}

/** Starts a process and keeps its log. stop() terminates it, and kills it after five seconds. */
export function run(command, env, args = []) {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const log = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => log.push(text));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  return {
    child,
    exited,
    log: () => log.join(""),
    status: () => (child.exitCode === null && child.signalCode === null ? "running" : `ended by ${child.signalCode ?? child.exitCode}`),
    async answers(attempt) {
      const deadline = Date.now() + 60_000;
      while (Date.now() < deadline) {
        if (child.exitCode !== null) break;
        if (await attempt().then(() => true, () => false)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`${command} doesn't answer:\n${log.join("")}`);
    },
    async stop() {
      child.stdin.end();
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await exited;
      clearTimeout(timer);
    },
  };
}

function connects(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket.end()));
    socket.once("error", reject);
  });
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
