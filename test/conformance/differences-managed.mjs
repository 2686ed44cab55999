// The deliberate differences where the managed platform keeps threads; see differences.mjs.
const some = (value) => value !== undefined;
const any = () => true;

export const deliberateManaged = [
  {
    what: "Answers to users carry `Cache-Control: private, no-store`, if they have no other",
    why: "A cache between could show them to another user.",
    rows: [
      { in: /^managed/, at: /\.headers\.cache-control$/, reference: undefined, ours: "private, no-store" },
      { in: /^managed: inspector metadata$/, at: /^without a user\.headers\.cache-control$/, reference: "no-store, private", ours: "private, no-store" },
    ],
  },
  {
    what: "With Intelligence, a request without a user gets 401",
    why: "Also for `/info` and what the inspector shows, and before its body is looked at. The reference answers 400 where it needs a user, and 500 where it can't find out.",
    rows: [
      { in: /^managed/, at: /\.status$/, reference: any, ours: 401 },
      { in: /^managed/, at: /\.body\.error$/, reference: any, ours: "Unauthorized" },
      { in: /^managed/, at: /\.body\.code$/, reference: undefined, ours: "unauthorized" },
      { in: /^managed: (info without a user|inspector metadata)$/, at: /^(info|without a user)\.body\./, reference: some, ours: undefined },
      { in: /^managed: (info without a user|inspector metadata)$/, at: /^platform calls\.GET/, reference: some, ours: undefined },
      { in: /a user that can't be told$/, at: /\.body\.error$/, reference: "Failed to identify user", ours: "internal_error" },
    ],
  },
  {
    what: "With Intelligence, ids of users and agents may have any characters",
    why: "Identity providers and functions have such: `auth0|123`, ARNs. [More](intelligence.md#settings). The reference refuses them with 400.",
    rows: [
      { in: /a user whose id the platform doesn't take$/, at: /./, reference: any, ours: any },
      { in: /^managed: the list$/, at: /^an agent that isn't one\./, reference: any, ours: any },
      { in: /^managed: the list$/, at: /^platform calls\.GET \/api\/threads\[[34]\]/, reference: any, ours: any },
      { in: /^managed: bodies that change no thread$/, at: /"a b"|^platform calls/, reference: any, ours: any },
    ],
  },
  {
    what: "What the Intelligence platform says when it fails isn't passed on",
    why: "It can quote what users wrote. The log has it; the client is told which step failed.",
    rows: [
      { in: /^managed/, at: /\.body\.message$/, reference: any, ours: "The Intelligence platform didn't do what was asked of it." },
      { in: /^managed: connect/, at: /\.body\.message$/, reference: some, ours: undefined },
      { in: /^managed: annotations that fail$/, at: /\.body\.error$/, reference: /^Intelligence platform error/, ours: "Failed to annotate" },
      { in: /a platform that answers with nothing$/, at: /\.body\.error$/, reference: some, ours: some, worded: true },
    ],
  },
  {
    what: "A gateway of the Intelligence platform that is down is a 502 within seconds",
    why: "The reference's request hangs until the gateway is back.",
    rows: [
      { in: /a gateway that is down$/, at: /^run$/, reference: "no answer", ours: some, worded: true },
      { in: /a gateway that is down$/, at: /^platform calls\.DELETE/, reference: undefined, ours: some },
    ],
  },
  {
    what: "An Intelligence platform that breaks off without an answer is a 502, and what only reads is asked twice",
    why: "It may have closed an idle connection just then. The reference answers 500, where the platform's own failures are 502.",
    rows: [
      { in: /breaks off$|where the platform fails$|that fails?$|answers with nothing$/, at: /\.status$/, reference: 500, ours: 502 },
      { in: /breaks off$|where the platform fails$|a platform that fails$/, at: /^platform calls\.GET .*\[\d+\]$/, reference: undefined, ours: some },
    ],
  },
  {
    what: "With Intelligence, `/stop` works on every instance",
    why: "Through the gateway, where another instance has the run. In the reference only the one that has it can stop it. It tells an unknown agent before it asks the platform.",
    rows: [
      { in: /^managed/, at: /^platform calls\.POST .*\/connect(\[\d+\])?$/, reference: undefined, ours: some },
      { in: /a stop of the front end$/, at: /^an unknown agent\./, reference: any, ours: any },
      { in: /a stop of the front end$/, at: /^platform calls\.GET .*\[\d+\]$/, reference: some, ours: undefined },
    ],
  },
  {
    what: "With Intelligence, a second run on a busy thread is told so by `code: \"agent_thread_locked\"` too",
    why: "As with a store. Status and `error` are the reference's.",
    rows: [{ in: /^managed runs: a thread that is locked$/, at: /^second\.body\.(code|message)$/, reference: undefined, ours: some }],
  },
  {
    what: "A thread's events and state are shown to its owner only",
    why: "The platform isn't told who asks, so the runtime first asks it whose thread it is. The reference shows them to every user who knows the thread's id.",
    rows: [
      { in: /^managed: a thread of another user$/, at: /^((events|state)\.|platform calls\.)/, reference: any, ours: any },
      { in: /^managed: (a thread|a state that .*|threads over one route)$/, at: /^platform calls\.GET \/api\/threads\//, reference: undefined, ours: some },
      { in: /^managed: a platform that fails$/, at: /^platform calls\.GET/, reference: any, ours: any },
    ],
  },
  {
    what: "`/threads/:threadId/events` says whether it has all events",
    why: "`truncated` and `decodeErrorRowIds` are the platform's. The reference leaves them out.",
    rows: [{ in: /^managed: (a thread|threads over one route)$/, at: /^events\.body\.(truncated|decodeErrorRowIds)$/, reference: undefined, ours: some }],
  },
  {
    what: "With Intelligence, a body that isn't an object gets 400",
    why: "`null` gets 500 in the reference. To arrays and texts it says which field is missing.",
    rows: [
      { in: /^managed/, at: /(null|\[\]|"x"|none)\.(status|body\.error)$/, reference: any, ours: any },
    ],
  },
  {
    what: "With Intelligence, a `limit` of `GET /threads` that isn't a number gets 400",
    why: "The reference asks the platform for `NaN` threads.",
    rows: [{ in: /^managed: the list$/, at: /^a bad limit\./, reference: any, ours: any }],
  },
  {
    what: "An answer of the Intelligence platform that has no thread is a 502",
    why: "The reference goes on without one.",
    rows: [{ in: /^managed runs: a thread that isn't one$/, at: /./, reference: any, ours: any }],
  },
  {
    what: "A memory scope that a policy leaves out is `none`",
    why: "As with the zero value in Go. The reference answers 500.",
    rows: [{ in: /a policy that leaves the project out$/, at: /./, reference: any, ours: any }],
  },
  {
    what: "A run that isn't let into its channel closes its connection without leaving",
    why: "There is nothing to leave.",
    rows: [{ in: /a join that is refused$/, at: /^channels\[1\]$/, reference: some, ours: undefined }],
  },
  {
    what: "`/info` announces no inspector for learning",
    why: "There is none here: what was learned is seen in CopilotKit's dashboard.",
    rows: [{ in: /^managed: info with containers$/, at: /\.inspectorLearning$/, reference: true, ours: undefined }],
  },
];
