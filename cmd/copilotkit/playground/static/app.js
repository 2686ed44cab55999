// The playground: choose an agent, chat, stop, reopen a thread.

import { Conversation } from "./conversation.js";
import * as drawing from "./drawing.js";
import * as events from "./events.js";
import * as messages from "./messages.js";
import { element } from "./messages.js";
import * as runtime from "./runtime.js";
import * as timeline from "./timeline.js";
import { runTool, showNotice } from "./tools.js";

const $ = (id) => document.getElementById(id);
const prompts = ["What are you?", "call set_accent_color", "think about tea"];
const maxToolRounds = 8; // runs in a row for a model that keeps calling tools

let agentId;
let threadId;
let conversation = new Conversation();
let leave = new AbortController(); // aborts the stream that the page follows
let canManage = false; // whether threads can be renamed and deleted
let listing = 0; // counts the requests for the list, of which the last is shown

async function main() {
  wire();
  await load();
}

async function load() {
  let about;
  try {
    about = await runtime.info();
  } catch (error) {
    if (error.status === 401) return askForToken();
    messages.append("error", `The runtime cannot be reached: ${error.message}`);
    return;
  }
  suggest(drawing.announce(about));
  canManage = !runtime.singleRoute && about.threadEndpoints?.mutations === true;
  for (const [id, agent] of Object.entries(about.agents)) {
    const option = element("option", "", id);
    option.value = id;
    option.title = agent.description;
    $("agent").append(option);
  }
  const [agent, thread] = location.hash.slice(1).split("/").map(decodeURIComponent);
  agentId = agent in about.agents ? agent : Object.keys(about.agents)[0];
  $("agent").value = agentId;
  $("input").disabled = false; // before there is nobody to send to
  if (thread && agentId === agent) await openThread(thread);
  else newThread();
  await listThreads();
}

// --- Signing in -----------------------------------------------------------------

/** Shows the field for a token in place of the conversation. */
function askForToken() {
  $("wrong-token").hidden = !runtime.token();
  showSignIn(true);
  $("token").focus();
}

function showSignIn(shown) {
  $("sign-in").hidden = !shown;
  $("welcome").hidden = $("composer").hidden = $("new-thread").disabled = shown;
  $("sign-out").hidden = shown || !runtime.token();
}

/** Starts the page again, so that nothing of one user is left for the next. */
function signOut() {
  runtime.setToken("");
  history.replaceState(null, "", location.pathname);
  location.reload();
}

// --- Threads ------------------------------------------------------------------

function newThread() {
  enter(crypto.randomUUID(), "");
}

/** Opens a thread: shows its history, and follows the live run if there is one. */
async function openThread(id) {
  enter(id, `#${encodeURIComponent(agentId)}/${encodeURIComponent(id)}`);
  await follow(runtime.connect(agentId, input([]), leave.signal));
  if (conversation.messages.length === 0) showNotice("Nothing has been said in this thread.");
}

function enter(id, hash) {
  leave.abort();
  leave = new AbortController();
  threadId = id;
  conversation = new Conversation();
  history.replaceState(null, "", hash || location.pathname);
  events.clear();
  timeline.clear();
  messages.show(conversation);
  setRunning(false);
  markCurrent();
  $("input").focus();
}

async function listThreads() {
  if (runtime.singleRoute) return; // the single route has no threads
  const mine = ++listing;
  let threads;
  try {
    threads = await runtime.listThreads(agentId);
  } catch (error) {
    showNotice(`Threads: ${error.message}`);
    return;
  }
  if (mine !== listing) return;
  $("no-threads").hidden = threads.length > 0;
  $("threads").replaceChildren(...threads.map((thread) => {
    const label = thread.name || `Thread of ${new Date(thread.createdAt).toLocaleString()}`;
    const open = element("button", "open", label);
    open.type = "button";
    open.title = label;
    open.onclick = () => openThread(thread.id);
    const item = element("li", "", open);
    item.dataset.id = thread.id;
    if (canManage) {
      const remove = element("button", "delete", "×");
      remove.type = "button";
      remove.setAttribute("aria-label", `Delete ${label}`);
      remove.onclick = () => removeThread(thread.id);
      item.append(remove);
    }
    return item;
  }));
  markCurrent();
}

function markCurrent() {
  for (const item of $("threads").children) {
    const isCurrent = item.dataset.id === threadId;
    item.classList.toggle("current", isCurrent);
    item.firstChild.setAttribute("aria-current", isCurrent);
  }
}

async function removeThread(id) {
  try {
    await runtime.deleteThread(agentId, id);
  } catch (error) {
    showNotice(error.message);
  }
  if (id === threadId) newThread();
  await listThreads();
}

// --- Runs ---------------------------------------------------------------------

async function send(text) {
  const isFirst = conversation.messages.length === 0;
  history.replaceState(null, "", `#${encodeURIComponent(agentId)}/${encodeURIComponent(threadId)}`);
  say({ id: crypto.randomUUID(), role: "user", content: text });
  const [agent, thread] = [agentId, threadId];
  timeline.begin();
  await runUntilAnswered();
  if (isFirst && canManage) await runtime.renameThread(agent, thread, text.slice(0, 80)).catch(() => {});
  await listThreads();
}

/** Runs the agent, and again with the results of each call of the page's tools. */
async function runUntilAnswered(resume, properties) {
  for (let round = 0; round < maxToolRounds; round++) {
    const entered = leave;
    const ended = await follow(runtime.run(agentId, input(conversation.messages, resume, properties), entered.signal));
    if (!ended || entered !== leave || conversation.error) return;
    resume = properties = undefined;
    if (conversation.interrupts.length) return ask(conversation.interrupts);
    let answered = false;
    for (const call of conversation.openCalls()) {
      const result = runTool(call) ?? drawing.drawn(call);
      if (result === undefined) continue;
      say({ id: crypto.randomUUID(), role: "tool", toolCallId: call.id, content: result });
      answered = true;
    }
    if (!answered) return;
  }
}

/** Shows the questions of an interrupted run, and resumes it with the answer. */
function ask(interrupts) {
  const answer = (status, payload) => {
    question.remove();
    runUntilAnswered(interrupts.map(({ id }) => ({ interruptId: id, status, payload }))).then(listThreads);
  };
  const yes = element("button", "", "Approve");
  const no = element("button", "", "Cancel");
  yes.onclick = () => answer("resolved", { approved: true });
  no.onclick = () => answer("cancelled");
  const question = messages.append("question", interrupts.map((i) => i.message || i.reason).join(" "), yes, no);
  yes.focus();
}

/** Adds a message to the conversation. */
function say(message) {
  conversation.add(message);
  messages.update(message);
  const [owner] = conversation.call(message.toolCallId);
  if (owner) messages.update(owner);
}

/** Shows a stream of events until it ends. Resolves to false if it broke or the page left it. */
async function follow(stream) {
  const mine = conversation;
  setRunning(true);
  try {
    for await (const event of stream) {
      if (mine !== conversation) return false;
      events.record(event);
      timeline.record(event);
      const before = mine.messages.length;
      const message = mine.apply(event);
      if (message) messages.update(message);
      for (const added of mine.messages.slice(before)) messages.update(added);
      if (event.type === "MESSAGES_SNAPSHOT") messages.show(mine);
      if (event.type === "RUN_ERROR") messages.append("error", event.message);
      if (event.type === "RUN_STARTED") setRunning(true);
    }
    return true;
  } catch (error) {
    if (mine !== conversation) return false;
    messages.append("error", error.message);
    return false;
  } finally {
    if (mine === conversation) {
      mine.running = false;
      setRunning(false);
      messages.flush();
    }
  }
}

function input(list, resume, properties) {
  const { tools, forwardedProps } = drawing.offer();
  return {
    threadId, runId: crypto.randomUUID(), state: conversation.state, messages: list.filter((message) => message.role !== "activity"),
    tools, context: [], forwardedProps: { ...forwardedProps, ...properties }, ...(resume && { resume }),
  };
}

function setRunning(running) {
  $("send").hidden = running;
  $("stop").hidden = !running;
  $("stop").disabled = false;
}

async function stop() {
  $("stop").disabled = true;
  try {
    const { stopped, message } = await runtime.stop(agentId, threadId);
    if (!stopped && message) showNotice(message);
  } catch (error) {
    showNotice(error.message);
  }
}

// --- The page -----------------------------------------------------------------

function wire() {
  $("sign-out").hidden = !runtime.token();
  $("sign-out").onclick = signOut;
  $("sign-in").onsubmit = (event) => {
    event.preventDefault();
    if (!$("token").value.trim()) return;
    runtime.setToken($("token").value.trim());
    $("token").value = "";
    showSignIn(false);
    load();
  };
  const field = $("input");
  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  };
  field.oninput = grow;
  field.onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("composer").requestSubmit();
  };
  $("composer").onsubmit = (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || !agentId || $("send").hidden) return;
    field.value = "";
    grow();
    send(text);
  };
  $("stop").onclick = stop;
  document.onkeydown = (event) => {
    if (event.key === "Escape" && !$("stop").hidden) stop();
  };
  $("agent").onchange = () => {
    agentId = $("agent").value;
    newThread();
    listThreads();
  };
  $("new-thread").onclick = newThread;
  $("clear-events").onclick = events.clear;
  $("toggle-events").onclick = () => {
    const hidden = document.querySelector("main").classList.toggle("no-events");
    $("toggle-events").setAttribute("aria-pressed", !hidden);
  };
  $("toggle-theme").onclick = () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  };
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  suggest(prompts);
  messages.onAction((userAction) => {
    if ($("stop").hidden) runUntilAnswered(undefined, { a2uiAction: { userAction } }).then(listThreads);
  });
}

/** Adds buttons that say something for the user. */
function suggest(texts) {
  $("prompts").append(...texts.map((text) => {
    const button = element("button", "", text);
    button.type = "button";
    button.onclick = () => agentId && $("stop").hidden && send(text);
    return button;
  }));
}

main();
