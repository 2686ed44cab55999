import { useConfigureSuggestions } from "@copilotkit/react-core/v2";

/** After each answer the model suggests what to say next. */
export function Suggestions() {
  useConfigureSuggestions({
    instructions: "Suggest what the user could ask for next, about the page's color, the count or a booking.",
    minSuggestions: 1,
    maxSuggestions: 2,
    available: "after-first-message",
  });
  return null;
}
