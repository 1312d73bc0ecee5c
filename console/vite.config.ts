import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig(({ command }) => ({
  // Relative addresses, so that one build serves under any prefix; `<base>` in the page says which.
  base: command === "build" ? "./" : "/console/",
  plugins: [react()],
  resolve: { alias: { "@": here("./src") } },
  // The server puts a fresh nonce in the place of this word with each answer.
  html: { cspNonce: "CONSOLE_NONCE" },
  build: {
    outDir: here("../src/taskward/http/console"),
    emptyOutDir: true,
    target: "es2023",
    // These know light-dark(), which is left as it is written for them.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // The page's frame is one file of about this size; `tests/console` holds the first page to its bound.
    chunkSizeWarningLimit: 1_000,
    // Inlined assets would be `data:` addresses, which the content security policy refuses.
    assetsInlineLimit: 0,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/v1": process.env.TASKWARD_URL ?? "http://127.0.0.1:8080" } },
  test: { include: ["src/**/*.test.ts?(x)"], environment: "node" },
}));
