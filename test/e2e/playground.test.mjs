// The local server's playground in headless Chromium, with the embedded model.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { join } from "node:path";
import { mkdirSync } from "node:fs";
import { launch, slowDown } from "./browser.mjs";
import { eventually } from "./eventually.mjs";
import { build, cache, startLocal, startPlatform } from "./runtimes.mjs";

const screenshots = join(cache, "screenshots");
const slow = Number(process.env.SLOW ?? 1); // how many times slower than the machine the pages are
let browser, runtime, page, problems;

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  runtime = await startLocal(await build("./cmd/copilotkit", "copilotkit"), demo);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await runtime?.stop();
});
beforeEach(async (t) => {
  problems = [];
  page = await open();
  t.after(async () => {
    await page.context().close();
    assert.deepEqual(problems, [], "the page reported problems");
  });
});

async function open(origin = runtime.origin) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const opened = await context.newPage();
  opened.setDefaultTimeout(60_000);
  if (slow > 1) await slowDown(opened, slow);
  opened.on("pageerror", (error) => problems.push(error.message));
  // Violations of the page's Content-Security-Policy are reported here too.
  opened.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await opened.goto(`${origin}/`);
  await opened.locator("#agent option").first().waitFor({ state: "attached" });
  return opened;
}

const stop = () => page.getByRole("button", { name: "Stop" });
const send = () => page.getByRole("button", { name: "Send" });
const answer = () => page.locator(".message.assistant").last();

/** Says what the model thinks about for a minute and more, so that there is time to do something meanwhile. */
const sayMuch = () => say(`Think about ${"tea and ".repeat(3000)}coffee`);

/** The embedded model, with a state that takes it as long to show. */
const demo = { COPILOTKIT_MODEL: "demo", COPILOTKIT_PROMPT: `## State of the application\n\`\`\`json\n${"tea and ".repeat(3000)}\n\`\`\`` };

/** Resolves when the answer to the page's so many-th message is over. */
const answered = (count) => page.locator("#events .RUN_FINISHED").nth(count - 1).waitFor();

/** Has a long answer grow on the screen, and stops it. */
async function grows() {
  await say("Show the state");
  await answer().filter({ hasText: "The application shares" }).waitFor();
  const length = async () => (await answer().innerText()).length;
  const before = await length();
  await eventually("the answer grows", async () => (await length()) > before + 50);
  await stop().click();
  await send().waitFor();
}

/** The number of events that the page has got. */
const count = async () => Number(await page.locator("#event-count").innerText());

async function say(text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
}

test("an answer grows on the screen, and its events are beside it", async () => {
  await say("What are you?");
  await answered(1);
  await send().waitFor();
  const types = await page.locator("#events .type").allInnerTexts();
  assert.equal(types[0], "RUN_STARTED");
  assert.equal(types.at(-1), "RUN_FINISHED");
  await page.locator("#events summary").first().click();
  assert.match(await page.locator("#events pre").first().innerText(), /"threadId"/);
  await page.screenshot({ path: join(screenshots, "playground.png") });
  await grows();
});

test("everything is on the screen of a phone, and nothing scrolls sideways", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const fits = async (when) => {
    const [width, height] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
    assert.ok(width <= 390 && height <= 844, `${when} the page has ${width} x ${height} pixels`);
    for (const shown of [page.getByLabel("Message", { exact: true }), send(), page.locator("#agent"), page.locator("#toggle-events"), page.locator("#toggle-theme"), page.locator("#new-thread")]) {
      const box = await shown.boundingBox();
      assert.ok(box && box.x >= 0 && box.y >= 0 && box.x + box.width <= 390 && box.y + box.height <= 844, `${when} ${shown} lies at ${JSON.stringify(box)}`);
    }
  };
  await fits("at first");
  await say("What are you?");
  await answered(1);
  await send().waitFor();
  await fits("after an answer");
  const [events, input] = [await page.locator("#events-pane").boundingBox(), await page.getByLabel("Message", { exact: true }).boundingBox()];
  assert.ok(events.y + events.height <= input.y, "the events lie above the input");
  assert.ok(await page.locator("#timeline").isVisible(), "the timeline is among them");
  await page.screenshot({ path: join(screenshots, "playground phone.png") });
  await page.locator("#toggle-events").click();
  await fits("without events");
});

test("Stop ends the answer, and the thread goes on", async () => {
  await sayMuch();
  await page.locator(".message.reasoning").waitFor();
  await stop().click();
  await answered(1);
  await send().waitFor();
  assert.equal(await page.locator("#events .type").last().innerText(), "RUN_FINISHED");
  assert.equal(await page.getByText("I have thought about it").count(), 0, "the answer is cut");
  await say("Think about coffee");
  await answered(2);
  await send().waitFor();
  await page.getByText("I have thought about it. A real model would have an opinion now.").waitFor();
});

test("a tool that the model calls changes the page", async () => {
  const accent = () => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--accent"));
  const before = await accent();
  await say("call set_accent_color");
  await page.getByText("set_accent_color").last().waitFor();
  await page.locator("#events .RUN_FINISHED").nth(1).waitFor();
  assert.notEqual(await accent(), before);
  assert.equal(await page.locator(".message.error").count(), 0);
});

test("a run's timeline shows its model calls, the first token, tools and tokens", async () => {
  const row = (kind) => page.locator(`#timeline-rows li.${kind}`);
  assert.equal(await page.locator("#timeline").isVisible(), false, "there is one before a run");
  await say("What are you?");
  await row("model").waitFor();
  await answered(1);
  await send().waitFor();
  await page.locator("#timeline-sum").filter({ hasText: "stop" }).waitFor(); // the demo counts no tokens
  assert.match(await page.locator("#timeline-sum").innerText(), /^[\d.]+ m?s · first token [\d.]+ m?s · stop$/);
  assert.equal(await row("model").count(), 1);
  const [bar, first, track] = [await row("model").locator(".bar").boundingBox(), await row("model").locator(".first").boundingBox(), await row("model").locator(".track").boundingBox()];
  assert.ok(bar.width > 10 && first.x >= bar.x && bar.x + bar.width <= track.x + track.width + 1, JSON.stringify([bar, first, track]));

  await say("call set_accent_color");
  await page.locator("#events .RUN_FINISHED").nth(2).waitFor();
  await page.locator("#timeline-sum").filter({ hasText: "stop" }).waitFor();
  assert.equal(await row("model").count(), 2, "one for each run that answers the message");
  assert.equal(await row("tool").locator(".name").innerText(), "set_accent_color");
  assert.equal(await row("tool").locator(".time").innerText(), "on the page");
  await page.screenshot({ path: join(screenshots, "playground timeline.png") });
  await page.getByRole("button", { name: "New thread" }).click();
  assert.equal(await page.locator("#timeline").isVisible(), false, "it is another thread's");
});

test("a timeline holds ten thousand events, hostile names and a narrow screen", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const seen = await page.evaluate(async () => {
    const timeline = await import("/playground/timeline.js");
    const evil = `<img src=x onerror="throw 1"><script>throw 2</scr` + `ipt>${"long ".repeat(100)}`;
    timeline.begin();
    timeline.record({ type: "RUN_STARTED" });
    const began = performance.now();
    for (let i = 0; i < 2500; i++) {
      const toolCallId = `${evil} ${i}`;
      timeline.record({ type: "TOOL_CALL_START", toolCallId, toolCallName: evil });
      timeline.record({ type: "TOOL_CALL_END", toolCallId });
      timeline.record({ type: "STEP_STARTED", stepName: evil });
      if (i % 2) timeline.record({ type: "TOOL_CALL_RESULT", toolCallId, content: evil });
    }
    timeline.record({ type: "STEP_STARTED" });
    timeline.record({ type: "TOOL_CALL_RESULT", toolCallId: "none" });
    timeline.record({ type: "RUN_ERROR", code: evil, usage: [{ inputTokens: "9".repeat(400), outputTokens: -5 }, { inputTokens: 3 }] });
    const took = performance.now() - began;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const pane = document.querySelector("#timeline");
    return {
      took, rows: pane.querySelectorAll("li").length, markup: pane.querySelectorAll("img, script").length, text: pane.textContent.length,
      sum: document.querySelector("#timeline-sum").textContent, width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight,
    };
  });
  assert.equal(seen.markup, 0);
  assert.ok(seen.rows <= 41 && seen.text < 6000, JSON.stringify(seen));
  assert.ok(seen.took < 2000, `it took ${seen.took} ms`);
  assert.ok(seen.width <= 390 && seen.height <= 844, `the page has ${seen.width} x ${seen.height} pixels`);
  assert.match(seen.sum, /3 \+ 0 tokens · <img/);
});

test("a thread can be left, found in the list, reloaded and deleted", async () => {
  await say("What are you?");
  await answered(1);
  await send().waitFor();
  const said = await answer().innerText();
  await page.getByRole("button", { name: "New thread" }).click();
  await page.getByRole("heading", { name: "Talk to your agent" }).waitFor();
  await page.getByRole("button", { name: "What are you?", exact: true }).and(page.locator(".open")).first().click();
  await answered(1);
  await send().waitFor();
  assert.equal(await answer().innerText(), said);
  await page.reload();
  await answered(1);
  await send().waitFor();
  assert.equal(await answer().innerText(), said);
  const current = page.locator("#threads li.current");
  // A deleted thread stops being the current one before it leaves the list.
  const deleted = page.locator(`#threads li[data-id="${await current.getAttribute("data-id")}"]`);
  await current.hover();
  await current.locator(".delete").click();
  await deleted.waitFor({ state: "detached" });
});

test("a reload in the middle of an answer follows it to its end", async () => {
  const whole = async (count) => {
    await answered(count);
    await send().waitFor();
    assert.equal(await page.locator("#events .type").last().innerText(), "RUN_FINISHED");
  };
  await say("What are you?");
  await answer().waitFor();
  await page.reload();
  await whole(1);
  assert.match(await answer().innerText(), /to see a tool called$/m, "the answer is whole");

  await sayMuch(); // so that it can't be over before the reload
  await page.locator(".message.reasoning").waitFor();
  await page.reload();
  await page.locator(".message.reasoning").waitFor();
  const events = await count();
  await eventually("the answer goes on", async () => (await count()) > events);
  await stop().click();
  await whole(2);
});

test("what a model writes never becomes markup", async () => {
  const text = await page.evaluate(async () => {
    const { markdown } = await import("/playground/markdown.js");
    const box = document.createElement("div");
    box.append(...markdown('<img src=x onerror="throw 1"> [x](javascript:alert(1)) [y](https://a.example)\n\n<script>throw 2</script>'));
    document.body.append(box);
    return { html: box.innerHTML, links: [...box.querySelectorAll("a")].map((a) => a.href), images: box.querySelectorAll("img, script").length };
  });
  assert.equal(text.images, 0, text.html);
  assert.deepEqual(text.links, ["https://a.example/"]);
});

test("it works over a single route", async () => {
  const single = await startLocal(await build("./cmd/copilotkit", "copilotkit"), { COPILOTKIT_MODEL: "demo", COPILOTKIT_ENDPOINT: "single-route" });
  try {
    const multi = page;
    page = await open(single.origin);
    await say("What are you?");
    await answered(1);
    await send().waitFor();
    assert.match(await answer().innerText(), /demo/i);
    await page.context().close();
    page = multi;
  } finally {
    await single.stop();
  }
});

test("threads that a managed platform keeps come through its gateway", async () => {
  const platform = await startPlatform();
  const managed = await startLocal(await build("./cmd/copilotkit", "copilotkit"), { ...demo, COPILOTKIT_INTELLIGENCE_USER: "dev", ...platform.env });
  const multi = page;
  try {
    page = await open(managed.origin);
    await say("What are you?");
    await answered(1);
    await send().waitFor();
    const said = await answer().innerText();
    await page.locator("#threads li").first().waitFor();

    const address = page.url();
    await page.reload();
    await answered(1);
    await send().waitFor();
    assert.deepEqual(await page.locator(".message.assistant").allInnerTexts(), [said], "the answer is shown once");

    await grows();
    await sayMuch();
    await page.locator(".message.reasoning").waitFor();
    const other = await open(managed.origin);
    await other.goto("about:blank"); // or only the fragment would change
    await other.goto(address);
    await other.locator(".message.reasoning").waitFor();
    await stop().click();
    await send().waitFor();
    await other.getByRole("button", { name: "Send" }).waitFor();
    const texts = (page) => page.locator("#messages").evaluate((all) => all.textContent);
    await eventually("both tabs show the same", async () => (await texts(other)) === (await texts(page)));
    await other.context().close();
    await page.context().close();
    assert.deepEqual(await platform.control("GET /violations"), []);
  } finally {
    page = multi;
    await managed.stop();
    await platform.close();
  }
});

test("a runtime with tokens has the page ask for one, and shows each user their own threads", async () => {
  const guarded = await startLocal(await build("./cmd/copilotkit", "copilotkit"), { COPILOTKIT_MODEL: "demo", COPILOTKIT_AUTH: "token", COPILOTKIT_AUTH_TOKENS: "ann:anns-token,bob:bobs-token" });
  const multi = page;
  try {
    page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(`${guarded.origin}/`);
    const signIn = async (token) => {
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Sign in" }).click();
    };
    await signIn("carols-token");
    await page.getByText("doesn't accept this token").waitFor();
    assert.equal(await page.getByLabel("Message", { exact: true }).isVisible(), false);
    await page.screenshot({ path: join(screenshots, "playground sign in.png") });
    await signIn("anns-token");
    await say("What are you?");
    await answered(1);
    await page.locator("#threads li").first().waitFor();
    assert.match(await answer().innerText(), /demo/i);
    const address = page.url();
    await page.reload();
    await answered(1);

    await page.getByRole("button", { name: "Sign out" }).click();
    await signIn("bobs-token");
    await page.locator("#no-threads").waitFor();
    assert.equal(await page.locator("#threads li").count(), 0);
    await page.goto("about:blank"); // or only the fragment would change
    await page.goto(address);
    await page.getByText("Nothing has been said in this thread.").waitFor();
    await page.context().close();
  } finally {
    page = multi;
    await guarded.stop();
  }
});
