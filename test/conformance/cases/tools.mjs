// Tools of the front end and of the server, state tools, interrupts, suggestions.
import { assistant, call, tool, user } from "../case.mjs";

const setColor = { name: "setColor", description: "Sets the color", parameters: { type: "object", properties: { color: { type: "string", description: "CSS" } }, required: ["color"] } };
const setSize = { name: "setSize", description: "Sets the size", parameters: { type: "object", properties: { size: { type: "number" } } } };

const play = (agent, text, input = {}, options = {}) => async (it) => {
  it.see("run", await it.run(agent, { text, ...input }, options));
  it.see("asked", it.asked());
};

export const tools = {
  "a front-end tool, then its result": async (it) => {
    it.see("first", await it.run("default", { text: "call setColor", tools: [setColor] }));
    const messages = [user("user-1", "call setColor"), assistant("a-1", "Changing. ", [call("call-1", "setColor", '{"color":"red"}')]), tool("t-1", "call-1", "done")];
    it.see("second", await it.run("default", { messages, tools: [setColor], runId: "run-2" }));
    it.see("asked", it.asked());
    it.see("connect", await it.connect("default"));
    it.see("messages", await it.get(`/threads/${encodeURIComponent(it.thread)}/messages`));
  },
  "two front-end tools at once": play("default", "call two", { tools: [setColor, setSize] }),
  "a front-end tool without arguments": play("default", "call without arguments", { tools: [{ name: "reload", description: "Reloads", parameters: { type: "object", properties: {} } }] }),
  "reasoning, then a tool": play("default", "think then call", { tools: [setColor] }),
  "a front-end tool that is not there": play("default", "call setColor"),
  "the schemas that the model gets": async (it) => {
    await it.run("default", {
      text: "say hello",
      tools: [
        setColor,
        { name: "nested", description: "Nested", parameters: { type: "object", properties: { list: { type: "array", items: { type: "object", properties: { a: { type: "integer" } } } }, kind: { type: "string", enum: ["x", "y"] }, any: {} } } },
        { name: "bare", description: "", parameters: {} },
      ],
    });
    it.see(
      "schemas",
      it.modelRequests().map(({ body }) => body.tools.filter((one) => ["setColor", "nested", "bare"].includes(one.function.name))),
    );
  },
  "a server tool": play("tools", "ask the weather"),
  "a server tool in three steps": play("tools", "ask the weather twice"),
  "no more steps than the limit": play("tools", "ask for ever"),
  "one step, where it is set so": play("onestep", "ask the weather"),
  "as many steps as there are by default": play("anysteps", "ask the weather"),
  "arguments that don't fit": play("tools", "ask wrongly"),
  "arguments that are no JSON": play("tools", "ask in no JSON"),
  "a tool that fails": play("tools", "ask the broken tool"),
  "a server tool and front-end tools": play("tools", "call setColor", { tools: [setColor] }),
  "a state snapshot by the model": play("default", "set the state", { state: { count: 1 } }),
  "a state delta by the model": play("default", "change the state", { state: { count: 1 } }),
  "a state delta that doesn't fit": play("default", "change no state", { state: { count: 1 } }, { endless: true }),
  "an interrupt, resolved": async (it) => {
    it.see("interrupted", await it.run("interrupts", { text: "ask for approval" }));
    const messages = [user("user-1", "ask for approval"), assistant("a-1", "May I? ", [call("call-1", "approve", '{"what":"launch"}')])];
    const resume = [{ interruptId: "call-1", status: "resolved", payload: { approved: true } }];
    it.see("resumed", await it.run("interrupts", { messages, resume, runId: "run-2" }));
    it.see("asked", it.asked());
  },
  "an interrupt, cancelled": async (it) => {
    const messages = [user("user-1", "ask for approval"), assistant("a-1", "May I? ", [call("call-1", "approve", '{"what":"launch"}')])];
    it.see("resumed", await it.run("interrupts", { messages, resume: [{ interruptId: "call-1", status: "cancelled" }] }));
    it.see("asked", it.asked());
  },
  "an interrupt, answered as a message as well": async (it) => {
    const messages = [user("user-1", "ask for approval"), assistant("a-1", "May I? ", [call("call-1", "approve", '{"what":"launch"}')]), tool("t-1", "call-1", '{"approved":true}')];
    it.see("resumed", await it.run("interrupts", { messages, resume: [{ interruptId: "call-1", status: "resolved", payload: { approved: true } }] }));
    it.see("asked", it.asked());
  },
  "suggestions": async (it) => {
    const suggest = {
      name: "copilotkitSuggest",
      description: "Suggest what the user could say next",
      parameters: { type: "object", properties: { suggestions: { type: "array", items: { type: "object", properties: { title: { type: "string" }, message: { type: "string" } }, required: ["title", "message"] } } }, required: ["suggestions"] },
    };
    const input = { text: "Suggest what I could say next", tools: [suggest], forwardedProps: { toolChoice: { type: "function", function: { name: "copilotkitSuggest" } } } };
    it.see("suggest", await it.run("default", input, { route: "suggest" }));
    it.see("connect", await it.connect("default"));
    it.see("asked", it.asked());
  },
};
