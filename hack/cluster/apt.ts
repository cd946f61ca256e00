// Debian packages for the host, and root file systems made of Debian packages for images.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { ensureFolder, inCache, logFile } from "./paths.ts";
import { step } from "./progress.ts";
import { attempt, run, systemPath } from "./run.ts";

const quiet = { DEBIAN_FRONTEND: "noninteractive", PATH: systemPath };
const policy = "/usr/sbin/policy-rc.d";

/** Programs the engine road calls, and the package that brings each. */
const needed: Readonly<Record<string, string>> = {
  "/usr/sbin/dockerd": "docker.io",
  "/usr/bin/docker": "docker.io",
  "/usr/sbin/runc": "runc",
  "/usr/sbin/debootstrap": "debootstrap",
  "/usr/sbin/iptables": "iptables",
  "/usr/bin/nsenter": "util-linux",
  "/usr/sbin/ip": "iproute2",
};

export function missingPackages(): string[] {
  return [...new Set(Object.entries(needed).flatMap(([file, name]) => (existsSync(file) ? [] : [name])))];
}

/** Installs without starting anything: a Docker engine of its own on the host is not what we want. */
export async function installPackages(names: readonly string[]): Promise<void> {
  const log = logFile("apt");
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await run(["apt-get", "update"], { env: quiet, log });
    await run(["apt-get", "install", "-y", "--no-install-recommends", ...names], { env: quiet, log });
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

export interface Rootfs {
  name: string;
  packages: readonly string[];
  /** What the packages bring and nobody in the container uses, as tar's patterns. */
  without?: readonly string[];
}

/** Names a root file system by what it is made of. */
export function rootfsVersion(recipe: Rootfs): string {
  return createHash("sha256")
    .update(JSON.stringify([recipe, trimmed]))
    .digest("hex")
    .slice(0, 10);
}

/** Nobody reads manuals inside a container, and every byte is copied to four nodes. */
const trimmed = [
  "./usr/share/doc/*",
  "./usr/share/man/*",
  "./usr/share/locale/*",
  "./var/cache/apt/*",
  "./var/lib/apt/lists/*",
];

/** A tar of a minimal Debian with these packages, kept in the cache. */
export async function rootfsTar(recipe: Rootfs): Promise<string> {
  const { name, packages } = recipe;
  const target = inCache("rootfs", `${name}-${rootfsVersion(recipe)}.tar`);
  if (existsSync(target)) return target;
  ensureFolder(inCache("rootfs"));
  await step(`debian packages for ${name} (${packages.length} and what they need)`, async () => {
    const folder = inCache("work", `rootfs-${name}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const include = packages.length > 0 ? [`--include=${packages.join(",")}`] : [];
    const debs = ensureFolder(inCache("debs"));
    await bootstrap(
      ["--variant=minbase", `--cache-dir=${debs}`, ...include, "bookworm", folder],
      logFile(`rootfs-${name}`),
    );
    const excluded = [...trimmed, ...(recipe.without ?? [])].map((path) => `--exclude=${path}`);
    await run(["tar", "-C", folder, ...excluded, "-cf", `${target}.new`, "."]);
    renameSync(`${target}.new`, target);
    rmSync(folder, { recursive: true, force: true });
  });
  return target;
}

async function bootstrap(args: readonly string[], log: string): Promise<void> {
  const first = await attempt(["debootstrap", ...args], { env: quiet, log });
  if (first.code === 0) return;
  throw new Error(
    `debootstrap ended with code ${first.code}: ${first.stderr.trim().split("\n").at(-1)}. Is Debian's package mirror reachable? All it printed: ${log}`,
  );
}
