import { createCatalog } from "@copilotkit/a2ui-renderer";
import { z } from "zod";

/**
 * What a model may draw A2UI surfaces with: the basic components, and one of this app. The
 * schemas go to the model with each run, and the runtime checks what it draws against them.
 */
export const catalog = createCatalog(
  {
    Rating: {
      description: "Stars from 0 to 5, with a label",
      props: z.object({ label: z.string(), stars: z.number().min(0).max(5) }),
    },
  },
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
);
