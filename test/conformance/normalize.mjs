// Two runtimes generate different ids and read different clocks. An id that the
// case didn't send is replaced by its number in order of appearance, so that the
// comparison still shows which events belong together; a time by the word "time", and a
// request's id by "request id".

const idKeys = new Set([
  ...["id", "messageId", "toolCallId", "parentMessageId", "runId", "threadId", "parentRunId", "entityId"],
  ...["run_id", "thread_id", "cpki_event_id"],
]);
const timeKeys = new Set(["createdAt", "updatedAt", "lastRunAt", "lastUpdatedAt", "timestamp", "invalidatedAt"]);

/**
 * @param sent all that the case sent: ids in it are kept
 * @param addresses what stands for the addresses of the side's own peers
 */
export function normalize(value, sent, addresses = {}) {
  const names = new Map();
  const name = (id) => {
    if (!names.has(id)) names.set(id, `id ${names.size + 1}`);
    return names.get(id);
  };
  const known = (id) => sent.includes(id) || sent.includes(JSON.stringify(id).slice(1, -1)) || sent.includes(encodeURIComponent(id));
  const walk = (value, key) => {
    if (Array.isArray(value)) return value.map((item) => walk(item));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, key)]));
    }
    if (timeKeys.has(key) && (typeof value === "number" || !Number.isNaN(Date.parse(value)))) return "time";
    if (typeof value !== "string") return value;
    if (key === "requestId") return "request id";
    value = value.replace(platformId, name);
    if (idKeys.has(key) && value !== "" && !named.test(value) && !known(value) && !stable.test(value)) return name(value);
    for (const [address, name] of Object.entries(addresses)) value = value.replaceAll(address, name);
    return value.replace(uuid, (id) => (known(id) ? id : name(id)));
  };
  return walk(value);
}

const named = /^id \d+$/;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
// What the managed platform calls memories and tokens. Their numbers count all that it has
// given out, also for the cases before.
const platformId = /\b(memory|token)-\d+\b/g;
// Ids from the scripted model and the remote agent.
const stable = /^(scripted-|remote-|call-)/;
