// The messages and the state of a thread, updated by its events.

import { patch } from "./pointer.js";

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
    // As other front ends do: a snapshot without activities, or without reasoning, says nothing of them.
    const given = new Map(structuredClone(event.messages).map((message) => [message.id, message]));
    const silent = ["activity", "reasoning"].filter((role) => ![...given.values()].some((message) => message.role === role));
    const kept = this.messages.filter((message) => silent.includes(message.role) || given.has(message.id)).map((message) => given.get(message.id) ?? message);
    this.messages = [...new Set([...kept, ...given.values()])];
  },
  STATE_SNAPSHOT(event) {
    this.state = event.snapshot;
  },
  STATE_DELTA(event) {
    const root = { document: structuredClone(this.state) };
    patch(root, event.delta);
    this.state = root.document;
  },
  ACTIVITY_SNAPSHOT(event) {
    const { messageId: id, activityType, replace = true } = event;
    const old = this.find(id);
    if (old && !replace) return old;
    const message = { id, role: "activity", activityType, content: structuredClone(event.content) };
    return old ? Object.assign(old, message) : this.add(message);
  },
  ACTIVITY_DELTA(event) {
    const message = this.find(event.messageId);
    if (message?.role !== "activity") return null;
    const root = { document: message.content };
    patch(root, structuredClone(event.patch)); // in place: a page comes in thousands of pieces
    message.content = root.document;
    return message;
  },
};
