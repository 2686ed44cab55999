// The answers of the scripted model in the scenes, by the last user message.
const words = (text) => text.split(/(?<= )/).flatMap((word) => [word, { pause: 40 }]);

export const scripts = {
  "Tell me a slow story": [[...words("Once upon a time "), { hold: "beginning" }, ...words("there was a gopher. "), { hold: "story" }, ...words("It lived happily ever after.")]],
  "Tell me a story": [[...words("Once upon a time there was a gopher. "), { hold: "story" }, ...words("It lived happily ever after.")]],
  "Tell me a long story": [["One ", { hold: "one" }, "two ", { hold: "two" }, "three ", { hold: "three" }, "four ", { hold: "four" }, "five ", "six."]],
  "Remember that I like tea": [
    [{ call: { id: "call-save", name: "mcp__intelligence__save_memory", args: '{"content":"Likes tea"}' } }],
    [...words("I shall remember.")],
  ],
  "What do I like?": [
    (id) => [{ call: { id, name: "mcp__intelligence__recall_memory", args: '{"query":"tea"}' } }],
    (id, result) => [...words(`What I know: ${result}.`)],
  ],
  "Count forever": [[...Array.from({ length: 2000 }, (_, i) => [`${i + 1} `, { pause: 30 }]).flat()]],
  "Paint the page teal": [
    [{ call: { id: "call-paint", name: "setColor", args: ['{"color":', '"teal"}'] } }],
    [...words("The page is teal now.")],
  ],
  "Book a table": [
    (id) => [{ call: { id, name: "bookTable", args: '{"place":"Maaemo","time":"19:00"}' } }],
    (id, result) => [...words(`Understood. ${result}.`)],
  ],
  "Set the count to seven": [[{ call: { id: "call-state", name: "AGUISendStateSnapshot", args: '{"snapshot":{"count":7}}' } }]],
  "What is the count?": [[...words("Let me look.")]],
  "Fail, please": [[{ status: 401, body: { error: { message: "Incorrect API key provided: sk-secret", type: "invalid_request_error", code: "invalid_api_key" } } }]],
  "Show what you can write": [[...words("Code:\n\n```js\nconst answer = 42;\n```\n\nA diagram:\n\n```mermaid\ngraph TD;\n  A-->B;\n```\n\nThat is all.")]],
  "Show a picture from elsewhere": [[...words("Here it is: ![secret](https://elsewhere.invalid/?secret=1)")]],
  "Say hello": [[...words("Hello from the scripted model!")]],
  "Draw ratings": [
    [
      { call: { id: "call-ratings", name: "render_a2ui", args: [
        '{"surfaceId":"ratings","components":[{"id":"root","component":"Card","child":"all"},',
        '{"id":"all","component":"Column","children":["food","places"]},',
        '{"id":"food","component":"Rating","label":"Food","stars":4},',
        '{"id":"places","component":"List","children":{"componentId":"place","path":"/places"}},',
        '{"id":"place","component":"Text","text":{"path":"name"}}],',
        '"data":{"places":[{"name":"Maaemo"},',
      ] } },
      { hold: "ratings" },
      { args: '{"name":"Sult"}]}}' },
    ],
  ],
  "user: Tell me a story": [["A tale of a gopher"]], // its thread's name
  suggestions: [
    [{ call: { id: "call-suggest", name: "copilotkitSuggest", args: ['{"suggestions":[{"title":"Make it teal",', '"message":"Paint the page teal"}]}'] } }],
  ],
};

// Turns that are functions depend on the conversation: the ids of their calls must
// be new in it, and they may quote the last tool's result.
let calls = 0;
for (const [prompt, turns] of Object.entries(scripts)) {
  if (!turns.some((turn) => typeof turn === "function")) continue;
  scripts[prompt] = (body) => {
    const result = body.messages.findLast((message) => message.role === "tool")?.content ?? "";
    return turns.map((turn) => turn(`call-${prompt.length}-${++calls}`, String(result).replaceAll('"', "")));
  };
}
