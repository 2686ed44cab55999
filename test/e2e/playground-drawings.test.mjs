// What a model draws, in the local server's playground.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, slowDown } from "./browser.mjs";
import { eventually } from "./eventually.mjs";
import { build, cache, startLocal } from "./runtimes.mjs";

const screenshots = join(cache, "screenshots");
const slow = Number(process.env.SLOW ?? 1); // how many times slower than the machine the pages are
let browser, runtime, page, problems;

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  runtime = await startLocal(await build("./cmd/copilotkit", "copilotkit"), { COPILOTKIT_MODEL: "demo", COPILOTKIT_A2UI: "on", COPILOTKIT_OPEN_GENERATIVE_UI: "on" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await runtime?.stop();
});
beforeEach(async (t) => {
  problems = [];
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  page.setDefaultTimeout(60_000);
  if (slow > 1) await slowDown(page, slow);
  page.on("pageerror", (error) => problems.push(error.message));
  // Violations of the page's Content-Security-Policy are reported here too.
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(`${runtime.origin}/`);
  await page.locator("#agent option").first().waitFor({ state: "attached" });
  t.after(async () => {
    await context.close();
    assert.deepEqual(problems, [], "the page reported problems");
  });
});

const send = () => page.getByRole("button", { name: "Send" });

test("a surface is there with its fields and buttons, which come back as actions, and again after a reload", async () => {
  await page.locator("#prompts").getByRole("button", { name: "draw a card" }).click();
  const surface = page.getByLabel("Surface dinner");
  await surface.getByText("Kolonihagen").waitFor();
  await send().waitFor();
  const book = async (name, place) => {
    await send().waitFor(); // the card isn't drawn any more
    await surface.getByLabel("Name").fill(name);
    await surface.getByRole("button", { name: "Book" }).nth(place).click();
    await page.getByText(`in the name of ${name}.`).waitFor();
    await send().waitFor();
  };
  await book("Grace", 1);
  await page.screenshot({ path: join(screenshots, "playground surface.png") });
  await page.reload();
  await page.getByText("in the name of Grace.").waitFor();
  await eventually("the card is filled in as the model wrote it", async () => (await surface.getByLabel("Name").inputValue()) === "Ada");
  await book("Alan", 0);
});

test("a page that the model writes runs in a sandbox, and again after a reload", async () => {
  await page.locator("#prompts").getByRole("button", { name: "build a page" }).click();
  const picks = async (color) => {
    // Its buttons are seen before its script runs, and do nothing until then.
    await eventually(`the page answers to ${color}`, async () => {
      await page.frameLocator("iframe").getByRole("button", { name: color }).click();
      return page.frameLocator("iframe").getByText(`You picked ${color}.`).isVisible();
    });
  };
  await picks("teal");
  await page.getByText("The page is there.").waitFor();
  await send().waitFor();
  await page.screenshot({ path: join(screenshots, "playground page.png") });
  await page.reload();
  await picks("tomato");
});

test("an activity is shown as what it is, and never becomes markup of the page", async () => {
  const evil = '<img src=x onerror="throw 1"><script>throw 2</script>';
  const shown = await page.evaluate(async (evil) => {
    const { activity } = await import("/playground/activities.js");
    const box = document.createElement("div");
    document.body.append(box);
    const draw = (activityType, content) => box.append(...activity({ activityType, content }, () => {}));
    draw("a2ui-surface", { a2ui_operations: [
      null,
      { createSurface: { surfaceId: evil } },
      { updateComponents: { surfaceId: evil, components: [
        null,
        { id: "root", component: evil, children: ["root", "text", "nothing", evil], href: "javascript:alert(1)", other: { evil } },
        { id: "text", component: "Text", text: { path: "/__proto__/polluted" } },
      ] } },
      { updateDataModel: { surfaceId: evil, path: "/__proto__/polluted", value: evil } },
    ] });
    draw("a2ui-surface", { status: "failed", error: evil });
    draw("mcp-apps", { resourceUri: evil, serverId: evil, toolInput: { evil }, result: { content: [{ type: "text", text: evil }, { type: evil }] } });
    draw("open-generative-ui", { generating: true, html: [evil] });
    draw(evil, { evil });
    draw("a2ui-surface", null);
    return {
      text: box.innerText, markup: box.querySelectorAll("img, script, a, iframe").length, polluted: {}.polluted,
      count: box.querySelectorAll(".drawing").length, nodes: box.querySelectorAll("*").length,
    };
  }, evil);
  assert.equal(shown.markup, 0, shown.text);
  assert.equal(shown.polluted, undefined);
  assert.equal(shown.count, 6);
  assert.ok(shown.nodes < 5000, `a surface that contains itself has ${shown.nodes} nodes`);
  assert.match(shown.text, /couldn't draw/);
});

test("what runs in the sandbox has no origin, no network, and none of the page", async () => {
  const came = await page.evaluate(async () => {
    const { activity } = await import("/playground/activities.js");
    const answer = new Promise((resolve) => addEventListener("message", (event) => resolve({ origin: event.origin, data: event.data })));
    const code = `(async () => {
      const attempt = async (what) => { try { return String(await what()); } catch (error) { return "refused"; } };
      parent.postMessage({
        storage: await attempt(() => localStorage.length),
        page: await attempt(() => parent.document.title),
        network: await attempt(async () => (await fetch("/")).status),
        top: await attempt(() => { top.location = "about:blank"; return "left"; }),
      }, "*");
    })()`;
    document.body.append(...activity({ activityType: "open-generative-ui", content: { generating: false, htmlComplete: true, html: ["<p>here</p>"], jsExpressions: [code] } }));
    return answer;
  });
  assert.deepEqual(came, { origin: "null", data: { storage: "refused", page: "refused", network: "refused", top: "refused" } });
  problems = problems.filter((problem) => !/Content Security Policy|Failed to fetch|navigate|sandboxed/i.test(problem)); // the refusals
});
