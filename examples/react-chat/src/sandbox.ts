import type { SandboxFunction } from "@copilotkit/react-core/v2";
import { z } from "zod";

/**
 * Returns what pages that a model writes may call. They run in a sandbox that reaches nothing
 * else of this app, so that each of these is a door: it checks what comes through.
 */
export function sandboxFunctions(setColor: (color: string) => void): SandboxFunction[] {
  const color = z.object({ color: z.string().refine((value) => CSS.supports("color", value), "not a CSS color") });
  return [
    {
      name: "setColor",
      description: "Change the color of the page around the sandbox",
      parameters: color,
      handler: async (args) => {
        setColor(color.parse(args).color);
        return "done";
      },
    },
  ];
}
