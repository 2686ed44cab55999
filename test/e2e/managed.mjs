// The runtimes whose threads a managed platform keeps.
import { join } from "node:path";
import { freePort, root, run, startLambda, startLocal } from "./runtimes.mjs";

/** Starts this runtime in each set-up of the scenes. `env` is what all of them have. */
export function startManaged(binary, platform, env, { sessions, site }) {
  const all = { ...env, ...platform.env };
  const development = { ...all, COPILOTKIT_ENV: "development", COPILOTKIT_INTELLIGENCE_USER: "dev", COPILOTKIT_INTELLIGENCE_MEMORY: "read-write" };
  return {
    managed: startLocal(binary, development),
    mortal: startMortal((port) => startLocal(binary, { ...development, COPILOTKIT_INTELLIGENCE_LOCK_SECONDS: "5", COPILOTKIT_INTELLIGENCE_LOCK_HEARTBEAT_SECONDS: "1" }, port)), // on a busy machine a heartbeat is late
    "managed, one process": startLocal(binary, { ...all, ...sessions, COPILOTKIT_STATIC: site, COPILOTKIT_THREAD_NAMES: "on" }).then((runtime) => ({ ...runtime, serves: true })),
    "managed lambda": startLambda(2, { ...all, ...sessions }),
  };
}

/** Starts the reference, in those of the set-ups that it has. */
export function startManagedReference(platform, modelUrl) {
  const { url, gatewayUrl, key } = platform.address;
  const config = {
    modelUrl, apiKey: key, apiUrl: url, runnerUrl: `${gatewayUrl}/runner`, basePath: "/api/copilotkit",
    memoryGrant: { user: "read-write", project: "read-write" }, generateThreadNames: false,
  };
  const start = async (more, port) => {
    port ??= await freePort();
    const script = join(root, "test", "conformance", "intelligence.mjs");
    const runtime = run(process.execPath, { CPK_CONFIG: JSON.stringify({ ...config, ...more, port }) }, [script]);
    runtime.origin = `http://127.0.0.1:${port}`;
    await runtime.answers(() => fetch(`${runtime.origin}/`));
    return runtime;
  };
  return {
    managed: start({}),
    mortal: startMortal((port) => start({ lockTtlSeconds: 5, lockHeartbeatIntervalSeconds: 1 }, port)),
  };
}

/** Starts a runtime that a scene can kill and replace by another one at its address. */
async function startMortal(start) {
  let runtime = await start();
  return {
    origin: runtime.origin,
    log: () => runtime.log(),
    status: () => runtime.status(),
    stop: () => runtime.stop(),
    async replace() {
      runtime.child.kill("SIGKILL");
      await runtime.exited;
      runtime = await start(new URL(runtime.origin).port);
    },
  };
}
