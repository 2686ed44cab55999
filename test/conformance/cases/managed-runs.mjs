// Runs on threads that the managed platform keeps: what the front end is answered, what the
// platform is asked, and which events it gets.
import { assistant, user } from "../case.mjs";
import { hello, managed, runFinished, runStarted, text } from "../managed.mjs";

const threadRoute = "GET /api/threads/{id}";
const createRoute = "POST /api/threads";
const lockRoute = "POST /api/threads/{id}/lock";
const releaseRoute = "DELETE /api/threads/{id}/lock";
const messagesRoute = "GET /api/threads/{id}/messages";
const away = (status) => ({ status, body: '{"error":"away"}' });
const toolCall = [
  { type: "TOOL_CALL_START", toolCallId: "c-1", toolCallName: "weather", parentMessageId: "m-1" },
  { type: "TOOL_CALL_ARGS", toolCallId: "c-1", delta: '{"city":"Rome"}' },
  { type: "TOOL_CALL_END", toolCallId: "c-1" },
];

/** Runs to the end. */
const whole = async (m, events, options) => {
  await m.run(events, options);
  await m.ended(options?.runId);
};

/** Runs to a bad end. The lock is given back, and on this runtime after the last event. */
const failing = async (m, events) => {
  await whole(m, events);
  await m.called(releaseRoute);
};

/** Makes a case of a run that doesn't begin since a call of the platform fails. */
const refused = (route, fault, prepare) => async (m) => {
  await prepare?.(m);
  await m.fault(route, fault);
  const { status } = await m.run(hello);
  if (status === 200) await m.ended(); // the reference goes on without a thread
};

/** Begins a run that holds after the events. */
const holding = async (m, events, ...more) => {
  await m.run([...events, { hold: "held" }, ...more, runFinished]);
  await m.it.reached("held");
  await m.stored(events.length);
};

export const managedRuns = managed({
  "a first run": async (m) => {
    await whole(m, hello);
    m.it.see("order of calls", (await m.requests()).map(({ Pattern }) => Pattern));
  },
  "a second run": async (m) => {
    await whole(m, hello);
    await whole(m, hello.map((event) => (event.messageId ? { ...event, messageId: "m-2" } : event)), {
      label: "second",
      runId: "run-2",
      messages: [user("user-1", "Hello"), assistant("m-1", "Hello <&> ‹é›"), user("user-2", "Again")],
    });
  },
  "a run without messages": (m) => whole(m, hello, { messages: [] }),
  "a thread that another agent began": async (m) => {
    await m.addThread(m.thread, { agent: "remote" });
    await whole(m, hello);
  },
  "a platform that gives runs other ids": async (m) => {
    await m.faults({ renameRuns: true });
    await m.run(undefined, { agent: "remote" });
    await m.until("the agent", () => m.it.forwarded().length > 0);
    await m.until("the run's end", async () => (await m.frames()).some(({ Event }) => Event === "phx_leave"));
    m.it.see("input", m.it.forwarded().map(({ input }) => input));
  },
  "a gateway without batches": async (m) => {
    await m.faults({ noBatches: true });
    await whole(m, hello);
  },
  "a lock of one's own": async (m) => whole(m, hello, { setup: "managed with a lock" }),
  "a learning container": async (m) => {
    m.user = "of:a-container";
    await whole(m, hello, { setup: "managed with containers" });
  },
  "no learning container": async (m) => {
    m.user = "nobody:";
    await whole(m, hello, { setup: "managed with containers" });
  },
  "a learning container that isn't one": async (m) => {
    m.user = "of:A_Container";
    await m.run(hello, { setup: "managed with containers" });
  },
  "a choice of containers that fails": async (m) => {
    m.user = "of:throw";
    await m.run(hello, { setup: "managed with containers" });
  },
  "a tool call of the front end": (m) => whole(m, [runStarted, ...text.slice(0, 1), ...text.slice(2), ...toolCall, runFinished]),
  "an agent that sets what the platform counts": (m) =>
    whole(m, [runStarted, { ...text[0], metadata: { cpki_event_id: "forged", cpki_event_seq: 9, kept: 1 }, threadId: "x", run_id: "y" }, text[2], runFinished]),
  "an agent that doesn't begin": (m) => (m.it.side.name === "reference" ? failing : whole)(m, [...text, runFinished]),
  "an agent that ends in the middle": (m) => failing(m, [runStarted, ...text, ...toolCall.slice(0, 2)]),
  "an agent that says nothing": (m) => failing(m, []),
  "an agent that fails": (m) => failing(m, [runStarted, ...text.slice(0, 2), { throw: "the agent broke" }]),
  "an agent that reports an error": (m) => failing(m, [runStarted, { type: "RUN_ERROR", message: "No more", code: "TIRED" }]),
  "a state": (m) => whole(m, [runStarted, { type: "STATE_SNAPSHOT", snapshot: { a: 1 } }, { type: "STATE_DELTA", delta: [{ op: "add", path: "/b", value: 2 }] }, runFinished]),

  "an unknown agent": (m) => m.run(hello, { agent: "nobody" }),
  "no body": (m) => m.ask("run", "POST", "/agent/scripted/run", { headers: { "content-type": "application/json" } }),
  "a body that isn't JSON": (m) => m.ask("run", "POST", "/agent/scripted/run", { body: "{", headers: { "content-type": "application/json" } }),
  "a body that is no input": (m) => m.ask("run", "POST", "/agent/scripted/run", { body: { threadId: 1 } }),
  "no user": (m) => m.run(hello, { user: null }),
  "a user that can't be told": (m) => m.run(hello, { user: "broken" }),
  "a user whose id the platform doesn't take": async (m) => {
    const { status } = await m.run(hello, { user: "auth0|123" });
    if (status === 200) await m.ended();
  },
  "a thread of another user": async (m) => {
    await m.addThread(m.thread, { user: "eve" });
    await m.run(hello);
  },
  "another project's key": (m) => m.run(hello, { setup: "with another key" }),

  "getting the thread is forbidden": refused(threadRoute, away(403)),
  "getting the thread fails": refused(threadRoute, away(503)),
  "getting the thread breaks off": refused(threadRoute, { drop: true }),
  "creating the thread costs more": refused(createRoute, away(402)),
  "creating the thread is too much": refused(createRoute, away(429)),
  "creating the thread fails": refused(createRoute, away(500)),
  "the thread is created by another request meanwhile": async (m) => {
    await m.addThread();
    await m.fault(threadRoute, { ...away(404), times: 1 });
    await whole(m, hello);
  },
  "a thread that isn't one": refused(threadRoute, { status: 200, body: "[]" }, (m) => m.addThread()),

  "locking is forbidden": refused(lockRoute, away(403)),
  "locking fails": refused(lockRoute, away(500)),
  "a lock without a token": async (m) => {
    await m.fault(lockRoute, { status: 200, body: JSON.stringify({ threadId: m.thread, runId: m.id("run-1") }) });
    await m.run(hello);
    await m.called(releaseRoute);
  },
  "a lock without a run": async (m) => {
    await m.fault(lockRoute, { status: 200, body: JSON.stringify({ threadId: m.thread, joinToken: "j", runId: "" }) });
    await m.run(hello);
    await m.called(releaseRoute);
  },
  "a thread that is locked": async (m) => {
    await holding(m, [runStarted]);
    await m.run(hello, { label: "second", runId: "run-2" });
    m.it.release("held");
    await m.ended();
  },
  "history is forbidden": refused(messagesRoute, away(403)),
  "history fails": refused(messagesRoute, away(500)),

  "a join that is refused": async (m) => {
    await m.faults({ joinReject: "no" });
    await m.run(hello);
    await m.called(releaseRoute);
  },
  "a gateway that drains": async (m) => {
    await m.faults({ joinDrain: 1 });
    await whole(m, hello);
  },
  "a gateway that asks for events again": async (m) => {
    await m.faults({ refuseEvents: 1 });
    await whole(m, hello);
  },
  "a planned restart of the gateway": async (m) => {
    await m.faults({ closeAfterStoring: 1, closeCode: 1012 });
    await whole(m, hello);
  },
  "a connection that is cut": async (m) => {
    await holding(m, [runStarted, text[0]], text[1], text[2]);
    await m.platform.control("POST /cut?who=runners");
    m.it.release("held");
    await m.ended();
  },
  "events that are refused for good": async (m) => {
    await m.faults({ refuseEventsForGood: "no" });
    await m.run([runStarted, { hold: "held" }]);
    await m.called(releaseRoute);
  },

  "a stop of the platform in a text": async (m) => {
    await holding(m, [runStarted, text[0], text[1]]);
    await m.platform.control(`POST /stop?${new URLSearchParams({ run: m.id("run-1") })}`);
    await m.ended();
  },
  "a stop of the platform in a tool call": async (m) => {
    await holding(m, [runStarted, ...toolCall.slice(0, 2)]);
    await m.platform.control(`POST /stop?${new URLSearchParams({ run: m.id("run-1") })}`);
    await m.ended();
  },
  "a stop of the front end": async (m) => {
    await holding(m, [runStarted, text[0]]);
    await m.stop("another run", { runId: m.id("run-0") });
    await m.stop("another user", {}, { user: "eve" });
    await m.stop("another agent", {}, { agent: "remote" });
    await m.stop("an unknown agent", {}, { agent: "nobody" });
    await m.stop("this run", { runId: m.id("run-1") });
    await m.ended();
    await m.stop("again", {});
  },
  "a stop without a body": async (m) => {
    await holding(m, [runStarted, text[0]]);
    await m.stop("stop");
    await m.ended();
  },

  "a name for a thread": async (m) => {
    await m.run(undefined, { setup: "managed with names", agent: "remote" });
    await m.ended();
    await m.called("PATCH /api/threads/{id}");
    m.it.see("asked for a name", m.it.forwarded().map(({ input }) => input).filter(({ threadId }) => threadId !== m.thread).map(({ messages, tools, context, forwardedProps, state }) => ({ roles: messages.map(({ role }) => role), tools, context, forwardedProps, state })));
  },
  "memory tools": async (m) => {
    m.user = "grant:read-write:read";
    await whole(m, hello, { setup: "managed with a policy" });
  },
  "memory tools that nobody may use": async (m) => {
    m.user = "grant:none:none";
    await whole(m, hello, { setup: "managed with a policy" });
  },
  "memory tools of a null policy": async (m) => {
    m.user = "grant:null";
    await whole(m, hello, { setup: "managed with a policy" });
  },
  "memory tools of a policy that fails": async (m) => {
    m.user = "grant:throw";
    await m.run(hello, { setup: "managed with a policy" });
  },
  "memory tools of a policy that grants what isn't there": async (m) => {
    m.user = "grant:all:read";
    await m.run(hello, { setup: "managed with a policy" });
  },

  "over one route": async (m) => {
    await m.single("run", { method: "agent/run", params: { agentId: "scripted" }, body: m.input(hello) });
    await m.ended();
  },
  "over one route, without a body": (m) => m.single("run", { method: "agent/run", params: { agentId: "scripted" } }),
  "over one route, an unknown agent": (m) => m.single("run", { method: "agent/run", params: { agentId: "nobody" }, body: m.input(hello) }),
  "over one route, a platform that fails": async (m) => {
    await m.fault(lockRoute, away(500));
    await m.single("run", { method: "agent/run", params: { agentId: "scripted" }, body: m.input(hello) });
  },
  "suggestions": (m) => m.run(hello, { route: "suggest" }),
  "suggestions over one route": (m) => m.single("run", { method: "agent/suggest", params: { agentId: "scripted" }, body: m.input(hello) }),

  // The last: on the reference its run goes on when the gateway is back, and cases that
  // follow would see it.
  "a gateway that is down": async (m) => {
    await m.platform.control("POST /gateway/down");
    try {
      // The reference's request never ends: its runner waits for the gateway to come back.
      const answer = await m.it.open("POST", "/api/copilotkit/agent/scripted/run", { setup: "managed", headers: { "x-user": m.user }, body: m.input(hello), within: 2_000 });
      m.it.see("run", answer ? await answer.whole() : "no answer");
      if (answer) await m.called(releaseRoute);
      await m.see();
    } finally {
      await m.platform.control("POST /gateway/up");
    }
  },
});
