// The protocol's own client, in both current versions, against each runtime.
import * as client059 from "@ag-ui/client";
import * as client1 from "@ag-ui/client-1";
import { normalize } from "../normalize.mjs";

const setColor = { name: "setColor", description: "Sets the color", parameters: { type: "object", properties: { color: { type: "string" } } } };

// The clients report every field that their version doesn't know, such as the
// finishReason that both runtimes add to RUN_FINISHED.
console.warn = () => {};

function play(library) {
  return async (it) => {
    const agent = (name) => new library.HttpAgent({ url: `http://127.0.0.1:${it.side.ports.main}/api/copilotkit/agent/${name}/run`, threadId: it.thread });
    const chat = async (label, name, text, parameters = {}, state) => {
      const one = agent(name);
      one.threadId = `${it.thread} ${label}`;
      one.setMessages([{ id: "user-1", role: "user", content: text }]);
      if (state) one.setState(state);
      const types = [];
      let failed;
      const result = await one.runAgent({ runId: "run-1", ...parameters }, { onEvent: ({ event }) => void types.push(event.type) }).catch((error) => void (failed = String(error.message)));
      const seen = { types, failed, messages: one.messages, state: one.state, newMessages: result?.newMessages };
      it.see(label, JSON.parse(JSON.stringify(normalize(seen, "user-1"))));
      return one;
    };
    await chat("text", "default", "say hello");
    await chat("reasoning", "default", "think first");
    const one = await chat("tool call", "default", "call setColor", { tools: [setColor] });
    one.addMessage({ id: "t-1", role: "tool", toolCallId: "call-1", content: "done" });
    await one.runAgent({ runId: "run-2", tools: [setColor] });
    it.see("tool result", JSON.parse(JSON.stringify(normalize(one.messages, "user-1 t-1"))));
    await chat("server tools", "tools", "ask the weather twice");
    await chat("state", "default", "change the state", {}, { count: 1 });
    await chat("interrupt", "interrupts", "ask for approval");
    await chat("remote", "plain", "hi");
    await chat("refused", "default", "be limited").then(() => {});
  };
}

export const clients = {
  "@ag-ui/client 0.0.59": play(client059),
  "@ag-ui/client 1.0.0": play(client1),
};
