// The two images of this project: bundled, built and put into the nodes; nothing is done where nothing has changed.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BundleName, bundle } from "../bundle.ts";
import { nodeRuntime } from "../cluster/baked.ts";
import { buildDockerfile, loadImage } from "../cluster/images.ts";
import { inCache, projectRoot } from "../cluster/paths.ts";
import { readState } from "../cluster/state.ts";

export const operatorImage = "webflow-operator:0.1.0";
export const shopImage = "shop:0.1.0";

/** Hash of what is in each image: a new one under the same name must be told to the pods that run the old. */
export interface Contents {
  operator: string;
  shop: string;
  /** The operator's one file, for the prober outside. */
  bundleFile: string;
}

interface Wanted {
  name: BundleName;
  tag: string;
  /** The prober and the canary run on every node, the shop on workers alone. */
  into: "workers" | "nodes";
}

async function image({ name, tag, into }: Wanted, base: string | undefined): Promise<string> {
  const file = await bundle(name);
  const context = inCache("work", `context-${name}`);
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context, { recursive: true });
  copyFileSync(file, join(context, `${name}.mjs`));
  const content = await buildDockerfile(tag, join(projectRoot, "hack", "images", `${name}.Dockerfile`), context, base);
  rmSync(context, { recursive: true, force: true });
  await loadImage(tag, into);
  return content;
}

export async function images(): Promise<Contents> {
  // Where there is a registry the Dockerfile's own base is fetched from it.
  const base = readState()?.road === "isolated" ? await nodeRuntime() : undefined;
  const operator = await image({ name: "webflow", tag: operatorImage, into: "nodes" }, base);
  const shop = await image({ name: "shop", tag: shopImage, into: "workers" }, base);
  return { operator, shop, bundleFile: join(projectRoot, "dist", "webflow.mjs") };
}
