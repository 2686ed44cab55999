// One of the two runtimes that are compared: a process with a port for each set-up.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Side {
  /**
   * Starts a side. Resolves when it listens.
   * @param key what the peers know the process by
   * @param platform the managed platform that keeps its threads, if one does
   */
  static async start(name, command, args, { model, remote, apps, published }, { key = name, platform } = {}) {
    const side = new Side();
    side.name = name;
    side.key = key;
    side.platform = platform;
    side.model = model;
    side.remote = remote;
    side.apps = apps;
    side.log = [];
    side.process = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...process.env,
        MODEL: model.base(key),
        REMOTE: `${remote.origin}/${key}`,
        SIDE: key,
        APPS: apps.origin,
        PUBLISHED: JSON.stringify(published),
        PLATFORM: platform ? JSON.stringify(platform.address) : "",
      },
    });
    side.process.stderr.setEncoding("utf8").on("data", (text) => side.log.push(text));
    side.exited = new Promise((resolve) => side.process.once("exit", resolve));
    const lines = createInterface({ input: side.process.stdout });
    const first = await Promise.race([
      new Promise((resolve) => lines.once("line", resolve)),
      side.exited.then((code) => {
        throw new Error(`${name} ended with ${code}:\n${side.log.join("")}`);
      }),
    ]);
    lines.on("line", (line) => side.log.push(line + "\n"));
    side.ports = JSON.parse(first).ports;
    return side;
  }

  /** Ends a side by closing its input. */
  async stop() {
    this.process.stdin.end();
    const timer = setTimeout(() => this.process.kill("SIGKILL"), 5000);
    await this.exited;
    clearTimeout(timer);
  }
}
