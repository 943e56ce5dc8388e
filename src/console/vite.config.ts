import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** What somebody on a slow line has to wait for, gzipped, all scripts together. */
const MAX_SCRIPT_BYTES = 120_000;

/** The build fails when the console has grown too large. */
function limitSize(): Plugin {
  return {
    name: 'limit-size',
    generateBundle(_options, bundle) {
      const sizes = Object.values(bundle).map((part) => (part.type === 'chunk' ? gzipSync(part.code).length : 0));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      if (total > MAX_SCRIPT_BYTES) {
        this.error(`the console's scripts are ${total} bytes gzipped, and may be ${MAX_SCRIPT_BYTES}`);
      }
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  publicDir: false,
  logLevel: 'warn',
  plugins: [limitSize()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    // Nothing inline: the page's Content-Security-Policy takes neither scripts nor data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
