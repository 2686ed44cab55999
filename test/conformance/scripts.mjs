// What the scripted model answers, by the text of the last user message.
export const scripts = {
  "say hello": [["Hel", "lo ", "there"]],
  "say unicode": [["Grüße 👋🏽 ", "日本語\u2028", "\"quoted\" \\ \u0007 <b>&"]],
  "say nothing": [[]],
  "say much": [Array.from({ length: 200 }, (_, i) => `word ${i} `)],
  "say one long thing": [["x".repeat(300_000)]],
  "think first": [[{ reasoning: "Let me " }, { reasoning: "see." }, "The answer ", "is 42."]],
  "think then call": [[{ reasoning: "I need the front end." }, { call: { id: "call-1", name: "setColor", args: '{"color":"red"}' } }]],
  "call setColor": [
    ["Changing. ", { call: { id: "call-1", name: "setColor", args: ['{"col', 'or":"red"}'] } }],
    ["It is ", "red now."],
  ],
  "call two": [
    [
      { call: { id: "call-1", name: "setColor", args: '{"color":"red"}' } },
      { call: { id: "call-2", name: "setSize", args: '{"size":3}' } },
    ],
    ["Both done."],
  ],
  "call without arguments": [[{ call: { id: "call-1", name: "reload", args: "{}" } }]],
  "ask the weather": [[{ call: { id: "call-1", name: "weather", args: '{"city":"Oslo"}' } }], ["21 degrees in Oslo."]],
  "ask the weather twice": [
    [{ call: { id: "call-1", name: "weather", args: '{"city":"Oslo"}' } }],
    ["And ", { call: { id: "call-2", name: "weather", args: '{"city":"Rome"}' } }],
    ["Both are 21."],
  ],
  "ask for ever": Array.from({ length: 9 }, (_, i) => [{ call: { id: `call-${i}`, name: "weather", args: '{"city":"Oslo"}' } }]),
  "ask wrongly": [[{ call: { id: "call-1", name: "weather", args: '{"town":1}' } }], ["I asked wrongly."]],
  "ask in no JSON": [[{ call: { id: "call-1", name: "weather", args: "{not json" } }], ["That was no JSON."]],
  "ask the broken tool": [[{ call: { id: "call-1", name: "broken", args: "{}" } }], ["It broke."]],
  "ask for approval": [["May I? ", { call: { id: "call-1", name: "approve", args: '{"what":"launch"}' } }], ["Thank you."]],
  "set the state": [[{ call: { id: "call-1", name: "AGUISendStateSnapshot", args: '{"snapshot":{"count":2}}' } }]],
  "change the state": [
    [{ call: { id: "call-1", name: "AGUISendStateDelta", args: '{"delta":[{"op":"replace","path":"/count","value":5}]}' } }],
  ],
  "change no state": [
    [{ call: { id: "call-1", name: "AGUISendStateDelta", args: '{"delta":[{"op":"replace","path":"/a/b/c","value":5}]}' } }],
  ],
  "draw a surface": [
    [{ call: { id: "call-1", name: "render_a2ui", args: ['{"surfaceId":"s","components":[{"id":"root",', '"component":"Text","text":"Hi"}],"data":{"items":[{"a":1}', ',{"a":2}]}}'] } }],
  ],
  "draw a page": [[{ call: { id: "call-1", name: "generateSandboxedUi", args: ['{"initialHeight":300,"ht', 'ml":"<p>He', 'llo</p>"}'] } }]],
  "show the app": [[{ call: { id: "call-1", name: "show", args: '{"q":"z"}' } }], ["It is there."]],
  "open both apps": [
    [
      { call: { id: "call-1", name: "get-budget-data", args: "{}" } },
      { call: { id: "call-2", name: "show-map", args: '{"west":10,"south":59,"east":11,"north":60,"label":"Oslo"}' } },
    ],
  ],
  "hold on": [["Be", "gin ", { hold: "middle" }, "and end"]],
  "be refused": [[{ status: 401, body: { error: { message: "Incorrect API key provided: sk-secret", type: "invalid_request_error", code: "invalid_api_key" } } }]],
  "be limited": [[{ status: 429, body: { error: { message: "Rate limit reached for org-secret", type: "tokens", code: "rate_limit_exceeded" } } }]],
  "break down": [[{ status: 500, body: { error: { message: "The server had an error", type: "server_error" } } }]],
  "break off": [["Half a ", { hold: "drop" }, { drop: true }]],
  "end without a reason": [["Half a ", { end: true }]],
  "end without done": [["All of it", { finish: "stop" }, { end: true }]],
  "send garbage": [["Half a ", { hold: "garbage" }, { raw: "data: {nonsense}\n\n" }, "sentence"]],
  "send a page": [[{ raw: "<html><body>Sign in, please</body></html>" }, { end: true }]],
  "call and go on": [["Before ", { call: { id: "call-1", name: "setColor", args: '{"color":"red"}' } }, "after."]],
  suggestions: [
    [
      {
        call: {
          id: "call-s",
          name: "copilotkitSuggest",
          args: ['{"suggestions":[{"title":"Say hello",', '"message":"say hello"}]}'],
        },
      },
    ],
  ],
};
