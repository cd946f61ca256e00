// The node image of the isolated road: kind's own base files on Debian packages, our built parts, and every image
// the add-ons need already in its content store, so that a cluster starts without fetching anything.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { storageManifest } from "./addons/storage.ts";
import { bakedImages, pauseNames } from "./baked.ts";
import { moduleFolder, partFile, partPath } from "./build.ts";
import { docker, dockerCommand, lines, tryDocker } from "./docker.ts";
import { label } from "./engine.ts";
import { buildImage } from "./images.ts";
import { kubernetesVersion } from "./parts.ts";
import { ensureFolder, filesFolder, inCache } from "./paths.ts";
import { step } from "./progress.ts";

const bareNode = "webflow.local/node-bare:1";
const nodeFile = (name: string): string => join(filesFolder, "node", name);

async function buildBareNode(): Promise<string> {
  const [sandbox = ""] = await pauseNames();
  const storage = join(ensureFolder(inCache("work")), "default-storage.yaml");
  writeFileSync(
    storage,
    storageManifest()
      .map((item) => stringify(item))
      .join("---\n"),
  );
  const inContainerd = (name: string): [string, string] => [`/usr/local/bin/${name}`, partFile("containerd", name)];
  return buildImage(bareNode, {
    base: "node",
    files: {
      "/": join(moduleFolder("kind"), "images", "base", "files"),
      "/usr/bin/kubernetes": partFile("kubernetes", "kubernetes"),
      ...Object.fromEntries(["containerd", "ctr", "containerd-shim-runc-v2"].map(inContainerd)),
      "/opt/cni/bin": partPath("cni"),
      "/kind/prepare.sh": nodeFile("prepare.sh"),
      "/kind/bin/bake.sh": nodeFile("bake.sh"),
      "/kind/manifests/default-storage.yaml": storage,
      "/etc/systemd/system/run-cilium-cgroupv2.mount": nodeFile("run-cilium-cgroupv2.mount"),
    },
    env: { container: "docker" },
    lines: [`RUN sh /kind/prepare.sh ${sandbox} ${kubernetesVersion}`, "STOPSIGNAL SIGRTMIN+3"],
    entrypoint: ["/usr/local/bin/entrypoint", "/sbin/init"],
  });
}

/** `docker save ... | docker exec -i NODE bake.sh`, without a copy on disk. */
async function pipeImages(names: readonly string[], container: string): Promise<void> {
  const save = dockerCommand(["save", ...names]);
  const load = dockerCommand(["exec", "-i", container, "/kind/bin/bake.sh"]);
  const [from = "", ...fromArgs] = save.argv;
  const [into = "", ...intoArgs] = load.argv;
  const source = spawn(from, fromArgs, { env: { ...process.env, ...save.env }, stdio: ["ignore", "pipe", "inherit"] });
  const sink = spawn(into, intoArgs, { env: { ...process.env, ...load.env }, stdio: ["pipe", "ignore", "pipe"] });
  source.stdout.pipe(sink.stdin);
  sink.stdin.on("error", () => undefined);
  let said = "";
  sink.stderr.on("data", (part: Buffer) => (said += part.toString()));
  const code = await new Promise<number>((resolve) => sink.on("close", (value) => resolve(value ?? 1)));
  if (code !== 0) throw new Error(`the node image could not take in the add-ons' images: ${said.trim().slice(-800)}`);
}

async function bake(tag: string, names: readonly string[]): Promise<void> {
  const container = "webflow-bake";
  await tryDocker(["rm", "-fv", container]);
  await docker(["run", "-d", ...label, "--privileged", "--name", container, "--entrypoint", "sleep", bareNode, "3600"]);
  try {
    await pipeImages(names, container);
    const entry = 'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]';
    await docker(["commit", "--change", entry, "--change", "CMD []", container, tag]);
  } finally {
    await tryDocker(["rm", "-fv", container]);
  }
}

async function removeOlder(keep: string): Promise<void> {
  const found = await lines(["images", "webflow.local/node-image", "--format", "{{.Repository}}:{{.Tag}}"]);
  for (const tag of found) if (tag !== keep) await tryDocker(["rmi", tag]);
}

/** Makes the node image when this content was not made before; returns its name. */
export async function nodeImage(): Promise<string> {
  const images = await bakedImages();
  const hash = createHash("sha256").update(await buildBareNode());
  hash.update(readFileSync(nodeFile("bake.sh")));
  for (const image of images) hash.update(`${image.names.join(" ")} ${image.content}\n`);
  const tag = `webflow.local/node-image:${hash.digest("hex").slice(0, 12)}`;
  if ((await tryDocker(["image", "inspect", tag])).code === 0) return tag;
  await step("bake the add-ons' images into the node image", () =>
    bake(
      tag,
      images.flatMap((image) => image.names),
    ),
  );
  await removeOlder(tag);
  return tag;
}
