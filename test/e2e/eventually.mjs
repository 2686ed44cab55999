import assert from "node:assert/strict";

/** Waits until a condition holds, for at most a minute, since the machine may be busy. */
export async function eventually(what, condition) {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`not within a minute: ${what}`);
}

/** Resolves to what all promises resolve to. If one rejects, it rejects too, once all are settled: nothing goes on afterwards. */
export async function all(promises) {
  const settled = await Promise.allSettled(promises);
  const failed = settled.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
  return settled.map(({ value }) => value);
}
