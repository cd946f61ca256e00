// Processes of the engine and its forwarders, found by what they are, so that one whose id was never noted is found too.
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { namespacePath, runFolder } from "./paths.ts";
import { until } from "./run.ts";

const programs = /(^|\/)(dockerd|containerd|containerd-shim\S*|docker-proxy|runc) |\/hack\/cluster\/forward\.ts /;

/** A program of ours that names our run folder on its command line. */
export function isOurs(command: string, folder: string): boolean {
  return programs.test(command) && command.includes(`${folder}/`);
}

/** The namespace file's identity, in the words of /proc/PID/ns/net. */
function namespaceIdentity(): string | undefined {
  if (!existsSync(namespacePath)) return undefined;
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return mounts.find((line) => line.split(" ")[4] === namespacePath)?.split(" ")[3];
}

function numbers(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** The engine, its containerd, shims and forwarders: they name our run folder or live in our namespace. */
export function engineProcesses(): number[] {
  const target = namespaceIdentity();
  return numbers("/proc").filter((pid) => {
    if (pid === process.pid) return false;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return isOurs(command, runFolder()) || (target !== undefined && readlinkSync(`/proc/${pid}/ns/net`) === target);
    } catch {
      return false; // it ended while we looked
    }
  });
}

/** Kills what is found until nothing is: some of it is started anew by others of it. */
export async function endAll(what: string, seconds: number, find: () => readonly number[]): Promise<void> {
  await until(`${what} end`, seconds, async () => {
    const pids = find();
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // already gone
      }
    }
    return pids.length === 0 ? true : undefined;
  });
}
