import { createCatalog, filterCatalog } from "@copilotkit/a2ui-renderer";
import { z } from "zod";

/** The basic components that models may use. All of them would be 50 kB of schemas, with every message. */
const basic = ["Card", "Column", "Row", "List", "Text", "TextField", "Button"];

const rating = {
  description: "Stars from 0 to 5, with a label",
  props: z.object({ label: z.string(), stars: z.number().min(0).max(5) }),
};

/**
 * What a model may draw A2UI surfaces with: some of the basic components, and one of this app.
 * Their schemas go to the model, and the runtime checks what it draws against them.
 */
export const catalog = filterCatalog(
  createCatalog(
    { Rating: rating },
    {
      Rating: ({ props }) => {
        const stars = Math.min(5, Math.max(0, Math.round(props.stars) || 0)); // a model wrote it
        return (
          <span className="rating" role="img" aria-label={`${props.label}: ${stars} of 5 stars`}>
            {props.label} {"★".repeat(stars)}
            {"☆".repeat(5 - stars)}
          </span>
        );
      },
    },
    { catalogId: "https://github.com/copilotkit-go/runtime/examples/react-chat/catalog", includeBasicCatalog: true },
  ),
  (name) => name === "Rating" || basic.includes(name),
);
