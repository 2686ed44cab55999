// The deliberate differences from the reference. A row says in which cases and at
// which paths of their observations the sides differ, and by which values: a
// literal, a pattern for text, or a predicate. The comparison fails on a difference
// that no row explains, and on a row that no longer explains any. In a `worded` row
// both sides say the same in different words, so the texts aren't pinned.
// docs/differences.md is written from `what` and `why`.
import { deliberateManaged } from "./differences-managed.mjs";

const some = (value) => value !== undefined;
const any = () => true;

export const deliberate = [
  {
    what: "Streams carry `X-Accel-Buffering: no`",
    why: "nginx and its derivatives would otherwise buffer the answer.",
    rows: [{ in: /./, at: /(headers|seen)\.x-accel-buffering$/, reference: undefined, ours: "no" }],
  },
  {
    what: "Answers carry `X-Request-Id`, which pages may read, and those of the runtime's own failures (500, 503) have it as `requestId` in their bodies",
    why: "By it the log has the request that a user reports. Front ends show an error's body, and not its headers. [More](operations.md#find-a-users-report).",
    rows: [
      { in: /^routes: a request's id$/, at: /^given$/, reference: undefined, ours: "given-1" },
      { in: /^routes: a request's id$/, at: /^none$/, reference: "undefined", ours: "string" },
      { in: /./, at: /\.requestId$/, reference: undefined, ours: "request id" },
      { in: /./, at: /\.access-control-expose-headers$/, reference: undefined, ours: "X-Request-Id" },
      { in: /./, at: /\.access-control-expose-headers$/, reference: "x-two, x-three", ours: "x-two, x-three, X-Request-Id" },
    ],
  },
  {
    what: "`/info` names a remote agent's class `HttpAgent`",
    why: "The reference shows the minified name of that class.",
    rows: [{ in: /./, at: /agents\.(remote|plain|trusted)\.className$/, reference: "qe", ours: "HttpAgent" }],
  },
  {
    what: "Remote agents get the caller's `Authorization`, and headers like `X-Api-Key`, only by a setting",
    why: "Whoever gets them can act as the caller, also towards this runtime. The reference sends them to every agent. `COPILOTKIT_FORWARD_AUTHORIZATION` names who is trusted; [forwarding.md](forwarding.md) has the rules.",
    rows: [{ in: /^headers: /, at: /^forwarded\[0\]\.(authorization|x-api-key|x-auth-token|x-copilotcloud-public-api-key)$/, reference: some, ours: undefined }],
  },
  {
    what: "Threads can be renamed, archived and deleted without the managed cloud",
    why: "They are kept in your own store. `/info` announces it as `threadEndpoints.mutations`.",
    rows: [
      { in: /./, at: /threadEndpoints\.mutations$/, reference: false, ours: true },
      { in: /every method on \/threads\/no-such-thread(\/archive)?$/, at: /^(PATCH|DELETE|POST)\.(status|body\.error)$/, reference: any, ours: some },
      { in: /^threads: mutations/, at: /^(rename|archive|delete)\./, reference: any, ours: any },
    ],
  },
  {
    what: "`GET /threads` has pages, and threads have `lastRunAt`",
    why: "By `limit` and `cursor`, as the front end's `useThreads` sends them. Without its cloud the reference returns all threads at once.",
    rows: [
      { in: /^threads: the list of an agent/, at: /\.lastRunAt$/, reference: undefined, ours: "time" },
      { in: /^threads: a page of the list/, at: /^first page\[2\]$/, reference: "page a", ours: undefined },
      { in: /^threads: a page of the list/, at: /^is there more$/, reference: false, ours: true },
    ],
  },
  {
    what: "In production threads are only listed to users, or if a setting says so",
    why: "With the list anybody could read all conversations: without users a thread's id is the only key to it. The answer is 403, and `/info` says it. [More](access.md#none).",
    rows: [
      { in: /^threads: the list without users$/, at: /^list\./, reference: any, ours: any },
      { in: /^threads: the list without users$/, at: /^what info says$/, reference: true, ours: false },
    ],
  },
  {
    what: "`POST /threads/clear` only clears in development",
    why: "In production anybody could delete everything with it. It always answers 204.",
    rows: [{ in: /^threads: clearing all$/, at: /^connect/, reference: undefined, ours: some }],
  },
  {
    what: "In production debug events are for users alone, if a setting asks for them",
    why: "Each user sees their own runs. In the reference, `debug` shows everybody's conversations to anybody. [More](debugging.md).",
    rows: [{ in: /^routes: debug events in production, where debug is on$/, at: /^status$/, reference: 200, ours: 404 }],
  },
  {
    what: "A client can resume a stream where it broke off",
    why: "With `lastSeenEventId` or `Last-Event-ID`, `connect` sends only the events that were missed, with ids.",
    rows: [{ in: /^connect: a resumption id/, at: /^the second event\.events/, reference: any, ours: any }],
  },
  {
    what: "A request body of more than 64 MiB gets 413, or an explanation in the chat",
    why: "The reference accepts any size. `COPILOTKIT_MAX_BODY_BYTES` sets another limit, and some platforms have a lower one. A run whose client accepts `text/event-stream` is answered with a message of the assistant's and RUN_ERROR, `code: \"request_body_too_large\"`: the chat shows neither a 413 nor RUN_ERROR by itself.",
    rows: [{ in: /^inputs: a body of 65 MiB/, at: /^status$/, reference: 200, ours: 413 }],
  },
  {
    what: "The 404 for a route that isn't below the base path says so",
    why: "With `code: \"path_without_base_path\"` and a message: a router or proxy that takes the path off is a mistake that is hard to see. [More](check.md).",
    rows: [
      { in: /^routes: where info answers with a base path/, at: /\/info\.body\.code$/, reference: undefined, ours: "path_without_base_path" },
      { in: /^routes: where info answers with a base path/, at: /\/info\.body\.message$/, reference: undefined, ours: some, worded: true },
    ],
  },
  {
    what: "`GET /agent/:agentId/connect?threadId=…` follows a thread as POST does",
    why: "`EventSource` and links can open it. The reference answers 405.",
    rows: [
      { in: /connect$|by GET/, at: /^(GET|nothing|a thread)\./, reference: any, ours: any },
      { in: /connect$/, at: /headers\.allow$/, reference: "POST", ours: "GET, POST" },
    ],
  },
  {
    what: "`POST /threads` creates a thread",
    why: "A front end can list a thread before its first run.",
    rows: [
      { in: /every method on \/threads$/, at: /^POST\./, reference: any, ours: any },
      { in: /every method on (\/threads|a thread)$/, at: /headers\.allow$/, reference: "GET", ours: "GET, POST" },
    ],
  },
  {
    what: "The details of a 400 are one line with the paths in the body",
    why: "The reference sends the report of its schema library. Status and `error` are the same.",
    rows: [{ in: /./, at: /\.details$/, reference: some, ours: some, worded: true }],
  },
  {
    what: "Token usage names the provider `openai`",
    why: "The reference adds the API that its SDK calls: `openai.chat`, `openai.responses`.",
    rows: [{ in: /./, at: /usage\[0\]\.provider$/, reference: "openai.chat", ours: "openai" }],
  },
  {
    what: "RUN_FINISHED after a stop carries `threadId` and `runId`",
    why: "The protocol's schema requires them; clients that validate would refuse the event.",
    rows: [{ in: /./, at: /events\[\d+\]\.(threadId|runId)$/, reference: undefined, ours: some }],
  },
  {
    what: "A single-route envelope that is `null` gets 400",
    why: "The reference answers 500.",
    rows: [{ in: /a null envelope/, at: /^null\.(status|body\..*)$/, reference: any, ours: any }],
  },
  {
    what: "A second run on a busy thread gets 409 with `code: \"agent_thread_locked\"`",
    why: "The reference answers 200 with an empty stream, which looks like success.",
    rows: [{ in: /a second run on a busy thread/, at: /^second\./, reference: any, ours: any }],
  },
  {
    what: "An agent may leave out RUN_STARTED",
    why: "The runner adds it, so that an agent in Go is a few lines. The reference ends such a run with an error.",
    rows: [
      { in: /^runs: (suggest with )?(nothing|no RUN_STARTED|it throws at once)$/, at: /./, reference: any, ours: any },
      { in: /a remote agent that says no/, at: /./, reference: any, ours: any },
      { in: /^managed runs: an agent that (doesn't begin|says nothing)$/, at: /./, reference: any, ours: any },
    ],
  },
  {
    what: "RUN_STARTED is sent when a run is accepted, and is the runner's own",
    why: "While an agent thinks, its client, a reload and a second tab see the user's message, and a killed instance doesn't lose it; the reference sends and keeps nothing before the agent does. An agent's RUN_STARTED comes too late then and is left out, with what else it carries. The run's ids are those that were asked for, in RUN_FINISHED too, so that a client can stop by them.",
    rows: [
      { in: /^runs: an agent that thinks before it begins$/, at: /^begun$/, reference: false, ours: true },
      { in: /^runs: an agent that thinks before it begins$/, at: /^messages\.body\.messages/, reference: undefined, ours: some },
      { in: /^runs: fields nobody knows$/, at: /events\[0\]\.extra$/, reference: 1, ours: undefined },
      { in: /^managed runs: suggestions/, at: /events\[[04]\]\.(runId|threadId)$/, reference: some, ours: some },
      { in: /^runs: RUN_STARTED of another (run|thread)$/, at: /events\[[01]\]\.(runId|threadId)$/, reference: some, ours: some },
      { in: /^runs: RUN_STARTED with an input of its own$/, at: /./, reference: any, ours: any },
    ],
  },
  {
    what: "What an agent yields beside the protocol's order is put right where that is possible",
    why: "A run that ends with a message, a step or reasoning open is closed; a second RUN_STARTED and all that follows the end are left out. The reference ends such runs with an error, or passes on what clients refuse.",
    rows: [
      { in: /^runs: (finished with|events after|it throws after the end|two runs in one|RUN_STARTED twice|open reasoning)/, at: /./, reference: any, ours: any },
    ],
  },
  {
    what: "RUN_ERROR says by its code why a run failed, and its message is safe to show",
    why: "`INVALID_EVENT`, `AGENT_ERROR`, `rate_limited`, `auth_failed`, … instead of `INCOMPLETE_STREAM` for all. Error texts of agents and providers can quote keys and prompts: they go to the log, and to the client in development alone. A RUN_ERROR that a remote agent sends by itself is meant for its client, and passes as it is.",
    rows: [
      { in: /./, at: /events\[\d+\]\.code$/, reference: "INCOMPLETE_STREAM", ours: some },
      { in: /^agents: the model|^edges: an answer that is a page/, at: /events\[\d+\]\.code$/, reference: undefined, ours: /^(auth_failed|rate_limited|provider_unavailable)$/ },
      { in: /^runs: |^agents: (the model|a remote)|^clients: |^edges: (a stream|an answer)/, at: /(events\[\d+\]\.message|failed)$/, reference: some, ours: some, worded: true },
      { in: /^agents: the model|^edges: an answer that is a page/, at: /events\[\d+\]\.(threadId|runId)$/, reference: some, ours: undefined },
      { in: /^managed runs: an agent that fails$/, at: /^pushed\[0\]/, reference: any, ours: any },
      { in: /agents by request/, at: /^it fails in .*message$/, reference: "no such tenant", ours: "Internal error" },
      { in: /suggest with it throws in the middle/, at: /^suggest\.events/, reference: undefined, ours: some },
      { in: /^transcribe: another failure/, at: /message$/, reference: "the provider broke", ours: "Transcription failed" },
    ],
  },
  {
    what: "`/threads/:threadId/messages` holds the results that closing a run added to its tool calls",
    why: "The events have them, and providers refuse a conversation with unanswered calls.",
    rows: [{ in: /^runs: (an open tool call|a tool call without result|everything open at once)$|^stop: a run with a tool call open$/, at: /^messages\.body\.messages/, reference: any, ours: any }],
  },
  {
    what: "Deltas of reasoning are joined in a thread's history",
    why: "As both do for text and tool calls. The reference keeps each delta of reasoning.",
    rows: [{ in: /reasoning/, at: /^(connect|events)\./, reference: any, ours: any }],
  },
  {
    what: "History has the state that each run left, even if the run only patched it",
    why: "A reload then shows what the run's own client saw. The reference applies each run's patches to an empty state.",
    rows: [{ in: /^connect: state of several runs$/, at: /^(connect\.events\[4\]\.snapshot|state\.body\.state)\.a$/, reference: undefined, ours: 1 }],
  },
  {
    what: "A thread's history has how each activity began and what it came to",
    why: "As two ACTIVITY_SNAPSHOT events at most for each run, where the reference keeps every piece: a page that was written in a thousand pieces is there at once. Deltas between the pieces are joined all the same.",
    rows: [{ in: /^(pages: a page after a reload|runs: activities)$/, at: /^(connect\.events|events\.body\.events)/, reference: any, ours: any }],
  },
  {
    what: "`/threads/:threadId/messages` has the activities of earlier runs",
    why: "Front ends keep them, but don't send them with the next run. In the reference they are gone after that.",
    rows: [{ in: /^pages: a page after a later run$/, at: /^messages\.body\.messages/, reference: any, ours: any }],
  },
  {
    what: "Pages of more than 64 KiB are shown whole",
    why: "The reference's reader of unfinished JSON gives up a text there, and shows no more of it.",
    rows: [{ in: /^pages: a page of more than 64 KiB$/, at: /^html$/, reference: 75_000, ours: 150_000 }],
  },
  {
    what: "A state patch that can't be applied is reported to the model",
    why: "It is in the tool's result, and the run ends. In the reference the run never ends, and the thread stays busy.",
    rows: [
      { in: /^tools: a state delta that doesn't fit/, at: /\.content$/, reference: undefined, ours: /^{"error":/, worded: true },
      { in: /a state delta that doesn't fit/, at: /./, reference: any, ours: any },
    ],
  },
  {
    what: "A tool call that fails gets a TOOL_CALL_RESULT that says why",
    why: "Because the tool is unknown, the arguments don't match its schema, or it returns an error. The reference only tells the model, and the thread keeps a call without a result.",
    rows: [
      { in: /^tools: (a front-end tool that is not there|arguments that|a tool that fails)/, at: /\.content$/, reference: undefined, ours: /^{"error":/, worded: true },
      { in: /^tools: (a front-end tool that is not there|arguments that|a tool that fails)/, at: /^run\.events/, reference: any, ours: any },
    ],
  },
  {
    what: "The tool calls of each step have their own message",
    why: "They stay in order with their results. The reference adds the calls of later steps to the first step's message.",
    rows: [{ in: /no more steps than the limit/, at: /(parentMessageId|messageId)$/, reference: some, ours: some }],
  },
  {
    what: "A run has up to 10 steps if tools run on the server",
    why: "The model then sees the results of its calls. `COPILOTKIT_MAX_STEPS` sets another number. The reference stops after 1 by default.",
    rows: [{ in: /^tools: as many steps as there are by default/, at: /^(run\.events|asked)/, reference: any, ours: any }],
  },
  {
    what: "The model gets context, state and tools in other words",
    why: "The prompt isn't part of the protocol. Schemas always have a type and properties, which strict providers require.",
    rows: [
      { in: /./, at: /^asked\[\d+\]\.messages\[0\]\.content$/, reference: /## (Context|Application State)/, ours: /## (Context|State)/, worded: true },
      { in: /^tools: (arguments that|a tool that fails)/, at: /^asked\[1\]\.messages\[2\]\.content$/, reference: some, ours: /^{"error":/, worded: true },
      { in: /the schemas that the model gets/, at: /function\.(description|parameters\.)/, reference: any, ours: any },
    ],
  },
  {
    what: "A run without messages asks the model",
    why: "The provider decides whether it can answer. The reference's SDK refuses.",
    rows: [{ in: /^agents: no messages/, at: /./, reference: any, ours: any }],
  },
  {
    what: "`/transcribe` answers 400 to broken forms, and takes audio without a type for WebM",
    why: "The reference answers 500 to broken forms, and 400 to a file without a type, although its code means to accept it.",
    rows: [{ in: /^transcribe: (a broken form|a form without boundary|a form without a type)/, at: /./, reference: any, ours: any }],
  },
  {
    what: "Half of a surrogate pair becomes U+FFFD",
    why: "It isn't a Unicode character and has no form in UTF-8.",
    rows: [{ in: /Unicode everywhere/, at: /content$/, reference: /\ud800/, ours: /\ufffd/ }],
  },
  {
    what: "Unknown fields of a run's input are kept",
    why: "What a newer front end sends reaches the agent. The reference drops them.",
    rows: [{ in: /^inputs: taken: unknown fields/, at: /input\.unknown$/, reference: undefined, ours: some }],
  },
  {
    what: "A path with broken percent-encoding gets 400",
    why: "Go's HTTP server refuses it before any handler sees it. The reference answers 404.",
    rows: [{ in: /every method on .*%(ZZ|E0%A4%A)/, at: /./, reference: any, ours: any }],
  },
  {
    what: "CORS: `Vary: Origin` is also sent if the origin is refused or missing",
    why: "A cache could otherwise serve an answer without CORS headers to an allowed page.",
    rows: [{ in: /^cors: origins: (list|function|credentials)$/, at: /\.vary$/, reference: any, ours: /^Origin/ }],
  },
  {
    what: "CORS: with credentials, a preflight allows the headers that it asks for",
    why: "With credentials `*` is no wildcard, so no request with a JSON body would be allowed.",
    rows: [{ in: /^cors: origins: credentials$/, at: /access-control-allow-headers$/, reference: "*", ours: any }],
  },
  {
    what: "CORS: a preflight that asks for `Authorization` gets it by name, beside `*`",
    why: "In the Fetch standard `*` stands for all other headers: browsers that go by it send no token to another origin.",
    rows: [{ in: /^cors: origins: (any|one|list|function|all|single)$/, at: /^preflight with a token, .*access-control-allow-headers$/, reference: "*", ours: "*, Authorization" }],
  },
  {
    what: "A body that isn't `application/json` gets 415",
    why: "Any web page can send text, forms and bodies without a type with its visitor's cookies, without a preflight.",
    rows: [
      { in: /^inputs: no JSON$/, at: /^(text|open) as (text\/plain|nothing)\./, reference: any, ours: any },
      { in: /^inputs: content types$/, at: /^(text\/plain|application\/octet-stream|none)\./, reference: any, ours: any },
    ],
  },
  {
    what: "The default agent lets a run choose the tool, by `toolChoice` in forwardedProps",
    why: "Front ends force the tool of their suggestions this way. The reference's default agent ignores it; an agent of your own has to allow it, in both.",
    rows: [{ in: /^edges: the choice of tools/, at: /^asked\[0\]\.tool_choice$/, reference: "auto", ours: "required" }],
  },
  {
    what: "Answering an interrupt that nobody asked is an error",
    why: "RUN_ERROR with `code: \"unknown_interrupt\"`. The reference makes a tool's result without a call of it, which providers refuse.",
    rows: [{ in: /^edges: an interrupt that nobody asked$/, at: /./, reference: any, ours: any }],
  },
  {
    what: "A tool call without a result in the history is answered `{\"status\":\"unanswered\"}`",
    why: "So that the conversation goes on after a stop, or when the person wrote something else. The reference ends every further run with an error.",
    rows: [{ in: /^edges: a tool call without result/, at: /./, reference: any, ours: any }],
  },
  {
    what: "The model isn't sent results without a call, nor assistant's messages with nothing in them",
    why: "Providers refuse conversations with them.",
    rows: [{ in: /^edges: (a tool's result without call|an assistant's message without anything)/, at: /^asked\[0\]\.messages\[\d\]/, reference: any, ours: any }],
  },
  {
    what: "The model is told the error of a failed tool of the front end",
    why: "As `{\"error\":…}`, where the message has no content. The reference sends the empty content.",
    rows: [{ in: /^edges: a failed tool's result/, at: /^asked\[0\]\.messages\[2\]\.content$/, reference: "", ours: '{"error":"no paint"}' }],
  },
  {
    what: "A file keeps its name on the way to the model",
    why: "The reference calls every PDF document.pdf.",
    rows: [{ in: /^edges: a PDF as a binary part$/, at: /\.file\.filename$/, reference: "document.pdf", ours: "a.pdf" }],
  },
  {
    what: "Text after a tool call in one answer is a message of its own",
    why: "A message that has ended can't go on. The reference reuses its id.",
    rows: [{ in: /^edges: text after a tool call$/, at: /\.messageId$/, reference: some, ours: some }],
  },
  {
    what: "Events of a remote agent that this version doesn't know are left out",
    why: "A newer agent still works with older front ends. The reference ends the run with an error.",
    rows: [{ in: /^edges: an unknown event/, at: /^run\.events\[1\]/, reference: any, ours: any }],
  },
  {
    what: "The guide to the tool that draws A2UI surfaces says the same in other words",
    why: "What a model is taught by it, and the text by which agents find it, are the reference's.",
    rows: [{ in: /^surfaces: what an agent is given/, at: /^input\[0\]\.context\[\d\]\.value$/, reference: /## How to call/, ours: /^# Drawing with/, worded: true }],
  },
  {
    what: "An A2UI surface keeps the catalog that it was drawn with",
    why: "A `catalogId` that a model sends after the components has no effect. In the reference later updates name another catalog.",
    rows: [{ in: /^surfaces: a catalog that is named after/, at: /createSurface\.catalogId$/, reference: "late", ours: /basic_catalog/ }],
  },
  {
    what: "An A2UI surface is drawn whatever its model sends as data",
    why: "The reference doesn't draw components that come together with `data` that is an array.",
    rows: [{ in: /^surfaces: data that is no object/, at: /^run\.events/, reference: any, ours: any }],
  },
  {
    what: "A run over a limit on what its user may spend gets 429",
    why: "With `Retry-After`, which pages of other origins may read, and a code that names the limit. The reference has no limits; here they are off unless set. With them there is `GET /usage`, a route that the reference doesn't have.",
    rows: [{ in: /^runs: a second run in a minute/, at: /^second\./, reference: any, ours: any }],
  },
  {
    what: "The requests of an MCP App's page run beside its thread",
    why: "They add nothing to it: the reference stores each with its answer, the page itself at every reload, and sends all of them to whoever connects. So their RUN_STARTED has no input, and a thread with a run under way answers them too.",
    rows: [
      { in: /^mcp apps: a page is read$/, at: /^run\.events\[0\]\.input$/, reference: some, ours: undefined },
      { in: /^mcp apps: a page is read of a thread that runs$/, at: /^answer\.result$/, reference: undefined, ours: some },
    ],
  },
  {
    what: "The events of such a request have the thread's id",
    why: "The reference has the run's id in its place.",
    rows: [{ in: /^mcp apps: a page is read$/, at: /^run\.events\[[01]\]\.threadId$/, reference: "run-1", ours: some }],
  },
  {
    what: "A page calls the tools that its server lets pages call, and reads `ui://` resources alone",
    why: "The requests have the deployer's credentials, and whoever may run the agent can send them. The reference lets them call every tool and read every resource of the server.",
    rows: [
      { in: /^mcp apps: a page calls a tool for (the model|nobody)$/, at: /^(answer\.result\.(content|error)|reached\[0\])$/, reference: any, ours: any },
      { in: /^mcp apps: a resource that is no page$/, at: /^(answer\.result\.(contents|error)|reached\[0\])$/, reference: any, ours: any },
    ],
  },
  {
    what: "The failure of an MCP App's tool has a general message",
    why: "What the server says can name its insides. It is logged.",
    rows: [{ in: /^mcp apps: a call (that the server refuses|with arguments that are no JSON)$/, at: /^run\.events\[4\]\.content$/, reference: some, ours: some }],
  },
  {
    what: "A call of an MCP App's tool that an earlier run left open isn't made",
    why: "That run was stopped, perhaps so that the call isn't made, and the model has been told that it has no result.",
    rows: [{ in: /^mcp apps: a call of an earlier run$/, at: /^(run\.events\[[123]\]|reached\[0\])/, reference: any, ours: any }],
  },
  {
    what: "A page's request is never the agent's to answer",
    why: "If the agent has no servers, the reference has its model answer the conversation once more.",
    rows: [{ in: /^mcp apps: a page of a server that is another agent's$/, at: /^answer\./, reference: any, ours: any }],
  },
  ...deliberateManaged,
];
