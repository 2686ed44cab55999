import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The runtime: `make run` in the repository's root listens there.
const runtime = process.env.RUNTIME ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/api/copilotkit": runtime } },
  preview: { proxy: { "/api/copilotkit": runtime } },
  // The chat brings a Markdown renderer with all its languages.
  build: { chunkSizeWarningLimit: 4000 },
});
