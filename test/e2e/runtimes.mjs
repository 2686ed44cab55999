// The runtimes that the scenes are played on, each a separate process.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Platform } from "../conformance/platform.mjs";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const cache = join(root, ".cache", "e2e");

/** Builds a command of this module, once. Returns its path. */
export function build(packagePath, name) {
  mkdirSync(cache, { recursive: true });
  const binary = join(cache, name);
  go("build", "-ldflags=-s -w", "-o", binary, packagePath); // without the symbols of debuggers, half of the linking
  return binary;
}

function go(...args) {
  return command("go", args);
}

function command(program, args, cwd = root) {
  const result = spawnSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (result.status !== 0) throw new Error(`${program} ${args.join(" ")} failed`);
  return result.stdout;
}

/** Starts the local server with an environment, at a free port unless one is given. Resolves when it answers. */
export async function startLocal(binary, env, port) {
  port ??= await freePort();
  const runtime = run(binary, { PORT: String(port), ...env });
  runtime.origin = `http://127.0.0.1:${port}`;
  await runtime.answers(() => fetch(`${runtime.origin}/`));
  return runtime;
}

/** Builds the container image for this machine, and returns a folder with its files and more that a container would mount. */
export function unpackImage(mounts) {
  const archive = join(cache, "image.tar");
  const files = join(cache, "image");
  rmSync(files, { recursive: true, force: true });
  mkdirSync(files, { recursive: true });
  command("go", ["run", ".", "-arch", { x64: "amd64", arm64: "arm64" }[process.arch], "-output", archive], join(root, "scripts", "image"));
  const [{ Layers }] = JSON.parse(command("tar", ["-xOf", archive, "manifest.json"]));
  for (const layer of Layers) {
    command("sh", ["-c", 'tar -xOf "$0" "$1" | tar -xz -C "$2"', archive, layer, files]);
  }
  for (const [path, source] of Object.entries(mounts)) cpSync(source, join(files, path), { recursive: true });
  return files;
}

/** Starts the entry point of an unpacked image, where nothing else is, as the image's user. */
export async function startImage(files, env) {
  const port = await freePort();
  const shut = process.getuid() === 0 ? ["chroot", "--userspec=65532:65532"] : ["unshare", "--map-root-user", "chroot"];
  const runtime = run(shut[0], { PORT: String(port), ...env }, [...shut.slice(1), files, "/copilotkit", "serve"]);
  runtime.origin = `http://127.0.0.1:${port}`;
  await runtime.answers(() => fetch(`${runtime.origin}/`));
  return runtime;
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
  const platform = await Platform.start(build("./test/intelligencetest/serve", "intelligence-platform"));
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
  const front = run(packaged.front, { BOOTSTRAP: packaged.bootstrap, INSTANCES: String(instances), ...env });
  await front.answers(async () => {
    front.origin = JSON.parse(front.log().split("\n")[0]).origin;
  });
  return front;
}

let packaged;

function packageLambda() {
  const arch = go("env", "GOARCH").trim();
  go("run", "./scripts/packagelambda", "-arch", arch, cache);
  return { bootstrap: join(cache, `lambda-${arch}`, "bootstrap"), front: build("./test/e2e/lambda", "lambda-front") };
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
