// The scenes of threads that a managed platform keeps: the runtime answers a run with where its
// events are, and the page gets them from the platform's gateway.
import assert from "node:assert/strict";
import { eventually } from "./eventually.mjs";

const threadOf = (page) => decodeURIComponent(new URL(page.page.url()).hash.slice(1));
const lock = (platform, page) => platform.control(`GET /lock?thread=${encodeURIComponent(threadOf(page))}`);
const answer = (page) => page.chat.locator("[data-testid=copilot-assistant-message]").last();
const alert = (page) => page.page.getByRole("alert");
const closed = (model, prompt) => model.requests.filter((request) => JSON.stringify(request.body.messages.at(-1)).includes(prompt)).at(-1)?.closed;

async function saysHello(page) {
  await page.say("Say hello");
  await page.sees("Hello from the scripted model!");
  await eventually("the chat is idle", () => page.idle());
}

/** Records the calls of the runtime that a page makes. */
function calls(page) {
  const made = [];
  page.page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/copilotkit")) made.push(`${request.method()} ${pathname.slice("/api/copilotkit".length)}`);
  });
  return made;
}

const lists = "**/threads?*";

/**
 * Reloads a page, and resolves when it is told what becomes of threads: what happens before, after
 * its list, it isn't told. From then on it gets no list, so that the page shows what it was told
 * and nothing else: a list that comes late would take that away again.
 */
async function listens(page) {
  await page.page.goto("about:blank");
  let listed = false;
  page.page.on("request", (request) => {
    if (request.url().endsWith("/threads/subscribe")) listed = true;
  });
  await page.page.route(lists, (route) => (listed ? route.abort() : route.continue()));
  const joined = new Promise((resolve) => {
    page.page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => payload.includes("user_meta:") && payload.includes("phx_reply") && resolve());
    });
  });
  await page.page.goBack();
  await joined;
}

const plays = {
  "the answer grows while it streams, from the gateway": async ({ open, managed, release }) => {
    const page = await open({ url: managed("managed") });
    const types = [];
    page.page.on("response", (response) => response.url().endsWith("/run") && types.push(response.headers()["content-type"]));
    await page.say("Tell me a slow story");
    await page.sees("Once upon a time");
    assert.equal(await page.chat.getByText("there was a gopher.").count(), 0);
    release("beginning");
    await page.sees("there was a gopher.");
    assert.equal(await page.chat.getByText("happily ever after").count(), 0);
    release("story");
    await page.sees("happily ever after");
    assert.match(types.join(), /^application\/json/);
  },

  "Stop reaches the run through the gateway, and the next message works at once": async ({ open, managed, model }) => {
    const page = await open({ url: managed("managed") });
    const made = calls(page);
    await page.say("Count forever");
    await page.sees("1 2 3 4 5");
    await page.stopButton.click();
    await eventually("the model's connection is closed", () => closed(model, "Count forever"));
    await eventually("the chat is idle", () => page.idle());
    await saysHello(page);
    assert.deepEqual(made.filter((call) => call.includes("/stop")), []);
    await page.reload();
    await page.sees("1 2 3 4 5");
    await page.sees("Hello from the scripted model!");
  },

  "a reload shows the thread again, and goes on with a live run": async ({ open, managed, release }) => {
    const page = await open({ url: managed("managed") });
    await saysHello(page);
    await page.say("Tell me a story");
    await page.sees("there was a gopher.");
    await page.reload();
    await page.sees("Hello from the scripted model!");
    await page.sees("Once upon a time there was a gopher.");
    release("story");
    await page.sees("happily ever after");
    await eventually("the chat is idle", () => page.idle());
    await page.reload();
    await page.sees("Once upon a time there was a gopher. It lived happily ever after.");
    await page.say("Set the count to seven");
    await eventually("the conversation goes on", async () => (await page.count()) === "7");
  },

  "a second tab sees the live run and its end": async ({ open, managed, release }) => {
    const first = await open({ url: managed("managed") });
    await first.say("Tell me a story");
    await first.sees("there was a gopher.");
    const second = await open({ url: first.page.url(), context: first.context });
    await second.sees("Once upon a time there was a gopher.");
    release("story");
    await first.sees("happily ever after");
    await second.sees("happily ever after");
    await eventually("both are idle", async () => (await first.idle()) && (await second.idle()));
    await saysHello(second);
    await first.sees("Hello from the scripted model!"); // the gateway wakes an idle tab
    await eventually("the first is idle", () => first.idle());
    await first.say("What is the count?");
    await first.sees("Let me look.");
    await second.sees("Let me look.");
    for (const page of [first, second]) assert.equal(await page.chat.getByText("Hello from the scripted model!").count(), 1);
  },

  "the list of threads follows what happens elsewhere": async ({ open, managed }) => {
    const acts = await open({ url: managed("managed") });
    const watches = await open({ url: managed("managed") }); // a window, since what is behind another tab is slow
    await listens(watches);
    const [own, other] = [acts, watches].map((page) => page.threads.filter({ has: page.page.locator(`a[href="#${threadOf(acts)}"]`) }));
    await saysHello(acts);
    await other.getByRole("link", { name: "Say hello" }).waitFor(); // it was created, and named
    await own.getByRole("button", { name: "Rename" }).click();
    await own.getByLabel("Name").fill("Greetings");
    await own.getByLabel("Name").press("Enter");
    await other.getByRole("link", { name: "Greetings" }).waitFor();
    await own.getByRole("button", { name: "Archive" }).click();
    await other.waitFor({ state: "detached" });
    await acts.page.getByLabel("Show archived").check();
    await own.getByRole("button", { name: "Restore" }).click();
    await other.getByRole("link", { name: "Greetings" }).waitFor();
    await own.getByRole("button", { name: "Delete" }).click();
    await other.waitFor({ state: "detached" });
  },

  "the agent remembers, by the platform's tools": async ({ open, managed }) => {
    const page = await open({ url: managed("managed") });
    await page.say("Remember that I like tea");
    await page.sees("I shall remember.");
    await eventually("the chat is idle", () => page.idle());
    await page.say("What do I like?");
    await page.sees("What I know: Likes tea.");
    await eventually("the chat is idle", () => page.idle());
    await page.reload();
    await page.sees("What I know: Likes tea.");
  },

  "a front-end tool changes the page, and a person approves": async ({ open, managed }) => {
    const page = await open({ url: managed("managed") });
    await page.say("Paint the page teal");
    await page.sees("The page is teal now.");
    assert.equal(await page.color(), "teal");
    await eventually("the chat is idle", () => page.idle());
    await page.say("Book a table");
    await page.page.getByRole("button", { name: "Approve" }).click();
    await page.sees("Understood. Approved: Maaemo at 19:00.");
    assert.deepEqual(await page.bookings(), ["Maaemo at 19:00"]);
    await eventually("the chat is idle", () => page.idle());
    await page.reload();
    await page.sees("Understood. Approved: Maaemo at 19:00.");
    await saysHello(page);
  },

  "lost connections in the middle of an answer neither double nor lose a word": async ({ open, managed, platform, release }) => {
    const page = await open({ url: managed("managed") });
    await page.say("Tell me a long story");
    await page.sees("One");
    await platform.control("POST /cut?who=clients");
    release("one");
    await page.sees("One two");
    await platform.control("POST /cut?who=runners");
    release("two");
    await page.sees("One two three");
    await platform.control("POST /cut?who=all&code=1012"); // a planned restart
    release("three");
    await page.sees("One two three four");
    await platform.control("POST /gateway/down");
    release("four");
    await platform.control("POST /gateway/up");
    await page.sees("five six.");
    await eventually("the chat is idle", () => page.idle());
    assert.equal((await answer(page).innerText()).trim(), "One two three four five six.");
    await page.reload();
    await page.sees("five six.");
    assert.equal((await answer(page).innerText()).trim(), "One two three four five six.");
    await saysHello(page);
  },

  "when the runtime is killed in the middle of a run, the next message works once the lock has expired": async ({ open, managed, mortal, platform }) => {
    const page = await open({ url: managed("mortal") });
    await page.say("Tell me a story");
    await page.sees("there was a gopher.");
    await mortal.replace();
    await page.stopButton.click(); // nobody is there any more to end the run
    await eventually("the chat is idle", () => page.idle());
    // Five seconds after Stop the client leaves whatever run it then follows: it can't have been answered.
    const left = page.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 5000)));
    await eventually("the lock expires", async () => (await lock(platform, page)) === "");
    await left;
    await saysHello(page);
    await page.reload();
    await page.sees("there was a gopher.");
    await page.sees("Hello from the scripted model!");
  },

  "a platform that can't be reached is explained in the chat, and the next message works": async ({ open, managed, platform }) => {
    const page = await open({ url: managed("managed") });
    const explains = async (reason) => {
      // The lock is given back before the runtime answers.
      const answered = page.page.waitForResponse((response) => response.url().endsWith("/run") && response.request().postData()?.includes(threadOf(page)));
      await page.say("Say hello");
      await answered;
      await alert(page).getByText(reason).waitFor();
      await alert(page).getByRole("button", { name: "Dismiss" }).click();
      await eventually("the chat is idle", () => page.idle());
      assert.equal(await lock(platform, page), "", "the thread isn't locked");
    };
    await platform.control("POST /gateway/down");
    await explains(/Failed to start runner/);
    await platform.control("POST /gateway/up");
    await platform.control("PATCH /faults", { upgradeStatus: 503 });
    await explains(/Failed to start runner/);
    await platform.control("PUT /faults", {});
    await platform.control("POST /api/down");
    await explains(/Failed to initialize thread/);
    await platform.control("POST /api/up");
    await saysHello(page);
  },

  "with sessions each browser has its own threads, named by the runtime, and the page may reach the gateway": async ({ open, managed, release }) => {
    const first = await open({ url: managed("managed, one process") });
    await saysHello(first); // its cookie comes with its first run
    await listens(first);
    await first.page.getByRole("button", { name: "New thread" }).click();
    await first.say("Tell me a story");
    const named = first.page.locator("nav li", { has: first.page.locator("[aria-current=page]") }).getByRole("link", { name: "A tale of a gopher" });
    await named.waitFor(); // while it is told
    release("story");
    await first.sees("happily ever after");
    const second = await open({ url: managed("managed, one process") });
    await saysHello(second);
    await second.threads.first().waitFor();
    assert.equal(await second.threads.count(), 1, "the second browser sees its own thread only");
    await first.page.unroute(lists);
    await first.reload();
    await first.sees("happily ever after");
    await named.waitFor();
    assert.equal(await first.threads.count(), 2);
    await second.page.goto(first.page.url());
    await second.reload();
    await second.threads.first().waitFor();
    await second.writes("Is anything there?");
    assert.equal(await second.page.getByText("happily ever after").count(), 0, "the first browser's thread is empty to the second");
  },

  "on Lambda the answer streams although the function has answered": async ({ open, managed, model, release, lambdaInstances }) => {
    const page = await open({ url: managed("managed lambda") });
    await page.say("Tell me a slow story");
    await page.sees("Once upon a time");
    release("beginning");
    await page.sees("there was a gopher.");
    await page.reload(); // another instance answers
    await page.sees("there was a gopher.");
    release("story");
    await page.sees("happily ever after");
    await eventually("the chat is idle", () => page.idle());
    await page.say("Count forever");
    await page.sees("1 2 3 4 5");
    await page.stopButton.click();
    await eventually("the model's connection is closed", () => closed(model, "Count forever"));
    await saysHello(page);
    assert.equal(await lambdaInstances(), 2);
  },
};

/** Each starts with a platform that works, and ends with one that was used as it must be. */
export const intelligenceScenes = Object.fromEntries(
  Object.entries(plays).map(([name, play]) => [
    `with Intelligence, ${name}`,
    async (scene) => {
      try {
        await play(scene);
        assert.deepEqual(await scene.platform.control("GET /violations"), []);
      } finally { // for the next one
        for (const part of ["gateway", "api"]) await scene.platform.control(`POST /${part}/up`);
        await scene.platform.control("PUT /faults", {});
        await scene.platform.control("GET /violations");
      }
    },
  ]),
);
