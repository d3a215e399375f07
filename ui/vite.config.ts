import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The build is committed: it must come out the same on every machine.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/penstock/web/static",
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0, // the page's policy lets nothing inline run
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
});
