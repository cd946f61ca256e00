// The docker client, against the engine of the road taken.
import { inRun } from "./paths.ts";
import { attempt, type Outcome, type RunOptions, run, systemPath } from "./run.ts";
import { type Road, readState } from "./state.ts";

export const dockerSocket = (): string => inRun("docker.sock");

/** Environment for docker and kind. On the isolated road: our own engine and Debian's client, nothing else. */
export function dockerEnvironment(road: Road | undefined = readState()?.road): Record<string, string> {
  if (road !== "isolated") return {};
  return { DOCKER_HOST: `unix://${dockerSocket()}`, PATH: systemPath, DOCKER_BUILDKIT: "0", DOCKER_CONTEXT: "" };
}

function command(args: readonly string[]): string[] {
  return [readState()?.road === "isolated" ? "/usr/bin/docker" : "docker", ...args];
}

export function docker(args: readonly string[], options: RunOptions = {}): Promise<string> {
  return run(command(args), { ...options, env: { ...dockerEnvironment(), ...options.env } });
}

export function tryDocker(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return attempt(command(args), { ...options, env: { ...dockerEnvironment(), ...options.env } });
}

export function dockerCommand(args: readonly string[]): { argv: string[]; env: Record<string, string> } {
  return { argv: command(args), env: dockerEnvironment() };
}

export async function lines(args: readonly string[]): Promise<string[]> {
  return (await docker(args)).split("\n").filter((line) => line !== "");
}
