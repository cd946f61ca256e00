// Bundles what goes into images: the operator with all its modes, and the sample, one file each that Node 24 runs.
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const root = dirname(import.meta.dirname);
const dist = join(root, "dist");

export const bundles = {
  webflow: { entry: join(root, "src", "main.ts"), file: join(dist, "webflow.mjs") },
  shop: { entry: join(root, "hack", "shop", "main.ts"), file: join(dist, "shop.mjs") },
} as const;

export type BundleName = keyof typeof bundles;

/** Packages written for CommonJS call `require`, which an ES module does not have. */
const banner =
  'import { createRequire as webflowRequire } from "node:module"; const require = webflowRequire(import.meta.url);';

export async function bundle(name: BundleName): Promise<string> {
  const { entry, file } = bundles[name];
  if (!existsSync(entry)) throw new Error(`cannot bundle ${name}: ${entry} is not there`);
  mkdirSync(dist, { recursive: true });
  await build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    banner: { js: banner },
    // Optional native helpers of the database driver that are not installed.
    external: ["pg-native", "pg-cloudflare"],
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    logLevel: "warning",
  });
  return file;
}

if (import.meta.main) {
  for (const name of Object.keys(bundles) as BundleName[]) process.stdout.write(`${await bundle(name)}\n`);
}
