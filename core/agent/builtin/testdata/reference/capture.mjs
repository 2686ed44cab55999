// Plays the scenarios of this folder on the reference runtime and writes what
// it sent to the model and to the client into each file's "reference".
//
//   npm i @copilotkit/runtime@1.75.0     (somewhere; run from there)
//   go build -o scriptedmodel ./test/scriptedmodel/cmd/scriptedmodel
//   node capture.mjs ./scriptedmodel scenario.json…
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { readFileSync, writeFileSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { once } from "node:events";

process.env.COPILOTKIT_TELEMETRY_DISABLED = "true";
const require = createRequire(join(process.cwd(), "package.json"));
const { BuiltInAgent, CopilotRuntime, createCopilotRuntimeHandler, defineTool } = require("@copilotkit/runtime/v2");
const { createOpenAI } = require("@ai-sdk/openai");
const { createOpenAICompatible } = require("@ai-sdk/openai-compatible");

const [binary, ...files] = process.argv.slice(2);
for (const file of files) {
  const scenario = JSON.parse(readFileSync(file, "utf8"));
  scenario.reference = await play(scenario);
  writeFileSync(file, JSON.stringify(scenario, null, 1) + "\n");
  console.log(file, scenario.reference.events.length, "events");
}
process.exit(0);

async function play(scenario) {
  const script = join(mkdtempSync(join(tmpdir(), "scenario-")), "script.json");
  writeFileSync(script, JSON.stringify(scenario.script));
  const model = spawn(binary, ["-script", script]);
  const [line] = await once(model.stdout, "data");
  const requests = [];
  const proxy = await recorder(new URL(String(line).trim()), requests);
  try {
    const baseURL = `http://127.0.0.1:${proxy.address().port}/v1`;
    const { tools = [], ...config } = scenario.config;
    const agent = new BuiltInAgent({
      ...config,
      model: scenario.compatible
        ? createOpenAICompatible({ name: "scripted", baseURL, apiKey: "key" })("gpt-4o")
        : createOpenAI({ baseURL, apiKey: "key" }).chat("gpt-4o"),
      tools: tools.map(({ parameters, result, failure, ...tool }) =>
        defineTool({
          ...tool,
          parameters: standardSchema(parameters),
          execute: tool.interrupt ? undefined : async () => {
            if (failure) throw new Error(failure);
            return result;
          },
        }),
      ),
    });
    const handler = createCopilotRuntimeHandler({ runtime: new CopilotRuntime({ agents: { default: agent } }), basePath: "/api" });
    const response = await handler(
      new Request("http://localhost/api/agent/default/run", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(scenario.input),
      }),
    );
    const text = await response.text();
    const events = text.split("\n\n").filter(Boolean).map((frame) => JSON.parse(frame.slice("data: ".length)));
    return { events, requests };
  } finally {
    proxy.close();
    model.kill();
  }
}

// recorder passes requests on to the scripted model and keeps their bodies.
async function recorder(target, requests) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    requests.push(JSON.parse(body.toString()));
    const answer = await fetch(new URL(request.url, target), { method: "POST", body, headers: { "content-type": "application/json" } });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") });
    try {
      for await (const chunk of answer.body) response.write(chunk);
      response.end();
    } catch {
      response.destroy(); // the script broke the connection, so it breaks here
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

// standardSchema wraps JSON Schema in the interface that defineTool takes.
function standardSchema(parameters) {
  return {
    "~standard": {
      version: 1,
      vendor: "scenario",
      validate: (value) => ({ value }),
      jsonSchema: { input: () => parameters, output: () => parameters },
    },
  };
}
