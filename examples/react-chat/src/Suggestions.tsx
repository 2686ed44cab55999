import { useConfigureSuggestions } from "@copilotkit/react-core/v2";

const openings = [
  { title: "A card", message: "Draw a card" },
  { title: "A page", message: "Build a page" },
  { title: "An MCP App", message: "Open the budget" },
];

/** In an empty thread the app suggests what to say, and after each answer the model does. */
export function Suggestions() {
  useConfigureSuggestions({ suggestions: openings, available: "before-first-message" });
  useConfigureSuggestions({
    instructions: "Suggest what the user could ask for next, about the page's color, the count or a booking.",
    minSuggestions: 1,
    maxSuggestions: 2,
    available: "after-first-message",
  });
  return null;
}
