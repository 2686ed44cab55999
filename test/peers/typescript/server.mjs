// Starts the built local server on a free port, with the embedded model.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const binary = fileURLToPath(new URL("../../../dist/copilotkit", import.meta.url));

/** Resolves to the runtime's URL and a function that ends the server. */
export function startServer() {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^COPILOTKIT_|_API_KEY$|_BASE_URL$/.test(name)),
  );
  const server = spawn(binary, { env: { ...environment, PORT: "0", COPILOTKIT_MODEL: "demo" }, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const stop = () => {
    server.kill("SIGTERM");
    return ended;
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`the server ended with ${code}; is dist/copilotkit built?`)));
    createInterface(server.stderr).on("line", (line) => {
      const url = line.match(/runtimeUrl\s+(\S+)/)?.[1];
      if (url) resolve({ url, stop });
    });
  });
}
