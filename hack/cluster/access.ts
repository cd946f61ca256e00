// How tests and commands reach the cluster that runs.
import { existsSync } from "node:fs";
import { containers } from "./addresses.ts";
import { dockerCommand, tryDocker } from "./docker.ts";
import { readAuditLog } from "./kind.ts";
import { inRun } from "./paths.ts";
import { attempt, type Outcome, passThrough, type RunOptions } from "./run.ts";
import { readState, toolPath } from "./state.ts";

/** Throws, with what to do, when no cluster is up. */
export function requireCluster(): void {
  const state = readState();
  if (state && existsSync(kubeconfigPath())) return;
  throw new Error("no cluster is up on this machine: run `npm run up` first");
}

export function kubeconfigPath(): string {
  return inRun("kubeconfig");
}

export function kubectlPath(): string {
  return toolPath("kubectl");
}

/** Runs kubectl against the cluster; returns code, stdout and stderr. */
export function kubectl(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return attempt([kubectlPath(), "--kubeconfig", kubeconfigPath(), ...args], options);
}

/** Runs a command inside a container (a node, or one of `containers`); returns code, stdout and stderr. */
export function dockerExec(container: string, argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const input = options.input === undefined ? [] : ["-i"];
  return tryDocker(["exec", ...input, container, ...argv], options);
}

/** Runs a command on the browser's host, outside the cluster. */
export function onBrowser(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return dockerExec(containers.browser, argv, options);
}

export interface AuditEvent {
  auditID: string;
  verb: string;
  requestURI: string;
  userAgent?: string;
  user: { username: string; groups?: string[] };
  objectRef?: { resource?: string; namespace?: string; name?: string; apiGroup?: string; subresource?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp: string;
  stageTimestamp: string;
}

/** The API server's audit log so far, oldest first. */
export function auditLog(): AuditEvent[] {
  return readAuditLog()
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as AuditEvent];
      } catch {
        return []; // the last line may be half-written
      }
    });
}

/** Hands the terminal to kubectl. */
export function kubectlInTerminal(args: readonly string[]): Promise<number> {
  requireCluster();
  return passThrough([kubectlPath(), "--kubeconfig", kubeconfigPath(), ...args]);
}

/** Hands the terminal to a command on the browser's host. */
export function browserInTerminal(args: readonly string[]): Promise<number> {
  requireCluster();
  const terminal = process.stdin.isTTY && process.stdout.isTTY ? ["-t"] : [];
  const { argv, env } = dockerCommand(["exec", "-i", ...terminal, containers.browser, ...args]);
  return passThrough(argv, env);
}
