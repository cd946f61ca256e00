// Debian packages for the host, and root file systems made of Debian packages for images.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { unmountBelow } from "./mounts.ts";
import { ensureFolder, inCache, logFile } from "./paths.ts";
import { step } from "./progress.ts";
import { attempt, type RunOptions, run, systemPath } from "./run.ts";

const quiet = { DEBIAN_FRONTEND: "noninteractive", PATH: systemPath };

/** Programs the engine road calls, and the package that brings each. */
const needed: Readonly<Record<string, string>> = {
  "/usr/sbin/dockerd": "docker.io",
  "/usr/bin/docker": "docker.io",
  "/usr/sbin/runc": "runc",
  "/usr/sbin/debootstrap": "debootstrap",
  "/usr/sbin/iptables": "iptables",
  "/usr/bin/nsenter": "util-linux",
  "/usr/bin/unshare": "util-linux",
  "/usr/sbin/ip": "iproute2",
};

function missingPackages(): string[] {
  return [...new Set(Object.entries(needed).flatMap(([file, name]) => (existsSync(file) ? [] : [name])))];
}

/** Says "start nothing" while packages are installed. By its second line it is known as ours after a crash as well. */
const policy = "/usr/sbin/policy-rc.d";
const policyText = "#!/bin/sh\n# webflow: nothing is started while its packages are installed\nexit 101\n";

export function removeOwnPolicy(): void {
  if (existsSync(policy) && readFileSync(policy, "utf8") === policyText) rmSync(policy, { force: true });
}

/** apt refuses to work, and dpkg knows packages half done, after an install that was interrupted. */
async function finishInterrupted(options: RunOptions): Promise<void> {
  const journal = "/var/lib/dpkg/updates";
  const pending = existsSync(journal) && readdirSync(journal).length > 0;
  if (!pending && (await attempt(["dpkg", "--audit"], options)).stdout.trim() === "") return;
  await attempt(["dpkg", "--configure", "-a"], options); // what it cannot mend, apt tells of in its own words
}

/** Why apt failed, where there is more to say than its own words. */
export function reasonOfApt(names: readonly string[], said: string): string {
  const last = said.trim().split("\n").slice(-8).join("\n  ");
  if (!/remove is disabled/.test(said)) return `apt-get could not install ${names.join(", ")}:\n  ${last}`;
  return (
    `Debian's ${names.join(", ")} cannot be installed beside packages that are here (docker-ce, for one), and none ` +
    `of yours is removed for it. Either let the Docker engine that is here reach its registry, or remove those ` +
    `packages yourself. apt-get said:\n  ${last}`
  );
}

/** Installs without starting anything: a Docker engine of its own on the host is not what we want. */
async function installPackages(names: readonly string[]): Promise<void> {
  const log = logFile("apt");
  const options: RunOptions = { env: quiet, log, whole: true };
  if (!existsSync(policy)) writeFileSync(policy, policyText, { mode: 0o755 });
  try {
    await finishInterrupted(options);
    const wait = ["-o", "DPkg::Lock::Timeout=120"]; // the machine's own updates may be at work
    await run(["apt-get", ...wait, "update"], { env: quiet, log });
    const argv = ["apt-get", ...wait, "install", "-y", "--no-remove", "--no-install-recommends", ...names];
    const done = await attempt(argv, options);
    if (done.code !== 0)
      throw new Error(`${reasonOfApt(names, `${done.stdout}\n${done.stderr}`)}\n  all of it: ${log}`);
  } finally {
    removeOwnPolicy();
  }
}

export async function ensurePackages(): Promise<void> {
  removeOwnPolicy();
  const missing = missingPackages();
  if (missing.length > 0) await step(`install ${missing.join(", ")} from Debian`, () => installPackages(missing));
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
    await unmountBelow(folder);
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

/**
 * What runs under it ends with us, even when we are killed, and what it mounts goes with it: left behind, /proc below a
 * folder of ours would stop every later attempt to remove that folder.
 */
const confined = [
  ...["setpriv", "--pdeathsig", "KILL"],
  ...["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"],
];

async function bootstrap(args: readonly string[], log: string): Promise<void> {
  const done = await attempt([...confined, "debootstrap", ...args], { env: quiet, log });
  if (done.code === 0) return;
  throw new Error(
    `debootstrap ended with code ${done.code}: ${done.stderr.trim().split("\n").at(-1)}. Is Debian's package mirror reachable? All it printed: ${log}`,
  );
}
