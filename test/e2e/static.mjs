// The scenes of an app that the runtime's own process serves, under its Content-Security-Policy.
// What that forbids is a problem of the page, so that the scene fails.
import assert from "node:assert/strict";
import { app, picks } from "./drawings.mjs";
import { eventually } from "./eventually.mjs";

export const staticScenes = {
  "served by the runtime's process, the app chats and asks, and a reload finds it at its own address": async ({ open, oneProcess }) => {
    const { origin, hash } = new URL(oneProcess);
    const page = await open({ url: `${origin}/trips/2026%2F11/oslo${hash}` }); // deeper than any file
    await page.say("Say hello");
    await page.sees("Hello from the scripted model!");
    await page.say("Book a table");
    await page.page.getByRole("button", { name: "Approve" }).click();
    await page.sees("Understood. Approved: Maaemo at 19:00.");
    await page.say("Show what you can write");
    await page.chat.locator("pre code").getByText("answer").first().waitFor();
    await page.chat.locator("svg[id^=mermaid]").first().waitFor();
    await eventually("the chat is idle", () => page.idle());
    await page.reload();
    await page.sees("Understood. Approved: Maaemo at 19:00.");
    await page.chat.locator("svg[id^=mermaid]").first().waitFor();
    const [cookie, ...others] = await page.context.cookies();
    assert.ok(cookie.name.startsWith("__Host-") && others.length === 0, "the session is the one cookie of the one origin");
  },

  "served by the container image, the app chats, and a reload finds it": async ({ open, image }) => {
    const { origin, hash } = new URL(image);
    const page = await open({ url: `${origin}/trips/oslo${hash}` });
    await page.say("Say hello");
    await page.sees("Hello from the scripted model!");
    await eventually("the chat is idle", () => page.idle());
    await page.reload();
    await page.sees("Hello from the scripted model!");
  },

  "served by the runtime's process, the app asks no other site for what a model wrote": async ({ open, oneProcess }) => {
    const page = await open({ url: oneProcess });
    const answered = [];
    page.page.on("response", (response) => answered.push(new URL(response.url()).origin));
    const failed = [];
    page.page.on("requestfailed", (request) => failed.push(`${new URL(request.url()).host} ${request.failure().errorText}`));
    await page.say("Show a picture from elsewhere");
    await eventually("the policy refuses it", () => page.problems.some((problem) => problem.includes("img-src")) && failed.length > 0);
    await eventually("the chat is idle", () => page.idle());
    assert.deepEqual(page.problems.filter((problem) => !problem.includes("img-src")), []);
    page.problems.length = 0;
    assert.deepEqual([...new Set(failed.filter((one) => !one.startsWith("127.0.0.1")))], ["elsewhere.invalid csp"]);
    assert.deepEqual([...new Set(answered)].filter((origin) => origin !== "null"), [new URL(oneProcess).origin]);
  },

  "served by the runtime's process, MCP Apps and pages that a model writes run": async ({ open, oneProcessDraws }) => {
    const page = await open({ url: oneProcessDraws });
    await page.say("Draw a card");
    await page.chat.getByText("A table for dinner").waitFor();
    await page.say("Open the time");
    await app(page).locator("#server-time").filter({ hasText: /\d/ }).waitFor();
    await app(page).getByRole("button", { name: "Get Server Time" }).click();
    await page.say("Build a page");
    await picks(page, "teal");
  },
};
