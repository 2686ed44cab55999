// The front-end tools of the page. The message "call set_accent_color" makes the
// demo model call one.

const notice = document.querySelector("#notice");
let hide;

const tools = {
  set_accent_color: {
    description: "Sets the accent color of the page that the user is looking at.",
    parameters: {
      type: "object",
      properties: { color: { type: "string", description: "A CSS color, e.g. seagreen or #e11d48.", examples: ["seagreen"] } },
      required: ["color"],
    },
    run({ color }) {
      if (!CSS.supports("color", color)) return { error: `${color} is not a CSS color` };
      document.documentElement.style.setProperty("--accent", color);
      return { color };
    },
  },
  show_notice: {
    description: "Shows the user a short notice on the page.",
    parameters: {
      type: "object",
      properties: { text: { type: "string", description: "What to show.", examples: ["Hello from the agent"] } },
      required: ["text"],
    },
    run({ text }) {
      showNotice(text);
      return { shown: true };
    },
  },
  get_page_info: {
    description: "Tells what the user's page looks like: its size, color scheme, language and time.",
    parameters: { type: "object", properties: {} },
    run: () => ({
      width: innerWidth, height: innerHeight, language: navigator.language, time: new Date().toISOString(),
      dark: matchMedia("(prefers-color-scheme: dark)").matches,
    }),
  },
};

/** The definitions of the tools, for the input of a run. */
export const definitions = Object.entries(tools).map(([name, { description, parameters }]) => ({ name, description, parameters }));

/** Runs a tool call. Returns its result, or undefined if the tool isn't the page's. */
export function runTool(call) {
  const tool = tools[call.function.name];
  if (!tool) return undefined;
  try {
    return JSON.stringify(tool.run(JSON.parse(call.function.arguments || "{}")));
  } catch (error) {
    return JSON.stringify({ error: error.message });
  }
}

/** Shows a short text for a few seconds. */
export function showNotice(text) {
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => (notice.hidden = true), 5000);
}
