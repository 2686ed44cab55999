// The scenes of interfaces that a model draws.
import assert from "node:assert/strict";
import { eventually } from "./eventually.mjs";

/** The document of an MCP App: a frame in the frame that the front end makes of it. */
export const app = (page, index = 0) => page.chat.frameLocator(`[data-testid=mcp-app-iframe] >> nth=${index}`).frameLocator("iframe");

/** The page that a model wrote. */
export const written = (page) => page.chat.frameLocator(".websandbox__frame");

/** Picks a color on the page that a model wrote. Its buttons are seen before its script runs, and do nothing until then. */
export async function picks(page, color) {
  await eventually("the page that the model wrote answers", async () => {
    await written(page).getByRole("button", { name: color }).click();
    return written(page).getByText(`You picked ${color}.`).isVisible();
  });
  await eventually("the app has the color", async () => (await page.color()) === color);
}

/** Reloads the page, after the instances that have answered it so far have ended. */
async function reloadElsewhere(page, drawings) {
  await eventually("the chat is idle", () => page.idle());
  await page.page.goto("about:blank"); // nothing of it is on its way any more
  await drawings.replaceInstances();
  await page.page.goBack();
  await page.writes("Open the clock"); // the thread is there
}

export const drawingScenes = {
  "a card is drawn piece by piece, of the app's own components": async ({ open, release, model }) => {
    const page = await open();
    const rating = (name) => page.chat.getByRole("img", { name });
    await page.say("Draw ratings");
    await page.chat.getByText("Maaemo").waitFor();
    assert.equal(await page.chat.getByText("Sult").count(), 0);
    release("ratings");
    await page.chat.getByText("Sult").waitFor();
    await rating("Food: 4 of 5 stars").waitFor();
    const [request] = model.requests.filter((one) => one.body.tools?.some((tool) => tool.function.name === "render_a2ui"));
    assert.match(JSON.stringify(request.body.messages), /Stars from 0 to 5|Rating/, "the model knows the component");
    await page.reload();
    await rating("Food: 4 of 5 stars").waitFor();
  },

  "drawn on Lambda, a card's button comes back as an action, and so it does on another instance": async ({ open, drawings }) => {
    const page = await open({ url: drawings.url });
    const book = async (name, place) => {
      await eventually("the card isn't drawn any more", () => page.idle());
      await page.chat.getByLabel("Name").fill(name);
      await page.chat.getByRole("button", { name: "Book" }).nth(place).click();
    };
    await page.say("Draw a card");
    await page.chat.getByText("A table for dinner").waitFor();
    await page.chat.getByText("Kolonihagen").waitFor();
    await book("Grace", 1);
    await page.sees("in the name of Grace.");
    await page.illustrate("card");

    await reloadElsewhere(page, drawings);
    await page.chat.getByText("A table for dinner").waitFor();
    await page.sees("in the name of Grace.");
    await eventually("the card is filled in as the model wrote it", async () => (await page.chat.getByLabel("Name").inputValue()) === "Ada");
    await book("Alan", 2);
    await page.sees("in the name of Alan.");
    assert.match(await page.chat.innerText(), /at Sult, in the name of Grace[^]*at Kolonihagen, in the name of Alan/);
  },

  "drawn on Lambda, an MCP App calls its server's tool from its frame, and so it does on another instance": async ({ open, drawings }) => {
    const page = await open({ url: drawings.url });
    await page.say("Open the budget");
    await app(page).getByText("Engineering").first().waitFor();
    await page.illustrate("app");
    await page.say("Open the time");
    const callsTool = async () => {
      const time = app(page, 1).locator("#server-time");
      await time.filter({ hasText: /\d/ }).waitFor();
      const before = await time.innerText();
      await app(page, 1).getByRole("button", { name: "Get Server Time" }).click();
      await time.filter({ hasText: /\d/, hasNotText: before }).waitFor();
    };
    await callsTool();

    await reloadElsewhere(page, drawings);
    await app(page).getByText("Engineering").first().waitFor();
    await callsTool();
    await page.say("Open the clock"); // the thread goes on
    await page.sees("There is no MCP App for");
  },

  "drawn on Lambda, a page that the model writes calls the app, and so it does on another instance": async ({ open, drawings }) => {
    const page = await open({ url: drawings.url });
    await page.say("Build a page");
    await written(page).getByRole("heading", { name: "Pick a color" }).waitFor();
    await page.sees("The page is there.");
    await picks(page, "teal");
    await page.illustrate("page");

    await reloadElsewhere(page, drawings);
    await page.sees("The page is there.");
    await picks(page, "tomato");
  },
};
