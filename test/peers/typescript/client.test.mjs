// Conversations of the AG-UI TypeScript client with the built server, in the version
// that CopilotKit's front ends use and in the newest one.

import assert from "node:assert/strict";
import { after, before, describe, mock, test } from "node:test";
import { startServer } from "./server.mjs";

// The model speaks at a reading pace, so all conversations go on at once.
describe("the TypeScript client", { concurrency: true }, () => {
  // Where the client logs that an agent doesn't exist, too.
  before(() => void mock.method(console, "error", () => {}));
  for (const version of ["0.0.59", "1.0.0"]) {
    describe(`@ag-ui/client ${version}`, () => {
      let HttpAgent, server;
      before(async () => {
        ({ HttpAgent } = await import(`client-${version}`));
        server = await startServer();
      });
      after(() => server.stop());

      const agent = (threadId, path = "agent/default/run") => new HttpAgent({ url: `${server.url}/${path}`, threadId });
      const ask = (on, content) => on.addMessage({ id: crypto.randomUUID(), role: "user", content });

      /** Runs the agent. Resolves to the types of the events that the client saw. */
      async function run(on, parameters = {}) {
        const types = [];
        await on.runAgent(parameters, { onEvent: ({ event }) => void types.push(event.type) });
        return types;
      }

      test("a text answer streams into one message", async () => {
        const on = agent("text");
        ask(on, "What are you?");
        const types = await run(on);
        assert.equal(types[0], "RUN_STARTED");
        assert.equal(types.at(-1), "RUN_FINISHED");
        assert.ok(types.filter((type) => type === "TEXT_MESSAGE_CONTENT").length > 5, types.join(" "));
        assert.deepEqual(on.messages.map((message) => message.role), ["user", "assistant"]);
        assert.match(on.messages[1].content, /demo/i);
      });

      test("a front-end tool is called, and its result goes on to the model", async () => {
        const on = agent("tool");
        const tools = [{
          name: "set_color",
          description: "Sets the color.",
          parameters: { type: "object", properties: { color: { type: "string" } }, required: ["color"] },
        }];
        ask(on, "call set_color");
        await run(on, { tools });
        const [call] = on.messages.at(-1).toolCalls;
        assert.equal(call.function.name, "set_color");
        assert.equal(typeof JSON.parse(call.function.arguments).color, "string");

        on.addMessage({ id: crypto.randomUUID(), role: "tool", toolCallId: call.id, content: '{"color":"green"}' });
        await run(on, { tools });
        assert.equal(on.messages.at(-1).role, "assistant");
        assert.ok(on.messages.at(-1).content.length > 0);
      });

      test("a thread keeps its history over several runs, and connect shows all of it", async () => {
        const on = agent("history");
        for (const question of ["What are you?", "And what can I set?"]) {
          ask(on, question);
          await run(on);
        }
        const again = agent("history", "agent/default/connect");
        await run(again);
        assert.deepEqual(
          again.messages.map(({ id, role, content }) => ({ id, role, content })),
          on.messages.map(({ id, role, content }) => ({ id, role, content })),
        );
      });

      test("a stopped run ends with RUN_FINISHED", async () => {
        const on = agent("stopped");
        ask(on, "Tell me everything about yourself");
        const types = [];
        let stopped;
        await on.runAgent({}, {
          onEvent: ({ event }) => {
            types.push(event.type);
            if (event.type === "TEXT_MESSAGE_CONTENT") stopped ??= fetch(`${server.url}/agent/default/stop/stopped`, { method: "POST" });
          },
        });
        assert.equal((await (await stopped).json()).stopped, true);
        assert.deepEqual(types.slice(-2), ["TEXT_MESSAGE_END", "RUN_FINISHED"]);
      });

      test("an agent that doesn't exist is an error", async () => {
        const on = agent("nobody", "agent/nobody/run");
        ask(on, "Hello?");
        await assert.rejects(run(on), /404|nobody/);
      });
    });
  }
});
