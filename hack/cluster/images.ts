// Container images: made from cached root file systems and built programs (or a Dockerfile), named with a hash of
// what is in them so that nothing is made or loaded twice.
import { createHash } from "node:crypto";
import {
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { rootfsTar, rootfsVersion } from "./apt.ts";
import { docker, lines, tryDocker } from "./docker.ts";
import { label } from "./engine.ts";
import { clusterName, ensureFolder, inCache } from "./paths.ts";
import { step } from "./progress.ts";
import { type RootfsName, rootfs } from "./rootfs.ts";
import { readState } from "./state.ts";

export interface ImageSpec {
  /** A root file system of ours ("base" has Debian and nothing else), the name of a built image, or nothing. */
  base: RootfsName | "scratch" | `image:${string}`;
  /** Path in the image -> file or folder on this machine. */
  files?: Readonly<Record<string, string>>;
  entrypoint?: readonly string[];
  user?: string;
  workdir?: string;
  env?: Readonly<Record<string, string>>;
  /** More Dockerfile lines, after the files (RUN has no network). */
  lines?: readonly string[];
}

const contentLabel = "webflow.dev/content";

function hashPath(hash: ReturnType<typeof createHash>, path: string): void {
  const stat = lstatSync(path);
  hash.update(`${stat.mode & 0o777} `);
  if (stat.isDirectory()) {
    for (const name of readdirSync(path).sort()) hashPath(hash.update(`${name}/`), join(path, name));
  } else if (stat.isSymbolicLink()) hash.update(readlinkSync(path));
  else if (path.startsWith(inCache("parts")))
    hash.update(path); // a part's path names its content
  else hash.update(readFileSync(path));
}

/** The name of a base image, made from its tar when it is not there yet. */
export async function baseImage(name: RootfsName): Promise<string> {
  const tag = `webflow.local/${name}:${rootfsVersion(rootfs[name])}`;
  if ((await tryDocker(["image", "inspect", tag])).code === 0) return tag;
  if (readState()?.road === "registry") {
    const install = `apt-get update && apt-get install -y --no-install-recommends ${rootfs[name].packages.join(" ")} && rm -rf /var/lib/apt/lists/*`;
    await docker(["build", "-t", tag, "-"], { input: `FROM debian:bookworm-slim\nRUN ${install}\n` });
  } else await docker(["import", await rootfsTar(rootfs[name]), tag]);
  return tag;
}

async function baseTag(base: ImageSpec["base"]): Promise<string> {
  if (base === "scratch") return "scratch";
  if (base.startsWith("image:")) return base.slice("image:".length);
  return baseImage(base as RootfsName);
}

async function contentOf(tag: string): Promise<string | undefined> {
  const found = await tryDocker(["image", "inspect", "-f", `{{index .Config.Labels "${contentLabel}"}}`, tag]);
  return found.code === 0 ? found.stdout.trim() : undefined;
}

function place(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  if (lstatSync(source).isDirectory()) {
    cpSync(source, target, { recursive: true });
    return;
  }
  try {
    linkSync(source, target);
  } catch {
    cpSync(source, target);
  }
}

function dockerfile(spec: ImageSpec, from: string): string {
  return [
    `FROM ${from}`,
    ...Object.entries(spec.env ?? {}).map(([name, value]) => `ENV ${name}=${JSON.stringify(value)}`),
    ...(Object.keys(spec.files ?? {}).length > 0 ? ["COPY files/ /"] : []),
    ...(spec.lines ?? []),
    ...(spec.workdir ? [`WORKDIR ${spec.workdir}`] : []),
    ...(spec.user ? [`USER ${spec.user}`] : []),
    ...(spec.entrypoint ? [`ENTRYPOINT ${JSON.stringify(spec.entrypoint)}`] : []),
    "",
  ].join("\n");
}

async function build(tag: string, file: string, context: string, hash: string, more: string[] = []): Promise<void> {
  const labels = ["--label", `${contentLabel}=${hash}`, ...label];
  await docker(["build", "-q", ...labels, ...more, "-t", tag, "-f", file, context]);
}

/** Makes an image from files; does nothing when one with this content is there. Returns its content hash. */
export async function buildImage(tag: string, spec: ImageSpec): Promise<string> {
  const from = await baseTag(spec.base);
  const hash = createHash("sha256").update(dockerfile(spec, from));
  if (spec.base.startsWith("image:")) hash.update((await contentOf(from)) ?? "");
  for (const [path, source] of Object.entries(spec.files ?? {})) hashPath(hash.update(path), source);
  const content = hash.digest("hex").slice(0, 16);
  if ((await contentOf(tag)) === content) return content;
  await step(`image ${tag}`, async () => {
    const context = inCache("work", `image-${tag.replaceAll(/[^a-z0-9.]+/g, "-")}`);
    rmSync(context, { recursive: true, force: true });
    mkdirSync(context, { recursive: true });
    for (const [path, source] of Object.entries(spec.files ?? {})) place(source, join(context, "files", path));
    writeFileSync(join(context, "Dockerfile"), dockerfile(spec, from));
    await build(tag, join(context, "Dockerfile"), context, content);
    rmSync(context, { recursive: true, force: true });
  });
  return content;
}

/** Builds a Dockerfile whose first line is `ARG BASE`: BASE is our own Debian root file system on the isolated road. */
export async function buildDockerfile(tag: string, file: string, context: string, base?: string): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(file));
  hashPath(hash, context);
  if (base) hash.update(base).update((await contentOf(base)) ?? "");
  const content = hash.digest("hex").slice(0, 16);
  if ((await contentOf(tag)) === content) return content;
  await step(`image ${tag}`, () => build(tag, file, context, content, base ? ["--build-arg", `BASE=${base}`] : []));
  return content;
}

export async function nodeNames(): Promise<string[]> {
  const filter = ["--filter", `label=io.x-k8s.kind.cluster=${clusterName}`];
  return (await lines(["ps", ...filter, "--format", "{{.Names}}"])).sort();
}

const noteOf = (tag: string): string => `/kind/loaded/${tag.replaceAll(/[^a-z0-9.]+/g, "-")}`;

async function has(node: string, tag: string, content: string): Promise<boolean> {
  return (await tryDocker(["exec", node, "cat", noteOf(tag)])).stdout.trim() === content;
}

async function loadInto(node: string, tag: string, tar: string, content: string): Promise<void> {
  const note = noteOf(tag);
  await docker(["cp", tar, `${node}:/kind/image.tar`]);
  await docker(["exec", node, "ctr", "-n", "k8s.io", "images", "import", "--digests", "/kind/image.tar"]);
  await docker(["exec", node, "sh", "-c", `rm /kind/image.tar; mkdir -p /kind/loaded; echo ${content} > ${note}`]);
}

/** Puts an image into every worker of the running cluster that lacks this content, or into every node. */
export async function loadImage(tag: string, into: "workers" | "nodes" = "workers"): Promise<void> {
  const content = (await contentOf(tag)) ?? "";
  const nodes = (await nodeNames()).filter((name) => into === "nodes" || !name.endsWith("control-plane"));
  const lacking: string[] = [];
  for (const node of nodes) if (!(await has(node, tag, content))) lacking.push(node);
  if (lacking.length === 0) return;
  const tar = join(ensureFolder(inCache("work")), `load-${tag.replaceAll(/[^a-z0-9.]+/g, "-")}.tar`);
  try {
    await docker(["save", "-o", tar, tag]);
    await Promise.all(lacking.map((node) => loadInto(node, tag, tar, content)));
  } finally {
    rmSync(tar, { force: true });
  }
}
