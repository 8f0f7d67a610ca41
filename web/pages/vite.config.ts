import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const outDir = resolve(import.meta.dirname, "../../src/vidstead/static");

/** Writes `x.js.br` beside `x.js`, so that the server need not compress anything while a viewer waits. */
function compressed(): Plugin {
  return {
    name: "vidstead-compressed",
    apply: "build",
    closeBundle() {
      const assets = join(outDir, "assets");
      for (const name of readdirSync(assets).filter((name) => /\.(js|css)$/.test(name))) {
        const path = join(assets, name);
        writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path)));
      }
    },
  };
}

export default defineConfig({
  base: "/static/",
  plugins: [compressed()],
  build: {
    outDir,
    emptyOutDir: true,
    target: "es2022",
    // A data: address or an inline script would need a weaker content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      input: ["home.html", "watch.html", "docs.html"].map((name) => resolve(import.meta.dirname, name)),
    },
  },
});
