// The reference runtime behind the same interface as the other targets: it
// listens on a free port and prints its address. Its agent is a custom factory,
// the fastest kind that it has.
//
//	node test/bench/reference.mjs FOLDER_WITH_NODE_MODULES

import { createRequire } from "node:module";
import { createServer } from "node:http";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "package.json"));
const { BuiltInAgent, CopilotRuntime } = require("@copilotkit/runtime/v2");
const { createCopilotNodeListener } = require("@copilotkit/runtime/v2/node");

async function* answer({ abortController }) {
  const response = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
    body: JSON.stringify({ model: "gpt-4o", stream: true, messages: [] }),
    signal: abortController.signal,
  });
  const messageId = crypto.randomUUID();
  let rest = "";
  yield { type: "TEXT_MESSAGE_START", messageId, role: "assistant" };
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      const delta = JSON.parse(line.slice(6)).choices[0]?.delta?.content;
      if (delta) yield { type: "TEXT_MESSAGE_CONTENT", messageId, delta };
    }
  }
  yield { type: "TEXT_MESSAGE_END", messageId };
}

const runtime = new CopilotRuntime({ agents: { default: new BuiltInAgent({ type: "custom", factory: answer }) } });
const server = createServer(createCopilotNodeListener({ runtime, basePath: "/api/copilotkit" }));
server.listen(0, "127.0.0.1", () => console.error(`runtimeUrl http://127.0.0.1:${server.address().port}/api/copilotkit`));
process.on("SIGTERM", () => process.exit(0));
