// What a person does with the example app, and what must happen.
import assert from "node:assert/strict";
import { eventually } from "./eventually.mjs";

const asked = (model, prompt) => model.requests.filter((request) => JSON.stringify(request.body.messages.findLast((one) => one.role === "user")?.content ?? "").includes(prompt) && !suggests(request));
const suggests = (request) => request.body.tools?.some((tool) => tool.function.name === "copilotkitSuggest");
const lastTool = (request) => request.body.messages.findLast((message) => message.role === "tool")?.content;

/** Each scene gets open(), which opens a page, the model, and release(), which continues an answer that the model holds back. */
export const scenes = {
  "the answer grows while it streams": async ({ open, release }) => {
    const page = await open();
    await page.say("Tell me a slow story");
    await page.sees("Once upon a time");
    assert.equal(await page.chat.getByText("there was a gopher.").count(), 0);
    release("beginning");
    await page.sees("there was a gopher.");
    assert.equal(await page.chat.getByText("happily ever after").count(), 0);
    release("story");
    await page.sees("happily ever after");
  },

  "Stop ends the answer and the model's connection": async ({ open, model }) => {
    const page = await open();
    await page.say("Count forever");
    await page.sees("1 2 3 4 5");
    await page.stopButton.click();
    const [request] = asked(model, "Count forever");
    await eventually("the model's connection is closed", () => request.closed);
    await eventually("the chat is idle", () => page.idle());
    const text = await page.chat.innerText();
    await page.say("Say hello");
    await page.sees("Hello from the scripted model!");
    assert.ok((await page.chat.innerText()).includes(text.match(/1 2 3 4 5[ \d]*/)[0].trim()), "what was answered is still there, and no more of it");
  },

  "a message that is too large is explained in the chat": async ({ open, small, model }) => {
    const page = await open({ url: small });
    await page.say("Say hello");
    await page.sees("Hello from the scripted model!");
    await page.say(`Read this: ${"word ".repeat(10_000)}`);
    // In the conversation, not only where the page shows errors.
    const explanation = page.chat.locator("[data-testid=copilot-assistant-message]").filter({ hasText: "This message was not sent" });
    await explanation.waitFor();
    await eventually("the chat is idle", () => page.idle());
    assert.equal(asked(model, "Read this").length, 0);
  },

  "a reload shows the conversation": async ({ open }) => {
    const page = await open();
    await page.say("Say hello");
    await page.sees("Hello from the scripted model!");
    await page.reload();
    await page.sees("Say hello");
    await page.sees("Hello from the scripted model!");
    await page.say("Set the count to seven");
    await eventually("the conversation goes on", async () => (await page.count()) === "7");
  },

  "a reload in the middle of an answer follows it": async ({ open, release }) => {
    const page = await open();
    await page.say("Tell me a story");
    await page.sees("there was a gopher.");
    await page.reload();
    await page.sees("Once upon a time there was a gopher.");
    release("story");
    await page.sees("happily ever after");
  },

  "a front-end tool changes the page and the model goes on": async ({ open, model }) => {
    const page = await open();
    await page.say("Paint the page teal");
    await page.sees("The page is teal now.");
    assert.equal(await page.color(), "teal");
    const requests = asked(model, "Paint the page teal");
    assert.equal(requests.length, 2);
    assert.match(lastTool(requests[1]), /The page is teal now/);
  },

  "a person approves": async ({ open, model }) => {
    const page = await open();
    await page.say("Book a table");
    await page.page.getByRole("button", { name: "Approve" }).click();
    await page.sees("Understood. Approved: Maaemo at 19:00.");
    assert.deepEqual(await page.bookings(), ["Maaemo at 19:00"]);
    assert.match(lastTool(asked(model, "Book a table").at(-1)), /Approved: Maaemo/);
  },

  "a person rejects": async ({ open, model }) => {
    const page = await open();
    await page.say("Book a table");
    const reject = page.page.getByRole("button", { name: "Reject" });
    await reject.waitFor();
    await reject.click();
    await page.sees("Understood. Rejected: Maaemo at 19:00.");
    assert.deepEqual(await page.bookings(), []);
    assert.match(lastTool(asked(model, "Book a table").at(-1)), /Rejected: Maaemo/);
  },

  "the state is shared both ways": async ({ open, model }) => {
    const page = await open();
    await page.writes("What is the count?"); // the thread's state, none, is there by now
    for (const count of ["1", "2"]) {
      await page.page.getByRole("button", { name: "Add one" }).click();
      await eventually(`the count is ${count}`, async () => (await page.count()) === count);
    }
    await page.say("What is the count?");
    await page.sees("Let me look.");
    assert.match(JSON.stringify(asked(model, "What is the count?").at(-1).body.messages), /count\\*": 2/);
    await page.say("Set the count to seven");
    await eventually("the page shows the model's state", async () => (await page.count()) === "7");
  },

  "a generated suggestion is a chip to click": async ({ open }) => {
    const page = await open();
    await page.say("Say hello");
    const chip = page.page.getByRole("button", { name: "Make it teal" });
    await chip.waitFor();
    await chip.click();
    await page.sees("The page is teal now.");
    assert.equal(await page.color(), "teal");
  },

  "threads are renamed, archived, restored and deleted": async ({ open }) => {
    const page = await open();
    await page.say("Say hello");
    await page.sees("Hello from the scripted model!");
    const row = page.page.locator("nav li", { has: page.page.locator("[aria-current=page]") });
    await row.getByRole("link", { name: "Say hello" }).waitFor();
    await row.getByRole("button", { name: "Rename" }).click();
    await row.getByLabel("Name").fill("Greetings");
    await row.getByLabel("Name").press("Enter");
    await row.getByRole("link", { name: "Greetings" }).waitFor();
    await row.getByRole("button", { name: "Archive" }).click();
    await row.waitFor({ state: "detached" });
    await page.page.getByLabel("Show archived").check();
    await row.getByRole("link", { name: "Greetings" }).waitFor();
    const restored = page.page.waitForResponse((response) => response.request().postData()?.includes('"archived":false'));
    await row.getByRole("button", { name: "Restore" }).click();
    await page.page.getByLabel("Show archived").uncheck();
    await row.getByRole("link", { name: "Greetings" }).waitFor();
    await restored;

    await page.reload();
    await row.getByRole("link", { name: "Greetings" }).waitFor();
    const address = page.page.url();
    await row.getByRole("button", { name: "Delete" }).click();
    await eventually("another thread is open", () => page.page.url() !== address);
    await page.page.goto(address);
    await page.reload();
    await page.writes("Is anything there?");
    assert.equal(await page.page.getByText("Hello from the scripted model!").count(), 0, "a deleted thread has no messages");
  },

  "a provider's error is shown and the next message works": async ({ open }) => {
    const page = await open();
    await page.say("Fail, please");
    const alert = page.page.getByRole("alert");
    await alert.waitFor();
    assert.doesNotMatch(await alert.innerText(), /secret/);
    await alert.getByRole("button", { name: "Dismiss" }).click();
    await eventually("the chat is idle", () => page.idle());
    await page.say("Say hello");
    await page.sees("Hello from the scripted model!");
    assert.equal(await alert.count(), 0);
  },

  "two tabs on one thread": async ({ open, release }) => {
    const first = await open();
    await first.say("Tell me a story");
    await first.sees("there was a gopher.");
    const second = await open({ url: first.page.url(), context: first.context });
    await second.sees("Once upon a time there was a gopher.");
    release("story");
    await first.sees("happily ever after");
    await second.sees("happily ever after");
    await eventually("both are idle", async () => (await first.idle()) && (await second.idle()));
    await second.say("Say hello");
    await second.sees("Hello from the scripted model!");
  },

  "single-route is negotiated by itself": async ({ open, single, model }) => {
    const page = await open({ url: single });
    const calls = [];
    page.page.on("request", (request) => request.url().includes("/api/copilotkit") && calls.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.say("Paint the page teal");
    await page.sees("The page is teal now.");
    assert.equal(await page.color(), "teal");
    await page.say("Count forever");
    await page.sees("1 2 3 4 5");
    await page.stopButton.click();
    await eventually("the model's connection is closed", () => asked(model, "Count forever").at(-1).closed);
    assert.deepEqual([...new Set(calls)], ["POST /api/copilotkit"]);
    await page.reload();
    await page.sees("The page is teal now.");
  },

  "a token signs in, a wrong one doesn't, and the next user sees nothing of the one before": async ({ open, tokens }) => {
    const page = await open({ url: tokens, token: "carols-token" });
    await page.signInForm.getByRole("alert").getByText("doesn't accept this token").waitFor();
    await page.signIn("anns-token");
    await page.say("Say hello");
    await page.sees("Hello from the scripted model!");
    await page.threads.getByRole("link", { name: "Say hello" }).waitFor();
    const anns = page.page.url();
    await page.reload();
    await page.sees("Hello from the scripted model!");

    await page.page.getByRole("button", { name: "Sign out" }).click();
    await page.signIn("bobs-token");
    await page.say("What is the count?");
    await page.sees("Let me look.");
    await page.threads.getByRole("link", { name: "What is the count?" }).waitFor();
    assert.equal(await page.threads.count(), 1, "Bob sees his own thread only");
    await page.page.goto(anns);
    await page.reload();
    await page.threads.getByRole("link", { name: "What is the count?" }).waitFor();
    await page.writes("Is anything there?");
    assert.equal(await page.page.getByText("Hello from the scripted model!").count(), 0, "Ann's thread is empty to Bob");
  },

  "with sessions each browser is a user, and finds its threads again": async ({ open, sessions }) => {
    const first = await open({ url: sessions });
    await first.say("Say hello");
    await first.sees("Hello from the scripted model!");
    await first.threads.getByRole("link", { name: "Say hello" }).waitFor();
    const [cookie] = await first.context.cookies();
    assert.ok(cookie.name.startsWith("__Host-") && cookie.httpOnly && cookie.secure && cookie.sameSite === "Lax", JSON.stringify(cookie));

    const second = await open({ url: first.page.url() });
    await second.say("What is the count?");
    await second.sees("Let me look.");
    await second.threads.getByRole("link", { name: "What is the count?" }).waitFor();
    assert.equal(await second.threads.count(), 1, "the second browser sees its own thread only");
    assert.equal(await second.page.getByText("Hello from the scripted model!").count(), 0);

    await first.reload();
    await first.sees("Hello from the scripted model!");
    await first.threads.getByRole("link", { name: "Say hello" }).waitFor();
    assert.equal(await first.threads.count(), 1);
    assert.equal(await first.page.getByText("Let me look.").count(), 0);
  },

  "a page of another site has a session if it is named, and no other page has": async ({ open, sessions, foreign }) => {
    const call = (page, path, body) =>
      page.page.evaluate(
        async ([url, body]) => {
          const options = { credentials: "include", ...(body && { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }) };
          return fetch(url, options).then((response) => response.json(), (error) => String(error));
        },
        [`${foreign}/api/copilotkit${path}`, body],
      );
    const page = await open({ url: sessions });
    assert.equal((await call(page, "/threads", { agentId: "default", name: "Mine" })).name, "Mine");
    assert.deepEqual((await call(page, "/threads")).threads.map((thread) => thread.name), ["Mine"]);

    const other = await open({ url: sessions });
    assert.deepEqual((await call(other, "/threads")).threads, []);

    const unnamed = await open({ context: page.context });
    assert.match(await call(unnamed, "/threads"), /Failed to fetch/);
    assert.match(await call(unnamed, "/threads", { agentId: "default", name: "Theirs" }), /Failed to fetch/);
    assert.equal((await call(page, "/threads")).threads.length, 1);
  },

  ...lambdaScenes("Redis"),
  ...lambdaScenes("DynamoDB"),
};

/** The scenes on Lambda, with a store of this name. */
function lambdaScenes(store) {
  // Each instance of the function serves one request at a time, so that Stop and
  // reload reach an instance other than the run's.
  return {
    [`on Lambda with ${store}, Stop reaches the run on another instance`]: async ({ open, lambda, model, instances }) => {
      const page = await open({ url: lambda(store) });
      await page.say("Count forever");
      await page.sees("1 2 3 4 5");
      await page.stopButton.click();
      await eventually("the model's connection is closed", () => asked(model, "Count forever").at(-1)?.closed);
      await eventually("the chat is idle", () => page.idle());
      assert.ok((await instances(store)) >= 2, "the run's instance was not the only one");
      await page.say("Say hello");
      await page.sees("Hello from the scripted model!");
    },

    [`on Lambda with ${store}, a reload follows the run on another instance`]: async ({ open, lambda, release, instances }) => {
      const page = await open({ url: lambda(store) });
      await page.say("Tell me a story");
      await page.sees("there was a gopher.");
      await page.reload();
      await page.sees("Once upon a time there was a gopher.");
      release("story");
      await page.sees("happily ever after");
      assert.ok((await instances(store)) >= 2, "the run's instance was not the only one");
      await page.reload();
      await page.sees("happily ever after");
      await page.say("Paint the page teal");
      await page.sees("The page is teal now.");
      assert.equal(await page.color(), "teal");
    },
  };
}
