// Which of two roads leads to a cluster on this machine: its own Docker engine where that can fetch images, else an
// engine and images of our own making.
import { existsSync } from "node:fs";
import { partsObstacle } from "./build.ts";
import { say } from "./progress.ts";
import { attempt } from "./run.ts";
import type { Road } from "./state.ts";

export const registryNodeImage = "kindest/node:v1.37.0";

async function dockerObstacle(): Promise<string | undefined> {
  const info = await attempt(["docker", "info", "--format", "{{.ServerVersion}}"], { timeoutMs: 8000 });
  if (info.code !== 0) return "no Docker engine answers here";
  const image = await attempt(["docker", "manifest", "inspect", registryNodeImage], { timeoutMs: 20_000 });
  if (image.code !== 0) return `the Docker engine here cannot see ${registryNodeImage} in a registry`;
  return undefined;
}

function machineObstacles(): string[] {
  const debian = existsSync("/usr/bin/apt-get") && existsSync("/etc/debian_version");
  return [
    ...(process.platform === "linux" ? [] : [`this is ${process.platform}, not Linux`]),
    ...(process.getuid?.() === 0 ? [] : [`this is user ${process.getuid?.() ?? "unknown"}, not root`]),
    ...(debian ? [] : ["this is not Debian: there is no apt-get"]),
  ];
}

/** What is missing for either road, in one message. */
export function missing(docker: string | undefined, machine: readonly string[], parts: string | undefined): string {
  const rest = [...machine, ...(parts ? [parts] : [])].join("; ");
  if (!docker)
    return `Docker and its registry answer, and one thing is missing. ${rest}. Then run the same command again.`;
  return (
    `a cluster needs one of two things. Either Docker with a registry: ${docker}. ` +
    `Or Debian Linux, root and Go, to run an engine of our own: ${rest}. Mend either, then run the same command again.`
  );
}

/** Which road, and why: said aloud, because everything after depends on it. */
export async function chooseRoad(): Promise<Road> {
  const docker = await dockerObstacle();
  const road: Road = docker ? "isolated" : "registry";
  const machine = docker ? machineObstacles() : [];
  const parts = await partsObstacle(road);
  if (machine.length > 0 || parts) throw new Error(missing(docker, machine, parts));
  say(
    docker
      ? `road: ${docker}; so a Docker engine in a network namespace of its own, and images made from packages`
      : `road: Docker and its registry answer, so kind's own node image ${registryNodeImage} is used`,
  );
  return road;
}
