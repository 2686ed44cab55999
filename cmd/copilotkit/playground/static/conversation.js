// The messages and the state of a thread, updated by its events.

/** A conversation. `messages` and `state` are the input of the next run. */
export class Conversation {
  messages = [];
  state = {};
  running = false;
  /** The interrupts that the last run ended with. */
  interrupts = [];
  /** The error of the last run, or null. */
  error = null;

  /** Applies an event. Returns the message that it changed, if any. */
  apply(event) {
    const handler = handlers[event.type];
    return handler?.call(this, event) ?? null;
  }

  find(id) {
    return this.messages.find((message) => message.id === id);
  }

  add(message) {
    const old = this.find(message.id);
    if (old) return old;
    this.messages.push(message);
    return message;
  }

  /** Returns the tool calls that have no result. */
  openCalls() {
    const answered = new Set(this.messages.filter((m) => m.role === "tool").map((m) => m.toolCallId));
    return this.messages.flatMap((m) => m.toolCalls ?? []).filter((call) => !answered.has(call.id));
  }

  call(id) {
    for (const message of this.messages) {
      const call = message.toolCalls?.find((c) => c.id === id);
      if (call) return [message, call];
    }
    return [null, null];
  }
}

const handlers = {
  RUN_STARTED(event) {
    this.running = true;
    this.error = null;
    this.interrupts = [];
    for (const message of event.input?.messages ?? []) this.add(structuredClone(message));
  },
  RUN_FINISHED(event) {
    this.running = false;
    this.interrupts = event.outcome?.interrupts ?? [];
  },
  RUN_ERROR(event) {
    this.running = false;
    this.error = event.message;
  },
  TEXT_MESSAGE_START(event) {
    return this.add({ id: event.messageId, role: event.role ?? "assistant", content: "" });
  },
  TEXT_MESSAGE_CONTENT(event) {
    const message = this.find(event.messageId);
    if (message) message.content = (message.content ?? "") + event.delta;
    return message;
  },
  TEXT_MESSAGE_END(event) {
    return this.find(event.messageId);
  },
  REASONING_MESSAGE_START(event) {
    return this.add({ id: event.messageId, role: "reasoning", content: "" });
  },
  REASONING_MESSAGE_CONTENT(event) {
    const message = this.find(event.messageId);
    if (message) message.content += event.delta;
    return message;
  },
  TOOL_CALL_START(event) {
    const message = this.find(event.parentMessageId) ?? this.add({ id: event.parentMessageId ?? event.toolCallId, role: "assistant" });
    message.toolCalls ??= [];
    message.toolCalls.push({ id: event.toolCallId, type: "function", function: { name: event.toolCallName, arguments: "" } });
    return message;
  },
  TOOL_CALL_ARGS(event) {
    const [message, call] = this.call(event.toolCallId);
    if (call) call.function.arguments += event.delta;
    return message;
  },
  TOOL_CALL_RESULT(event) {
    this.add({ id: event.messageId, role: "tool", toolCallId: event.toolCallId, content: event.content });
    return this.call(event.toolCallId)[0];
  },
  MESSAGES_SNAPSHOT(event) {
    this.messages = structuredClone(event.messages);
  },
  STATE_SNAPSHOT(event) {
    this.state = event.snapshot;
  },
  STATE_DELTA(event) {
    this.state = patch(this.state, event.delta);
  },
};

/** Applies the add, replace and remove operations of a JSON Patch. Returns the new value. */
function patch(document, operations) {
  const root = { document: structuredClone(document) };
  for (const { op, path, value } of operations) {
    const keys = ["document", ...path.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))];
    const last = keys.pop();
    const parent = keys.reduce((at, key) => at?.[key], root);
    if (parent === null || typeof parent !== "object") continue;
    if (Array.isArray(parent) && op !== "replace") {
      const index = last === "-" ? parent.length : Number(last);
      if (op === "add") parent.splice(index, 0, value);
      else if (op === "remove") parent.splice(index, 1);
    } else if (op === "remove") delete parent[last];
    else if (op === "add" || op === "replace") parent[last] = value;
  }
  return root.document;
}
