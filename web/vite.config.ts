import { defineConfig } from "vite";

// Fixed names and one file of each kind: src/serve/CMakeLists.txt compiles them in.
export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    emptyOutDir: false, // fixed names: nothing is left behind
    cssCodeSplit: false,
    modulePreload: false,
    rollupOptions: {
      input: "src/main.tsx",
      output: {
        entryFileNames: "dashboard.js",
        assetFileNames: "dashboard.[ext]",
        inlineDynamicImports: true,
      },
    },
    chunkSizeWarningLimit: 1000,
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
});
