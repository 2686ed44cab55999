// An AG-UI agent without a library, to show how little the protocol asks for: a POST that brings the
// run's input as JSON, and an answer of Server-Sent Events. Run it with `node agent.mjs 8001`.
import http from "node:http";

const port = Number(process.argv[2] ?? 8001);

http
  .createServer((request, response) => {
    if (request.method !== "POST") return response.writeHead(405, { allow: "POST" }).end();
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part) => (body += part));
    request.on("end", () => answer(body, response));
  })
  .listen(port, "127.0.0.1", () => console.log(`An AG-UI agent on http://127.0.0.1:${port}/`));

async function answer(body, response) {
  let run;
  try {
    run = JSON.parse(body);
  } catch {
    return response.writeHead(400).end("The body isn't JSON");
  }
  // The runtime closes the connection when the run is stopped: stop working, too.
  const stopped = new AbortController();
  response.on("close", () => stopped.abort());

  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (event) => response.write(`data: ${JSON.stringify(event)}\n\n`);
  const { threadId, runId } = run;

  send({ type: "RUN_STARTED", threadId, runId });
  const messageId = `${runId}-answer`;
  send({ type: "TEXT_MESSAGE_START", messageId, role: "assistant" });
  for (const word of `You have said: ${lastText(run.messages)}`.match(/\S+\s*/g)) {
    if (stopped.signal.aborted) return;
    send({ type: "TEXT_MESSAGE_CONTENT", messageId, delta: word });
    await new Promise((next) => setTimeout(next, 20));
  }
  send({ type: "TEXT_MESSAGE_END", messageId });
  send({ type: "RUN_FINISHED", threadId, runId });
  response.end();
}

function lastText(messages = []) {
  const content = messages.at(-1)?.content ?? "nothing";
  if (typeof content === "string") return content;
  return content.map((part) => part.text ?? "").join(" ");
}
