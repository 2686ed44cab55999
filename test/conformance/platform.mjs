// The managed platform of one side: a process of test/intelligencetest/serve.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Platform {
  /** Starts a platform. Resolves when it listens. */
  static async start(command) {
    const platform = new Platform();
    platform.process = spawn(command, { stdio: ["pipe", "pipe", "inherit"] });
    platform.exited = new Promise((resolve) => platform.process.once("exit", resolve));
    const first = await Promise.race([
      new Promise((resolve) => createInterface({ input: platform.process.stdout }).once("line", resolve)),
      platform.exited.then((code) => {
        throw new Error(`the platform ended with ${code}`);
      }),
    ]);
    platform.address = JSON.parse(first);
    return platform;
  }

  /** Asks the platform's control address, such as "PUT /faults". Resolves to what it says, nothing for 204. */
  async control(what, body) {
    const [method, path] = what.split(" ");
    const answer = await fetch(this.address.controlUrl + path, { method, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }

  async close() {
    this.process.stdin.end();
    await this.exited;
  }
}
