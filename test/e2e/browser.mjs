// Headless Chromium, as Debian ships it, and the actions of the scenes in the page.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { eventually } from "./eventually.mjs";

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// Chromium that has no windows at all takes less than half of the time of one that hides them.
const browsers = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? browsers.find(existsSync), args: flags });
}

/** Makes a page's processor so many times slower. */
export async function slowDown(page, times) {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: times });
}

/**
 * A page of the example app, in a new browser profile unless one is given. `pictures` is the
 * folder of those that the documentation shows, undefined if they aren't to be made; `slow` is how
 * many times slower than the machine the page is.
 */
export class Page {
  static async open(browser, url, { screenshots, pictures, slow = 1, context, token } = {}) {
    const opened = new Page();
    opened.context = context ?? (await browser.newContext({ viewport: { width: 1280, height: 800 } }));
    opened.owns = !context;
    opened.page = await opened.context.newPage();
    opened.page.setDefaultTimeout(60_000);
    Object.assign(opened, { screenshots, pictures });
    if (slow > 1) await slowDown(opened.page, slow);
    opened.problems = [];
    opened.page.on("pageerror", (error) => opened.problems.push(error.message));
    // Also of its frames. The policy of an MCP App's own document is none of ours.
    opened.page.on("console", (message) => /Content Security Policy/.test(message.text()) && opened.problems.push(message.text()));
    await opened.page.goto(url);
    if (token) await opened.signIn(token);
    else await opened.input.waitFor();
    return opened;
  }

  get signInForm() {
    return this.page.getByRole("form", { name: "Sign in" });
  }

  /** Sends a token, once the page asks for one. */
  async signIn(token) {
    await this.signInForm.getByLabel("Token").fill(token);
    await this.signInForm.getByRole("button").click();
  }

  get threads() {
    return this.page.locator("nav li");
  }

  get input() {
    return this.page.locator("textarea").first();
  }

  get chat() {
    return this.page.getByRole("region", { name: "Chat" });
  }

  get stopButton() {
    return this.page.getByTestId("copilot-send-button");
  }

  async color() {
    return this.page.getByTestId("color").innerText();
  }

  async count() {
    return this.page.getByTestId("count").innerText();
  }

  async bookings() {
    return this.page.getByTestId("bookings").locator("li").allInnerTexts();
  }

  /** Reports whether no answer is under way: the cursor is gone and the button sends. */
  async idle() {
    await this.chat.waitFor();
    return this.page.evaluate(() => !document.querySelector("[data-testid=copilot-loading-cursor], [aria-label=Chat] [data-copilot-running=true]"));
  }

  /** Writes a message, and waits until the chat would send it: by then it shows its thread. */
  async writes(text) {
    await this.input.fill(text);
    // While the chat connects to its thread it ignores Enter and its button is disabled. It
    // connects twice, and may forget what is said while it does so for the second time.
    await this.chat.locator("[data-testid=copilot-send-button]:enabled").waitFor();
    await eventually("the chat listens", () => this.idle());
  }

  async say(text) {
    await this.writes(text);
    await this.input.press("Enter");
  }

  /** Waits until the chat shows a text. */
  async sees(text, options = {}) {
    await this.chat.getByText(text, options).first().waitFor();
  }

  async reload() {
    await this.page.reload();
    await this.input.waitFor();
  }

  async picture(name) {
    mkdirSync(this.screenshots, { recursive: true });
    await this.page.screenshot({ path: join(this.screenshots, `${name.replaceAll(/[^A-Za-z0-9]+/g, "-")}.png`) });
  }

  /** Makes a picture of the chat for the documentation, if there are to be any. */
  async illustrate(name) {
    if (!this.pictures) return;
    mkdirSync(this.pictures, { recursive: true });
    await this.page.mouse.move(0, 0);
    // What moves comes to rest first, in frames too.
    let before, now;
    do {
      before = now;
      now = await this.chat.screenshot({ animations: "disabled" });
    } while (!before?.equals(now));
    writeFileSync(join(this.pictures, `generative-ui-${name}.png`), now);
  }

  async close() {
    if (this.owns) await this.context.close();
    else await this.page.close();
  }
}
